/** A number that changes with time, and its mean over a stretch of it. */
export class Gauge {
  #timeline
  #value = 0
  #sum = 0
  #sinceMs = 0

  /** @param {import('./timeline.mjs').Timeline} timeline */
  constructor(timeline) {
    this.#timeline = timeline
  }

  get value() {
    return this.#value
  }

  /** @param {number} difference */
  add(difference) {
    this.#settle()
    this.#value += difference
  }

  /** @param {number} value */
  set(value) {
    this.add(value - this.#value)
  }

  /** The value times the milliseconds for which it was so, since the beginning. */
  get integral() {
    this.#settle()
    return this.#sum
  }

  #settle() {
    const { nowMs } = this.#timeline
    this.#sum += this.#value * (nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }
}
