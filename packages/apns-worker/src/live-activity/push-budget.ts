/** So many pushes in so many seconds. Apple publishes no figures for its own budget; the sender chooses. */
export interface PushBudget {
  /** A whole number, 0 or more. */
  readonly pushes: number
  /** Seconds. */
  readonly period: number
}

/** Counts what was spent of a budget, in a window that moves along. */
export class SpentBudget {
  readonly #budget: PushBudget | undefined
  /** When each was spent, in milliseconds; forgotten after the period. */
  #spentAtMs: readonly number[] = []

  /**
   * @param budget undefined for one without end
   * @throws {RangeError}
   */
  constructor(budget: PushBudget | undefined) {
    if (budget !== undefined && !(Number.isInteger(budget.pushes) && budget.pushes >= 0 && budget.period > 0))
      throw new RangeError(
        'budget is a whole number of pushes, 0 or more, in a period of seconds: { pushes, period }',
      )
    this.#budget = budget
  }

  isLeft(nowMs: number): boolean {
    if (this.#budget === undefined) return true
    const fromMs = nowMs - this.#budget.period * 1000
    // What lies in the future was spent before the clock was set back.
    this.#spentAtMs = this.#spentAtMs.filter((spentAtMs) => spentAtMs > fromMs && spentAtMs <= nowMs)
    return this.#spentAtMs.length < this.#budget.pushes
  }

  spend(nowMs: number): void {
    if (this.#budget !== undefined) this.#spentAtMs = [...this.#spentAtMs, nowMs]
  }
}
