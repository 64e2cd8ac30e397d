/** How much wider each bucket is than the one before: percentiles are right to a half of it. */
const GROWTH = 1.01
const LOG_GROWTH = Math.log(GROWTH)
/** Everything below is in the first bucket. */
const LEAST = 0.001

/** Many values in little room, each with a weight. */
export class Histogram {
  /** @type {number[]} */
  #buckets = []
  #weight = 0
  #sum = 0
  #most = 0

  /**
   * @param {number} value
   * @param {number} weight
   */
  add(value, weight) {
    const bucket = value <= LEAST ? 0 : Math.ceil(Math.log(value / LEAST) / LOG_GROWTH)
    while (this.#buckets.length <= bucket) this.#buckets.push(0)
    this.#buckets[bucket] += weight
    this.#weight += weight
    this.#sum += value * weight
    if (value > this.#most) this.#most = value
  }

  get weight() {
    return this.#weight
  }

  get mean() {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight
  }

  get most() {
    return this.#most
  }

  /**
   * @param {number} share 0 to 1
   * @returns {number} what so large a share does not exceed, to a percent
   */
  percentile(share) {
    let left = share * this.#weight
    for (const [bucket, weight] of this.#buckets.entries()) {
      left -= weight
      if (left <= 0 && weight > 0) return Math.min(this.#most, LEAST * GROWTH ** (bucket - 0.5))
    }
    return this.#most
  }
}
