import { Gauge } from './gauge.mjs'
import { Histogram } from './histogram.mjs'

/**
 * What became of all tokens. Each has one outcome in the end; how often Apple has accepted it is another matter.
 *
 * @typedef {'accepted' | 'refused' | 'gaveUp' | 'unknown'} Outcome `gaveUp`: refused with a 429 or 503 until retries were used up
 */
export const OUTCOMES = /** @type {const} */ (['accepted', 'refused', 'gaveUp', 'unknown'])

export class Books {
  /** Tokens of messages that were acknowledged. */
  appended = 0
  /** Of these, those that a fail-over took away again. */
  lost = 0
  /** @type {Record<Outcome, number>} */
  settled = { accepted: 0, refused: 0, gaveUp: 0, unknown: 0 }
  /** Accepted by Apple once more than once. */
  repeated = 0
  /** Requests that were answered with 429. */
  throttled = 0
  /** Requests that were sent. */
  requests = 0
  crashes = 0
  connections = 0
  /** From acknowledged to Apple's answer, first come. @type {Map<string, Histogram>} */
  latencies = new Map()
  /** From leaving to Apple's answer. */
  inFlightMs = new Histogram()
  #timeline
  /** @type {Map<string, Gauge>} */
  #inFlight = new Map()
  /** Tokens that are answered, as they are. */
  answered
  /** Tokens of the batches that workers have. */
  inHand
  lastOutcomeMs = 0

  /** @param {import('./timeline.mjs').Timeline} timeline */
  constructor(timeline) {
    this.answered = new Gauge(timeline)
    this.#timeline = timeline
    this.inHand = new Gauge(timeline)
  }

  /**
   * Tokens that were sent, or are about to be, and not answered.
   *
   * @param {string} app
   */
  inFlight(app) {
    let gauge = this.#inFlight.get(app)
    if (gauge === undefined) {
      gauge = new Gauge(this.#timeline)
      this.#inFlight.set(app, gauge)
    }
    return gauge
  }

  get settledTokens() {
    return OUTCOMES.reduce((sum, outcome) => sum + this.settled[outcome], 0)
  }

  /**
   * @param {string} app
   * @param {number} ms
   * @param {number} count
   */
  firstAnswer(app, ms, count) {
    let latency = this.latencies.get(app)
    if (latency === undefined) {
      latency = new Histogram()
      this.latencies.set(app, latency)
    }
    latency.add(ms, count)
  }
}
