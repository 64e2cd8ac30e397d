import { Apps } from '../apps/apps.js'
import { SharedLines } from '../apps/shared-lines.js'
import type { ServerConfig } from '../config/server-config.js'
import { FeedbackFollower } from '../feedback/feedback-follower.js'
import { wakingOutbox } from '../feedback/waking-outbox.js'
import { checkWebhook, Webhook } from '../feedback/webhook/webhook.js'
import { AppService } from '../fleet/app-service.js'
import type { Fleet } from '../fleet/fleet.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { OutboxWorker } from '../worker/outbox-worker.js'
import { CleanUpTimer } from './clean-up-timer.js'
import { LaneWatch } from './lane-watch.js'
import type { LiveSettings } from './live-settings.js'
import type { StartedParts } from './started-parts.js'
import { WebhookSlot } from './webhook-slot.js'
import { WhileLeader } from './while-leader.js'
import { WorkerSlot } from './worker-slot.js'

/**
 * A transaction costs the database a millisecond of CPU time, however little is in it; and answers come all the time. So many a
 * second of each worker are enough.
 */
const SHARED_RECORD_INTERVAL_MS = 20

/** Everything of a server but its store and its API. */
export interface Sending {
  readonly apps: Apps
  readonly follower: FeedbackFollower
  readonly webhook: WebhookSlot<Webhook>
  readonly worker: WorkerSlot
  /** Sends what there is, and goes on: call it when the store is there, and again when it failed. @throws {OutboxError} */
  begin(): Promise<void>
}

export interface SendingParts {
  readonly settings: LiveSettings
  readonly telemetry: Telemetry
  readonly started: StartedParts
  readonly outbox: Outbox
  /** The same, for what clients wait for. */
  readonly forApi: Outbox
  /** Those that share it. */
  readonly fleet: Fleet
}

/**
 * Makes the apps' managers, the log of dead tokens, the webhook, the worker, and the clean-up; nothing of it asks the store
 * for anything before {@link Sending.begin}. A server that only takes messages has no worker, webhook and clean-up, and no
 * line to Apple is opened by it but for channels.
 *
 * @throws {AppConfigurationError}
 */
export async function prepareSending(parts: SendingParts): Promise<Sending> {
  const { settings, telemetry, started, outbox, forApi } = parts
  const { config } = settings
  const sends = config.role !== 'api'
  const apps = await started.start(
    'apps',
    () => makeApps(config, telemetry),
    // The worker has stopped, and has given back what was not answered.
    (each) => each.close(0),
  )
  const follower = await started.start(
    'log of dead tokens',
    () => new FeedbackFollower({ deadTokens: forApi, onError: telemetry.report('dead tokens not read') }),
    (each) => each.close(),
  )
  const webhook = new WebhookSlot(
    {
      make: (each) => new Webhook({ config: each, follower, cursors: outbox, apps, logger: telemetry.log }),
      check: checkWebhook,
    },
    config.webhook,
  )
  const reporting = await leading(
    'webhook',
    { start: () => webhook.start(), stop: () => webhook.stop() },
    parts,
  )
  const worker = await started.start(
    'worker',
    () => new WorkerSlot(sends ? () => startWorker(parts, apps, follower) : undefined),
    (each) => each.stop(0),
  )
  const lanes = await started.start(
    'lanes',
    () => watchLanes(parts, apps, worker),
    (each) => each[Symbol.asyncDispose](),
  )
  const cleaning = await leading('clean-up', cleanUp(parts), parts)
  serveFleet(parts, apps, worker, [reporting, cleaning])
  return {
    apps,
    follower,
    webhook,
    worker,
    begin: async () => {
      if (!sends) return
      await lanes.start()
      await worker.start()
    },
  }
}

/** Says what this process does to those that share the outbox; one that sends nothing has nothing of what they divide. */
function serveFleet(
  { fleet, settings, telemetry }: SendingParts,
  apps: Apps,
  worker: WorkerSlot,
  leaders: readonly WhileLeader[],
): void {
  const sends = settings.config.role !== 'api'
  const service = new AppService({
    managers: sends ? apps.managers : new Map(),
    lines: sends ? apps.lines : new SharedLines(),
    maxConnectionsOf: (lane) => apps.maxConnectionsOf(lane),
    window: () => worker.window,
    mayServe: (lane) => fleet.mayServe(lane),
    giveBack: (lane) => worker.giveBackOf(lane),
    leading: (isLeader) => {
      // Alone, there is nobody to lead.
      if (settings.config.outbox !== undefined)
        telemetry.log.info(isLeader ? 'this process leads the workers' : 'this process leads no more')
      for (const each of leaders) each.lead(isLeader)
    },
    replaced: () => {
      const { owner } = settings.config.worker
      telemetry.log.fatal(
        { worker: owner },
        'another process has come under the name of this worker, which stops: give each its own worker.owner',
      )
      worker.stop(0).catch(telemetry.report('the worker could not be stopped'))
    },
  })
  apps.watchManagers((lane) => service.made(lane))
  fleet.serve(service)
}

function leading(
  name: string,
  work: { start(): void; stop(): Promise<void> },
  { started, telemetry }: SendingParts,
): Promise<WhileLeader> {
  return started.start(
    name,
    () => new WhileLeader({ ...work, onError: telemetry.report(`${name} not started or stopped`) }),
    (each) => each[Symbol.asyncDispose](),
  )
}

function cleanUp({ outbox, settings, telemetry }: SendingParts): { start(): void; stop(): Promise<void> } {
  let timer: CleanUpTimer | undefined
  return {
    start: () => {
      const onError = telemetry.report('clean-up failed')
      timer = new CleanUpTimer(outbox, () => settings.config.retention, onError)
    },
    stop: async () => {
      await timer?.[Symbol.asyncDispose]()
    },
  }
}

function watchLanes({ outbox, telemetry }: SendingParts, apps: Apps, worker: WorkerSlot): LaneWatch {
  return new LaneWatch({
    outbox,
    serve: (names) => {
      const before = apps.managers.size
      const orphans = apps.serve(names)
      if (apps.managers.size > before) worker.wake()
      return orphans
    },
    onOrphans: (lanes) => telemetry.log.warn({ lanes }, 'messages wait for apps that are not configured'),
    onError: telemetry.report('not known whether other lanes have messages'),
  })
}

function startWorker(
  { settings, telemetry, outbox, fleet }: SendingParts,
  apps: Apps,
  follower: FeedbackFollower,
): Promise<OutboxWorker> {
  return OutboxWorker.start({
    ...settings.config.worker,
    recordIntervalMs: settings.config.outbox === undefined ? 0 : SHARED_RECORD_INTERVAL_MS,
    outbox: wakingOutbox(outbox, follower),
    managers: apps.managers,
    mayClaim: (lane) => fleet.mayServe(lane),
    observer: telemetry.observer,
    onError: telemetry.report('the worker could not go on, and tries again'),
  })
}

function makeApps({ apps, drainTimeoutMs }: ServerConfig, telemetry: Telemetry): Apps {
  return new Apps(apps, {
    loggerOf: (lane) => telemetry.loggerOf(lane),
    // What stops a line is logged by its manager; what became of tokens is in the store.
    onError: () => {},
    drainTimeoutMs,
  })
}
