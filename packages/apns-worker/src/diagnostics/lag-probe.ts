/**
 * How long messages take from being sent to being settled. Asking the clock for each message would cost more than anything
 * else in this folder, so one is watched at a time: the first that is sent after the last one watched was settled.
 */
export class LagProbe {
  #watched: object | undefined
  #sentAtMs = 0
  #lastMs = 0

  sent(delivery: object): void {
    if (this.#watched !== undefined) return
    this.#watched = delivery
    this.#sentAtMs = performance.now()
  }

  done(delivery: object): void {
    if (delivery !== this.#watched) return
    this.#lastMs = performance.now() - this.#sentAtMs
    this.#watched = undefined
  }

  /** Of the one that is watched, so far, or of the last one that was. */
  get seconds(): number {
    return (this.#watched === undefined ? this.#lastMs : performance.now() - this.#sentAtMs) / 1000
  }
}
