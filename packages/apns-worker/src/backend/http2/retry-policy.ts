import type { ResolvedHttp2Options } from './options.js'

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
  constructor(options: ResolvedHttp2Options, random: () => number) {
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
   * @param retryAfterMs what the server asked for; 0 if it did not
   */
  delayMs(attempts: number, elapsedMs: number, leftMs: number, retryAfterMs: number): number | undefined {
    if (attempts >= this.#maxAttempts) return undefined
    const delayMs = Math.max(this.backOffMs(attempts), retryAfterMs)
    return delayMs >= leftMs || elapsedMs + delayMs > this.#maxRetryTimeMs ? undefined : delayMs
  }

  /**
   * Exponential back-off with full jitter: at random up to a ceiling that doubles, so that many clients, and many
   * notifications, do not come back at the same moment.
   *
   * @param failures how many there were in a row, 1 or more
   */
  backOffMs(failures: number): number {
    const ceilingMs = Math.min(this.#retryDelayMs * 2 ** (failures - 1), this.#maxRetryDelayMs)
    return ceilingMs * this.#random()
  }
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, section 10.2.3); 0 if it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs)
}
