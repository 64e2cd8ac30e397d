import type { Gateway } from '@apns-worker/simulator'
import {
  type ApnsError,
  ApnsManager,
  type ApnsManagerOptions,
  BinaryBackend,
  type Delivery,
  Message,
  type MessageOptions,
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

  constructor(
    gateway: Pick<Gateway, 'environment' | 'clientCertificate'>,
    options: Partial<ApnsManagerOptions> = {},
  ) {
    const { cert, key } = gateway.clientCertificate({ topics: ['com.example.app'] })
    const warn = (message: string): void => {
      this.warnings.push(message)
    }
    this.apns = new ApnsManager({
      cert,
      key,
      environment: gateway.environment,
      backend: BinaryBackend,
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

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.apns.close({ timeout: 0 }), () => 'close() hangs')
  }
}
