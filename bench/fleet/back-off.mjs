/**
 * When to try again, by the library's rules (`packages/apns-worker/src/backend/retry-policy.ts`) and defaults.
 *
 * @typedef {object} RetryParameters
 * @property {number} maxAttempts
 * @property {number} retryDelayMs the first ceiling, doubled each time
 * @property {number} maxRetryDelayMs
 * @property {number} maxRetryTimeMs since the first failure
 */

export class BackOff {
  #parameters
  #random

  /**
   * @param {RetryParameters} parameters
   * @param {import('./random.mjs').Random} random
   */
  constructor(parameters, random) {
    this.#parameters = parameters
    this.#random = random
  }

  /**
   * @param {number} attempts that failed, 1 or more
   * @param {number} elapsedMs since the first of them did
   * @param {boolean} promptly nothing speaks against a first retry at once
   * @returns {number | undefined} milliseconds; undefined: it is given up
   */
  delayMs(attempts, elapsedMs, promptly) {
    const { maxAttempts, maxRetryTimeMs } = this.#parameters
    if (attempts >= maxAttempts) return undefined
    if (promptly && attempts === 1) return 0
    const delayMs = this.backOffMs(attempts)
    return elapsedMs + delayMs > maxRetryTimeMs ? undefined : delayMs
  }

  /**
   * At random up to a ceiling that doubles.
   *
   * @param {number} failures
   */
  backOffMs(failures) {
    const { retryDelayMs, maxRetryDelayMs } = this.#parameters
    return Math.min(retryDelayMs * 2 ** (failures - 1), maxRetryDelayMs) * this.#random.next()
  }
}
