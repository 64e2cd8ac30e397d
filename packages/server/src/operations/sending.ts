import { Apps } from '../apps/apps.js'
import type { ServerConfig } from '../config/server-config.js'
import { FeedbackFollower } from '../feedback/feedback-follower.js'
import { wakingOutbox } from '../feedback/waking-outbox.js'
import { Webhook } from '../feedback/webhook/webhook.js'
import { openEmbeddedOutbox } from '../outbox/embedded/embedded-outbox.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { OutboxWorker } from '../worker/outbox-worker.js'
import { CleanUpTimer } from './clean-up-timer.js'
import type { LiveSettings } from './live-settings.js'
import { OwnerLock } from './owner-lock.js'
import type { StartedParts } from './started-parts.js'
import { WebhookSlot } from './webhook-slot.js'

/** Everything of a server but its API: it stores and sends, and nobody can ask it to yet. */
export interface Sending {
  readonly outbox: Outbox
  readonly apps: Apps
  readonly follower: FeedbackFollower
  readonly webhook: WebhookSlot<Webhook>
  readonly worker: OutboxWorker
}

/**
 * Starts, in this order: the lock, the store, the apps' managers, the log of dead tokens, the webhook, the worker, and the
 * clean-up.
 *
 * @param started is given all of them, to be ended in reverse order
 * @throws {ServerError} `ALREADY_RUNNING`
 * @throws {OutboxError} with one of the `STORE_` codes
 * @throws {AppConfigurationError}
 */
export async function startSending(
  settings: LiveSettings,
  telemetry: Telemetry,
  started: StartedParts,
): Promise<Sending> {
  const { config } = settings
  await started.start(
    'lock',
    () => OwnerLock.take(config.store.path, config.worker.owner),
    (lock) => lock[Symbol.dispose](),
  )
  const outbox = await started.start(
    'store',
    () => openEmbeddedOutbox(config.store),
    (each) => each.close(),
  )
  // What it has still to say it asks the store for.
  started.add('telemetry', () => telemetry.shutdown())
  const apps = await started.start(
    'apps',
    () => makeApps(config, telemetry),
    // The worker has stopped, and has given back what was not answered.
    (each) => each.close(0),
  )
  const orphans = apps.serve((await outbox.stats()).apps.map(({ app }) => app))
  if (orphans.length > 0) {
    telemetry.log.warn({ lanes: orphans }, 'messages wait for apps that are not configured')
  }
  const follower = await started.start(
    'log of dead tokens',
    () => new FeedbackFollower({ deadTokens: outbox, onError: telemetry.report('dead tokens not read') }),
    (each) => each.close(),
  )
  const webhook = await started.start(
    'webhook',
    () =>
      new WebhookSlot(
        (each) => new Webhook({ config: each, follower, cursors: outbox, apps, logger: telemetry.log }),
        config.webhook,
      ),
    (each) => each.stop(),
  )
  telemetry.observe({ outbox, apps, webhookLag: () => lagOf(webhook.webhook) })
  const worker = await started.start(
    'worker',
    () =>
      OutboxWorker.start({
        ...config.worker,
        outbox: wakingOutbox(outbox, follower),
        managers: apps.managers,
        observer: telemetry.observer,
        onError: telemetry.report('the worker could not go on, and tries again'),
      }),
    (each) => each.stop(0),
  )
  await started.start(
    'clean-up',
    () => new CleanUpTimer(outbox, () => settings.config.retention, telemetry.report('clean-up failed')),
    (each) => each[Symbol.asyncDispose](),
  )
  return { outbox, apps, follower, webhook, worker }
}

function makeApps({ apps, drainTimeoutMs }: ServerConfig, telemetry: Telemetry): Apps {
  return new Apps(apps, {
    loggerOf: (lane) => telemetry.loggerOf(lane),
    // What stops a line is logged by its manager; what became of tokens is in the store.
    onError: () => {},
    drainTimeoutMs,
  })
}

/** In seconds. */
function lagOf(webhook: Webhook | undefined): number | undefined {
  return webhook === undefined ? undefined : webhook.status().lagMs / 1000
}
