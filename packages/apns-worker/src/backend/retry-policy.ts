import type { ResolvedNetworkOptions } from './network-options.js'

/** Beyond any ceiling; without an end, doubling comes to Infinity, and no delay of 0 survives that. */
const MAX_DOUBLINGS = 64

/** When, if ever, to try again. Pure: time and chance are passed in. */
export class RetryPolicy {
  readonly #maxAttempts: number
  readonly #retryDelayMs: number
  readonly #maxRetryDelayMs: number
  readonly #maxRetryTimeMs: number
  readonly #random: () => number

  /**
   * @param random from 0 up to 1, as `Math.random`
   */
  constructor(options: ResolvedNetworkOptions, random: () => number) {
    this.#maxAttempts = options.maxAttempts
    this.#retryDelayMs = options.retryDelay * 1000
    this.#maxRetryDelayMs = options.maxRetryDelay * 1000
    this.#maxRetryTimeMs = options.maxRetryTime * 1000
    this.#random = random
  }

  /**
   * How long to wait before the next attempt, in milliseconds; undefined when there is to be none.
   *
   * @param attempts how often it was tried
   * @param elapsedMs since the first of them failed
   * @param leftMs until it expires; Infinity if it does not
   * @param wait what the server asked for, in milliseconds; `promptly` when nothing speaks against a first retry at once
   */
  delayMs(
    attempts: number,
    elapsedMs: number,
    leftMs: number,
    wait: number | 'promptly',
  ): number | undefined {
    if (attempts >= this.#maxAttempts) return undefined
    if (wait === 'promptly' && attempts === 1) return 0
    const delayMs = Math.max(this.backOffMs(attempts), wait === 'promptly' ? 0 : wait)
    return delayMs >= leftMs || !this.isInTime(elapsedMs + delayMs) ? undefined : delayMs
  }

  /** Whether retries may go on so long after the first failure. */
  isInTime(elapsedMs: number): boolean {
    return elapsedMs <= this.#maxRetryTimeMs
  }

  /**
   * Exponential back-off with full jitter: at random up to a ceiling that doubles, so that many clients, and many
   * notifications, do not come back at the same moment.
   *
   * @param failures how many there were in a row, 1 or more
   */
  backOffMs(failures: number): number {
    const doublings = Math.min(failures - 1, MAX_DOUBLINGS)
    const ceilingMs = Math.min(this.#retryDelayMs * 2 ** doublings, this.#maxRetryDelayMs)
    return ceilingMs * this.#random()
  }
}
