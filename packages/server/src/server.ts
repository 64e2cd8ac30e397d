import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from './config/server-config.js'
import { feedbackRoutes } from './feedback/feedback-routes.js'
import type { Webhook } from './feedback/webhook/webhook.js'
import type { Fleet } from './fleet/fleet.js'
import { fleetRoutes } from './fleet/fleet-routes.js'
import { LateFleet } from './fleet/late-fleet.js'
import { pausedLanes } from './fleet/member.js'
import { createApi } from './http/api.js'
import { Announcements } from './operations/announcements.js'
import { closeApi } from './operations/close-api.js'
import { DrainGate } from './operations/drain-gate.js'
import { joinFleet } from './operations/join-fleet.js'
import { startListening } from './operations/listening.js'
import { LiveSettings } from './operations/live-settings.js'
import { type OpenedOutbox, type OpenOutbox, openPostgres } from './operations/open-outbox.js'
import { probeRoutes } from './operations/probe-routes.js'
import { ReadinessCheck } from './operations/readiness.js'
import { resumingOutbox } from './operations/resuming-outbox.js'
import { RunningServer } from './operations/running-server.js'
import { prepareSending, type Sending } from './operations/sending.js'
import { type ServerStore, serverStore } from './operations/server-store.js'
import { beginWhenThere } from './operations/shared-start.js'
import { StartedParts } from './operations/started-parts.js'
import type { Telemetry } from './telemetry/telemetry.js'

export interface ServerOptions {
  /** Its log, metrics and traces; shut down with the server. */
  readonly telemetry: Telemetry
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv
  /** Opens the outbox that the configuration says is shared. Default: on PostgreSQL, with the package `pg`. */
  readonly openOutbox?: OpenOutbox
}

/**
 * Starts a server: first what stores and sends, then the API, so that whoever is answered is answered by a server that can do
 * what it says. When a step fails, those before it are undone, the last first, and nothing is left running.
 *
 * With a shared outbox it listens first, and is not ready until that is there: it is tried again and again.
 *
 * What a former self of the same owner had leased is sent on at once.
 *
 * @throws {ServerError} `ALREADY_RUNNING`, `CANNOT_LISTEN`, `PACKAGE_MISSING`
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
  { telemetry, environment = process.env, openOutbox = openPostgres }: ServerOptions,
  started: StartedParts,
): Promise<RunningServer> {
  const settings = new LiveSettings(config)
  const announcements = new Announcements({
    readyFile: config.readyFile,
    environment,
    onError: telemetry.report('could not announce the state of the server'),
  })
  const store = await serverStore(config, started, openOutbox)
  // What it has still to say it asks the store for.
  started.add('telemetry', () => telemetry.shutdown())
  // Left when the connections are closed that it has of what is divided.
  const fleet = await started.start(
    'fleet',
    () => new LateFleet(),
    (each) => each.leave(),
  )
  const join = async (outbox?: OpenedOutbox): Promise<Fleet> => {
    await fleet.provide(await joinFleet(config, telemetry, outbox))
    return fleet
  }
  const sending = await prepareSending({ ...store, fleet, settings, telemetry, started })
  const { apps, webhook } = sending
  telemetry.observe({
    outbox: store.forReports,
    apps,
    webhookLag: () => lagOf(webhook.webhook),
    identity: { role: config.role, worker: config.worker.owner },
  })
  if (store.open === undefined) {
    await join()
    await sending.begin()
  }
  // Only whoever has the lock knows that it is no other's.
  await announcements.starting()
  const gate = new DrainGate()
  const api = makeApi({ store, fleet, sending, settings, telemetry, gate })
  started.add('API', () => closeApi(api))
  const hasKeys = config.apiKeys.length > 0
  const address = await startListening(api, { listen: config.listen, hasKeys })
  if (store.open === undefined) await announcements.ready(address)
  else {
    await announcements.waiting(address)
    await beginWhenThere({ open: store.open, join, sending, telemetry, started, announcements, address })
  }
  const { log } = telemetry
  const outbox = store.forReports
  return new RunningServer({
    ...sending,
    fleet,
    outbox,
    hurry: () => store.hurry(),
    address,
    api,
    settings,
    gate,
    announcements,
    started,
    log,
  })
}

interface ApiParts {
  readonly store: ServerStore
  readonly fleet: Fleet
  readonly sending: Sending
  readonly settings: LiveSettings
  readonly telemetry: Telemetry
  readonly gate: DrainGate
}

function makeApi({ store, fleet, sending, settings, telemetry, gate }: ApiParts): FastifyInstance {
  const { apps, worker, follower } = sending
  const { tls, role } = settings.config
  const others = store.bound({ members: () => fleet.members() })
  const readiness = new ReadinessCheck({
    role,
    managers: () => apps.managers,
    probeStore: () => store.probe.ask(),
    isRunning: () => !gate.isClosed,
    isWorking: () => worker.isRunning,
  })
  const takesMessages = role !== 'worker'
  const api = createApi({
    outbox: resumingOutbox(telemetry.traced(store.forApi), apps.managers),
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
    stoppedLanes: async () => pausedLanes(await others.members()),
    takesMessages,
    plugins: [
      probeRoutes(readiness),
      ...(takesMessages ? [feedbackRoutes({ follower, apps }), fleetRoutes(others)] : []),
      telemetry.plugin,
    ],
  })
  telemetry.instrument(api)
  gate.guard(api)
  return api
}

/** In seconds. */
function lagOf(webhook: Webhook | undefined): number | undefined {
  return webhook === undefined ? undefined : webhook.status().lagMs / 1000
}
