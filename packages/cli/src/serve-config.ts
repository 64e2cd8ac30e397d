import {
  readConfig,
  runServer,
  type ServerConfig,
  type ServerRole,
  startServer,
  startTelemetry,
} from '@apns-worker/server'

/**
 * Runs the server of a configuration.
 *
 * @param path undefined: of what the environment says
 * @param role undefined: the configuration's
 * @returns its exit code
 */
export async function serveConfig(path: string | undefined, role: ServerRole | undefined): Promise<number> {
  const read = (): ServerConfig => {
    const config = readConfig({ path })
    return role === undefined ? config : { ...config, role }
  }
  const config = read()
  const telemetry = await startTelemetry({ log: config.log })
  return runServer({
    logger: telemetry.log,
    readConfig: read,
    start: () => startServer(config, { telemetry }),
  })
}
