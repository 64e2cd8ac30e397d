import assert from 'node:assert/strict'
import type { Simulator } from '@apns-worker/simulator'
import {
  ApnsError,
  ApnsManager,
  type ApnsManagerOptions,
  type CredentialOptions,
  type CustomEnvironment,
  type Delivery,
  type Feedback,
  Message,
  type MessageOptions,
  type Outcome,
} from 'apns-worker'
import { PROVIDER_KEY } from './test-identity.js'
import { within } from './within.js'

export const TOPIC = 'com.example.app'

/** Who is sent to: the simulator, or a test server that takes any credentials. */
export interface Peer {
  readonly environment: CustomEnvironment
  readonly credentials?: CredentialOptions
  readonly waitFor?: Simulator['waitFor']
}

/** A manager, and everything that it said. */
export class Sender implements AsyncDisposable {
  readonly apns: ApnsManager
  readonly errors: ApnsError[] = []
  readonly feedback: Feedback[] = []
  readonly warnings: string[] = []
  readonly #peer: Peer
  readonly #deliveries: Delivery[] = []

  /** The options may hold other credentials than the peer's. */
  constructor(peer: Peer, options: Partial<ApnsManagerOptions> = {}) {
    this.#peer = peer
    const warn = (message: string): void => {
      this.warnings.push(message)
    }
    const hasCredentials = options.key !== undefined || options.pfx !== undefined
    this.apns = new ApnsManager({
      ...(hasCredentials ? {} : (peer.credentials ?? PROVIDER_KEY)),
      environment: peer.environment,
      topic: TOPIC,
      errorHandler: (error) => this.errors.push(error),
      logger: { debug() {}, info() {}, warn, error: warn },
      ...options,
    })
  }

  /** Sends an alert to these tokens, or to so many. */
  send(tokens: readonly string[] | number, options: MessageOptions = {}): Delivery {
    const list = typeof tokens === 'number' ? tokensOf(tokens) : tokens
    return this.sendMessage(new Message(list, { aps: { alert: 'hello' } }, options))
  }

  sendMessage(message: Message): Delivery {
    const delivery = this.apns.sendMessage(message)
    this.#deliveries.push(delivery)
    return delivery
  }

  /** Resolves when a configuration error has stopped the line, with that error. */
  async stopped(): Promise<ApnsError> {
    const error = await within(
      this.apns.flushMessages().then(
        () => undefined,
        (reason: unknown) => reason,
      ),
      () => `the line was not stopped; ${this.describe()}`,
    )
    assert.ok(
      error instanceof ApnsError,
      `everything was settled, and nothing stopped the line; ${this.describe()}`,
    )
    assert.equal(this.apns.paused, error)
    return error
  }

  /**
   * What became of each token, in the order in which it became known, once all is known. Checks that every token of
   * the delivery is among them exactly once, that nothing was settled twice, and that each failure was reported once.
   */
  async outcomes(delivery: Delivery): Promise<Outcome[]> {
    const report = await within(delivery.done(), () => this.describe())
    const outcomes: Outcome[] = []
    for await (const outcome of delivery) outcomes.push(outcome)
    assert.deepEqual(sorted(outcomes.map(({ token }) => token)), sorted(delivery.message.tokens))
    assert.equal(new Set(outcomes.map(({ apnsId }) => apnsId)).size, outcomes.length)
    const failed = outcomes.filter(({ error }) => error !== undefined)
    assert.deepEqual(report, {
      total: outcomes.length,
      succeeded: outcomes.length - failed.length,
      failed: failed.length,
    })
    this.#checkCounts()
    this.#checkErrors(outcomes)
    return outcomes
  }

  /** Checks that all of them were accepted. */
  async accepted(delivery: Delivery): Promise<void> {
    const outcomes = await this.outcomes(delivery)
    assert.deepEqual(
      outcomes.filter(({ status }) => status !== 'accepted'),
      [],
    )
  }

  describe(): string {
    const errors = this.errors.slice(-3).map(({ message }) => message)
    return JSON.stringify({ ...this.apns.stats(), errors, warnings: this.warnings.slice(-3) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.apns.close({ timeout: 0 }), () => `close() hangs; ${this.describe()}`)
    await this.#peer.waitFor?.((server) => server.counts().openConnections === 0)
  }

  /** A notification that is settled twice is counted twice. */
  #checkCounts(): void {
    const { accepted, refused, expired, unknown, cancelled } = this.apns.stats()
    const settled = this.#deliveries.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0)
    assert.equal(accepted + refused + expired + unknown + cancelled, settled)
  }

  #checkErrors(outcomes: readonly Outcome[]): void {
    const ids = new Set(outcomes.map(({ apnsId }) => apnsId))
    const reported = this.errors.filter(({ apnsId }) => apnsId !== undefined && ids.has(apnsId))
    // A cancellation is the caller's own doing.
    const expected = outcomes.filter(({ status }) => status !== 'accepted' && status !== 'cancelled')
    assert.deepEqual(
      sorted(reported.map(({ apnsId, reason }) => `${apnsId} ${reason}`)),
      sorted(expected.map(({ apnsId, error }) => `${apnsId} ${error?.reason}`)),
    )
  }
}

/** So many device tokens, each unlike any other, beginning with the hexadecimal digits given. */
export function tokensOf(count: number, prefix = ''): string[] {
  return Array.from(
    { length: count },
    (_, index) => prefix + index.toString(16).padStart(64 - prefix.length, '0'),
  )
}

export function sorted(strings: readonly string[]): string[] {
  return [...strings].sort()
}
