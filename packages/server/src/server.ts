import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from './config/server-config.js'
import { feedbackRoutes } from './feedback/feedback-routes.js'
import { createApi } from './http/api.js'
import { Announcements } from './operations/announcements.js'
import { closeApi } from './operations/close-api.js'
import { DrainGate } from './operations/drain-gate.js'
import { startListening } from './operations/listening.js'
import { LiveSettings } from './operations/live-settings.js'
import { probeRoutes } from './operations/probe-routes.js'
import { ReadinessCheck } from './operations/readiness.js'
import { resumingOutbox } from './operations/resuming-outbox.js'
import { RunningServer } from './operations/running-server.js'
import { type Sending, startSending } from './operations/sending.js'
import { StartedParts } from './operations/started-parts.js'
import { probeStore } from './operations/store-probe.js'
import type { Telemetry } from './telemetry/telemetry.js'

export interface ServerOptions {
  /** Its log, metrics and traces; shut down with the server. */
  readonly telemetry: Telemetry
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * Starts a server: first what stores and sends, then the API, so that whoever is answered is answered by a server that can do
 * what it says. When a step fails, those before it are undone, the last first, and nothing is left running.
 *
 * What a former self of the same owner had leased is sent on at once.
 *
 * @throws {ServerError} `ALREADY_RUNNING`, `CANNOT_LISTEN`
 * @throws {OutboxError} with one of the `STORE_` codes
 * @throws {AppConfigurationError}
 */
export async function startServer(config: ServerConfig, options: ServerOptions): Promise<RunningServer> {
  const started = new StartedParts()
  try {
    return await start(config, options, started)
  } catch (error) {
    for (const { name, cause } of await started.end()) {
      options.telemetry.log.error({ err: cause }, `could not end the ${name} of a server that did not start`)
    }
    throw error
  }
}

async function start(
  config: ServerConfig,
  { telemetry, environment = process.env }: ServerOptions,
  started: StartedParts,
): Promise<RunningServer> {
  const settings = new LiveSettings(config)
  const announcements = new Announcements({
    readyFile: config.readyFile,
    environment,
    onError: telemetry.report('could not announce the state of the server'),
  })
  const sending = await startSending(settings, telemetry, started)
  // Only whoever has the lock knows that it is no other's.
  await announcements.starting()
  const gate = new DrainGate()
  const api = makeApi(sending, settings, telemetry, gate)
  started.add('API', () => closeApi(api))
  const hasKeys = config.apiKeys.length > 0
  const address = await startListening(api, { listen: config.listen, hasKeys })
  await announcements.ready(address)
  const { log } = telemetry
  return new RunningServer({ ...sending, address, api, settings, gate, announcements, started, log })
}

function makeApi(
  { outbox, apps, worker, follower }: Sending,
  settings: LiveSettings,
  telemetry: Telemetry,
  gate: DrainGate,
): FastifyInstance {
  const { store, tls } = settings.config
  const readiness = new ReadinessCheck({
    managers: () => apps.managers,
    probeStore: () => probeStore(outbox, store.path),
    isRunning: () => !gate.isClosed,
  })
  const api = createApi({
    outbox: resumingOutbox(telemetry.traced(outbox), apps.managers),
    apps,
    get apiKeys() {
      return settings.config.apiKeys
    },
    get limits() {
      return settings.config.limits
    },
    tls,
    logger: telemetry.log,
    wake: () => worker.wake(),
    plugins: [probeRoutes(readiness), feedbackRoutes({ follower, apps }), telemetry.plugin],
  })
  telemetry.instrument(api)
  gate.guard(api)
  return api
}
