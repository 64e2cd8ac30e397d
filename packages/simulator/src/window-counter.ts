/** Counters kept; beyond that the oldest go. */
const COUNTERS = 100_000

/** Counts uses of something by key, each in a window of its own that begins with the first use. */
export class WindowCounter {
  readonly #limit: number
  readonly #windowMs: number
  readonly #windows = new Map<string, { readonly from: number; count: number }>()

  /** `limit`: how many uses a window has. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit
    this.#windowMs = windowMs
  }

  /** Whether there is one left. `now`: milliseconds since 1970. */
  take(key: string, now: number): boolean {
    const known = this.#windows.get(key)
    if (known !== undefined && now - known.from < this.#windowMs) {
      known.count += 1
      return known.count <= this.#limit
    }
    this.#windows.delete(key)
    const [oldest] = this.#windows.keys()
    if (oldest !== undefined && this.#windows.size >= COUNTERS) this.#windows.delete(oldest)
    this.#windows.set(key, { from: now, count: 1 })
    return this.#limit >= 1
  }
}
