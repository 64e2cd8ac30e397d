import { readConfig, runServer, startServer, startTelemetry } from '@apns-worker/server'

/**
 * Runs the server of a configuration.
 *
 * @param path undefined: of what the environment says
 * @returns its exit code
 */
export async function serveConfig(path: string | undefined): Promise<number> {
  const read = (): ReturnType<typeof readConfig> => readConfig({ path })
  const config = read()
  const telemetry = await startTelemetry({ log: config.log })
  return runServer({
    logger: telemetry.log,
    readConfig: read,
    start: () => startServer(config, { telemetry }),
  })
}
