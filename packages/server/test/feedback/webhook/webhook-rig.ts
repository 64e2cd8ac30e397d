import pino from 'pino'
import type { WebhookConfig } from '#src/config/server-config.js'
import { FeedbackFollower } from '#src/feedback/feedback-follower.js'
import { Webhook, type WebhookOptions } from '#src/feedback/webhook/webhook.js'
import { LOCALHOST } from '../../../../apns-worker/dist-test/support/test-identity.js'
import { until, within } from '../../../../apns-worker/dist-test/support/within.js'
import { DeadTokenLog } from '../dead-token-log.js'
import { REGISTRY } from '../feedback-site.js'

export const SECRET = 'a-secret-that-nobody-knows'

/** Chance has no say: each wait is the longest that it may be, 1, 2, 4 … seconds. */
const NO_CHANCE = (): number => 1

export interface RigOptions extends Partial<WebhookConfig>, Pick<WebhookOptions, 'resolve' | 'ca'> {
  readonly url: string
}

/** A webhook, and a log in memory that it tells of. */
export class WebhookRig implements AsyncDisposable {
  readonly log: DeadTokenLog
  readonly follower: FeedbackFollower
  readonly webhook: Webhook
  /** What is logged, as JSON. */
  readonly lines: string[] = []
  /** Where the webhook's place is kept, each time that it moved. */
  readonly places: number[]
  /** Makes moving it fail. */
  error: Error | undefined

  constructor(
    { resolve, ca = LOCALHOST.cert, ...config }: RigOptions,
    log: DeadTokenLog = new DeadTokenLog(),
    places: number[] = [],
  ) {
    this.log = log
    this.places = places
    this.follower = new FeedbackFollower({ deadTokens: this.log })
    this.webhook = new Webhook({
      config: { secret: SECRET, allowPrivateAddresses: true, batchSize: 2, timeoutMs: 10_000, ...config },
      follower: this.follower,
      cursors: {
        readCursor: async () => this.places.at(-1) ?? 0,
        moveCursor: async (_name, position) => {
          if (this.error !== undefined) throw this.error
          this.places.push(position)
        },
      },
      apps: REGISTRY,
      logger: pino({}, { write: (line: string) => this.lines.push(line) }),
      ca,
      resolve,
      random: NO_CHANCE,
    })
  }

  add(count: number): void {
    this.log.add('news', count)
    this.follower.woken()
  }

  at(place: number): Promise<void> {
    return until(
      () => this.places.at(-1) === place,
      () => `at ${this.places.at(-1)}: ${JSON.stringify(this.webhook.status())}`,
    )
  }

  failed(times: number): Promise<void> {
    return until(
      () => this.webhook.status().failures === times,
      () => JSON.stringify(this.webhook.status()),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.webhook.stop(), () => 'the webhook does not stop')
    this.follower.close()
  }
}
