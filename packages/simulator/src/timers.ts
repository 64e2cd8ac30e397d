/** Timers that are cleared together. */
export class Timers {
  readonly #timers = new Set<NodeJS.Timeout>()

  /** Calls back once, after so many milliseconds. */
  after(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delayMs)
    this.#timers.add(timer)
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }
}
