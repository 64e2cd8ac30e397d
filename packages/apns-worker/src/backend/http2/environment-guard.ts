/**
 * Tells a wrong environment from dead devices. A token of the other environment is refused as `BadDeviceToken`, as a
 * malformed one is; when every token is, and nothing else was ever answered, the environment is wrong and the tokens
 * are not.
 */
export class EnvironmentGuard {
  readonly #limit: number
  #badTokens = 0
  #proven = false

  /**
   * @param limit how many bad tokens in a row, from the start, mean a wrong environment
   */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** A token of this environment was seen: accepted, or known and no longer registered. */
  prove(): void {
    this.#proven = true
  }

  /**
   * @returns whether it is time to stop
   */
  badToken(): boolean {
    if (this.#proven) return false
    this.#badTokens++
    return this.#badTokens > this.#limit
  }

  /** The environment was mended, or the warning overruled: the next tokens get the same chance. */
  reset(): void {
    this.#badTokens = 0
  }
}
