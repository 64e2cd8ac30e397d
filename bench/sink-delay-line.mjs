import { performance } from 'node:perf_hooks'

/** Timers tick in whole milliseconds: what is due this soon leaves with the others. */
const TOLERANCE_MS = 0.5

/**
 * Holds things back for a fixed time and lets them go in order, as a long cable would: a queue of due times and one timer,
 * however much is under way.
 *
 * @template T
 */
export class DelayLine {
  /** @type {number} */
  #delayMs
  /** @type {(item: T, heldMs: number) => void} */
  #release
  /** @type {{ dueMs: number, item: T }[]} */
  #waiting = []
  #planned = false

  /**
   * @param {number} delayMs 0 lets everything through at once
   * @param {(item: T, heldMs: number) => void} release
   */
  constructor(delayMs, release) {
    this.#delayMs = delayMs
    this.#release = release
  }

  /** @param {T} item */
  push(item) {
    if (this.#delayMs === 0) {
      this.#release(item, 0)
      return
    }
    this.#waiting.push({ dueMs: performance.now() + this.#delayMs, item })
    this.#plan()
  }

  #plan() {
    if (this.#planned || this.#waiting.length === 0) return
    this.#planned = true
    setTimeout(() => this.#releaseDue(), this.#waiting[0].dueMs - performance.now())
  }

  #releaseDue() {
    this.#planned = false
    const nowMs = performance.now()
    const firstLater = this.#waiting.findIndex(({ dueMs }) => dueMs > nowMs + TOLERANCE_MS)
    const due = this.#waiting.splice(0, firstLater === -1 ? this.#waiting.length : firstLater)
    for (const { dueMs, item } of due) this.#release(item, nowMs - dueMs + this.#delayMs)
    this.#plan()
  }
}
