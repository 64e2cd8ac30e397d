/**
 * @typedef {object} ApnsParameters
 * @property {number} roundTripMs the median, with what the service takes itself
 * @property {number} roundTripSigma of its logarithm
 * @property {number} tailShare of answers that take longer
 * @property {number} tailMs how much longer these take in the mean
 * @property {number} connectionMicroseconds what one connection's end takes for a request, one after the other
 * @property {number} streams of a connection, after its first answer
 * @property {number} windowBytes in flight on a connection
 * @property {number} deadShare of tokens that are answered with 410
 * @property {number} unavailableShare of requests that are answered with 503
 * @property {boolean} isGoverned whether a refusal other than 410 lowers a connection's limit to one stream until a success
 * @property {number} connectionLifeMs after which it says GOAWAY, in the mean
 * @property {Record<string, number>} appLimits requests a second of an app, above which it says 429
 * @property {Trouble[]} troubles
 *
 * @typedef {object} Trouble
 * @property {'slow' | 'reset' | 'silent'} kind `slow`: all takes `factor` times as long. `reset`: connections are cut, and
 *   no new ones accepted. `silent`: they are not cut, and nothing comes back
 * @property {number} fromMs
 * @property {number} untilMs
 * @property {number} [factor]
 *
 * @typedef {'accepted' | 'dead' | 'throttled' | 'unavailable'} Verdict
 */

/** How much of its allowance an app may use at once, in seconds of it. */
const BURST_SECONDS = 1

/** Apple's service: what it says to a request, and when. */
export class Apns {
  #parameters
  #random
  /** @type {Map<string, { allowance: number, atMs: number }>} */
  #allowances = new Map()

  /**
   * @param {ApnsParameters} parameters
   * @param {import('./random.mjs').Random} random
   */
  constructor(parameters, random) {
    this.#parameters = parameters
    this.#random = random
  }

  get parameters() {
    return this.#parameters
  }

  /**
   * A request that leaves now.
   *
   * @param {number} nowMs
   * @param {{ serverFreeAtMs: number, endsAtMs: number }} link whose end is busy with those before
   * @param {{ app: string, count: number, isDead: boolean }} request
   * @returns {{ verdict: Verdict, answerAtMs: number | undefined } | 'too late' | undefined} `too late`: after its GOAWAY;
   *   undefined: it never got there; no moment: it did, and the answer never comes
   */
  ask(nowMs, link, { app, count, isDead }) {
    // The way there takes as long for all, and keeps their order; what is more for some, the service takes.
    const wayMs = (this.#parameters.roundTripMs * this.#slowness(nowMs)) / 2
    const arrivalMs = nowMs + wayMs
    if (this.#isOut(arrivalMs, arrivalMs)) return undefined
    if (arrivalMs >= link.endsAtMs) return 'too late'
    const { connectionMicroseconds } = this.#parameters
    link.serverFreeAtMs = Math.max(arrivalMs, link.serverFreeAtMs) + (connectionMicroseconds * count) / 1000
    const answerAtMs = link.serverFreeAtMs + Math.max(0, this.roundTripMs(nowMs) - wayMs)
    const verdict = this.#verdict(arrivalMs, app, count, isDead)
    return { verdict, answerAtMs: this.#isOut(arrivalMs, answerAtMs) ? undefined : answerAtMs }
  }

  /** @param {number} nowMs */
  roundTripMs(nowMs) {
    const { roundTripMs, roundTripSigma, tailShare, tailMs } = this.#parameters
    const base = this.#random.lognormal(roundTripMs, roundTripSigma)
    const tail = tailShare > 0 && this.#random.next() < tailShare ? this.#random.exponential(tailMs) : 0
    return (base + tail) * this.#slowness(nowMs)
  }

  /** @param {number} nowMs */
  acceptsConnections(nowMs) {
    return !this.#isOut(nowMs, nowMs)
  }

  /** @param {number} nowMs */
  isSilent(nowMs) {
    return this.#parameters.troubles.some(
      ({ kind, fromMs, untilMs }) => kind === 'silent' && nowMs >= fromMs && nowMs < untilMs,
    )
  }

  /** @param {number} nowMs */
  #slowness(nowMs) {
    return this.#parameters.troubles.reduce(
      (product, { kind, fromMs, untilMs, factor = 1 }) =>
        kind === 'slow' && nowMs >= fromMs && nowMs < untilMs ? product * factor : product,
      1,
    )
  }

  /**
   * @param {number} fromMs
   * @param {number} untilMs
   */
  #isOut(fromMs, untilMs) {
    return this.#parameters.troubles.some(
      (trouble) => trouble.kind !== 'slow' && fromMs < trouble.untilMs && untilMs >= trouble.fromMs,
    )
  }

  /**
   * @param {number} nowMs
   * @param {string} app
   * @param {number} count
   * @param {boolean} isDead
   * @returns {Verdict}
   */
  #verdict(nowMs, app, count, isDead) {
    const { unavailableShare, appLimits } = this.#parameters
    if (Object.hasOwn(appLimits, app) && !this.#allows(nowMs, app, count)) return 'throttled'
    if (unavailableShare > 0 && this.#random.next() < unavailableShare) return 'unavailable'
    return isDead ? 'dead' : 'accepted'
  }

  /**
   * A bucket of tokens that fills at the app's limit.
   *
   * @param {number} nowMs
   * @param {string} app
   * @param {number} count
   */
  #allows(nowMs, app, count) {
    const perSecond = this.#parameters.appLimits[app]
    const most = perSecond * BURST_SECONDS
    const bucket = this.#allowances.get(app) ?? { allowance: most, atMs: nowMs }
    this.#allowances.set(app, bucket)
    // Requests on different connections may overtake each other.
    const elapsedMs = Math.max(0, nowMs - bucket.atMs)
    bucket.atMs += elapsedMs
    bucket.allowance = Math.min(most, bucket.allowance + (elapsedMs / 1000) * perSecond)
    if (bucket.allowance < count) return false
    bucket.allowance -= count
    return true
  }
}
