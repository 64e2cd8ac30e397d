import {
  readConfig,
  runServer,
  type ServerConfig,
  type ServerRole,
  startServer,
  startTelemetry,
} from '@apns-worker/server'

/** How long the process outlives its server, where a connection to a database that is silent would keep it. */
const LINGER_MS = 2000

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
  const code = await runServer({
    logger: telemetry.log,
    readConfig: read,
    start: () => startServer(config, { telemetry }),
  })
  // A process that has nothing left does not wait for it.
  setTimeout(() => process.exit(code), LINGER_MS).unref()
  return code
}
