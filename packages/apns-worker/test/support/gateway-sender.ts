import { mock } from 'node:test'
import type { Gateway } from '@apns-worker/simulator'
import {
  type ApnsError,
  ApnsManager,
  type ApnsManagerOptions,
  type BackendOptions,
  BinaryBackend,
  type Delivery,
  Message,
  type MessageOptions,
  type NotificationQueue,
  type Outcome,
} from 'apns-worker'
import { within } from './within.js'

/** Seconds of silence that are a success: short, but longer than anything on loopback takes. */
const GRACE = 0.4

/** A manager that speaks to a gateway, and everything that it said. */
export class GatewaySender implements AsyncDisposable {
  readonly apns: ApnsManager
  readonly errors: ApnsError[] = []
  readonly warnings: string[] = []
  /** How many of its connections have ended. */
  endedConnections = 0
  readonly #graceMs: number
  #queue: NotificationQueue | undefined

  constructor(
    gateway: Pick<Gateway, 'environment' | 'clientCertificate'>,
    options: Partial<ApnsManagerOptions> = {},
  ) {
    const { cert, key } = gateway.clientCertificate({ topics: ['com.example.app'] })
    const warn = (message: string): void => {
      this.warnings.push(message)
    }
    this.#graceMs = (options.messageGrace ?? GRACE) * 1000
    const keepQueue = (queue: NotificationQueue): void => {
      this.#queue = queue
    }
    const countEnded = (): void => {
      this.endedConnections++
    }
    class ObservedBackend extends BinaryBackend {
      constructor(options: BackendOptions) {
        super(options)
        keepQueue(options.queue)
      }

      override ended(...told: Parameters<BinaryBackend['ended']>): void {
        countEnded()
        super.ended(...told)
      }
    }
    this.apns = new ApnsManager({
      cert,
      key,
      environment: gateway.environment,
      backend: ObservedBackend,
      messageGrace: GRACE,
      retryDelay: 0.01,
      errorHandler: (error) => this.errors.push(error),
      logger: { debug() {}, info() {}, warn, error: warn },
      ...options,
    })
  }

  send(tokens: readonly string[], options: MessageOptions = {}): Delivery {
    return this.apns.sendMessage(new Message(tokens, { aps: { alert: 'hello' } }, options))
  }

  /** What became of each, once all is known. */
  async outcomes(delivery: Delivery): Promise<Outcome[]> {
    await within(delivery.done(), () => JSON.stringify(this.apns.stats()))
    const outcomes: Outcome[] = []
    for await (const outcome of delivery) outcomes.push(outcome)
    return outcomes
  }

  /**
   * Silence has lasted long enough for all that is claimed. With a long grace, a test says so itself when nothing is on its
   * way any more, however slow the machine is.
   */
  passGrace(): void {
    const overMs = performance.now() + this.#graceMs
    const clock = mock.method(performance, 'now', () => overMs)
    this.#queue?.purgeExpired()
    clock.mock.restore()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.apns.close({ timeout: 0 }), () => 'close() hangs')
  }
}
