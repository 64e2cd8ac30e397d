/**
 * A connection to Apple.
 *
 *     connecting ──SETTINGS──▶ probing ──first answer──▶ open ──GOAWAY, age──▶ draining ──last answer──▶ closed
 *
 * Until the first answer it takes one stream; then as many as Apple allows, and as the window holds.
 */
export class Link {
  /** @type {'connecting' | 'probing' | 'open' | 'draining' | 'closed'} */
  phase = 'connecting'
  /** What was sent, or is about to be, and not answered; the oldest first. @type {Set<Flight>} */
  flights = new Set()
  /** Tokens of these. */
  inFlight = 0
  /** Apple takes one request at a time since it has refused one. */
  isThrottled = false
  hasServed = false
  /** When Apple's end has done what it has. */
  serverFreeAtMs = 0
  /** Apple takes nothing that arrives later. */
  endsAtMs = Number.POSITIVE_INFINITY
  lastReceivedAtMs = 0
  #most

  /** @param {number} most tokens in flight, by Apple's limit on streams and the window */
  constructor(most) {
    this.#most = most
  }

  get isWarmingUp() {
    return this.phase === 'connecting' || this.phase === 'probing'
  }

  /** How many tokens it takes now. A grain is never split: the one stream that there is at first takes a whole one. */
  get room() {
    if (this.phase === 'probing' || (this.phase === 'open' && this.isThrottled))
      return this.flights.size === 0 ? this.#most : 0
    return this.phase === 'open' ? this.#most - this.inFlight : 0
  }

  /** @param {Flight} flight */
  take(flight) {
    this.flights.add(flight)
    this.inFlight += flight.grain.count
  }

  /**
   * @param {Flight} flight
   * @returns {boolean} whether it was there still
   */
  leave(flight) {
    if (!this.flights.delete(flight)) return false
    this.inFlight -= flight.grain.count
    if (this.phase === 'draining' && this.flights.size === 0) this.phase = 'closed'
    return true
  }
}

/**
 * A grain on its way.
 *
 * @typedef {object} Flight
 * @property {Grain} grain
 * @property {number} sentAtMs
 * @property {boolean} isUnprocessed Apple says GOAWAY before it comes
 *
 * Tokens that a worker has in hand and has no outcome of.
 *
 * @typedef {object} Grain
 * @property {import('./batch-in-hand.mjs').BatchInHand} inHand
 * @property {number} index in its batch
 * @property {number} count
 * @property {number} attempts that failed
 * @property {number | undefined} firstFailedAtMs
 */
