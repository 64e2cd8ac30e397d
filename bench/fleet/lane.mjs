import { Fifo } from './fifo.mjs'
import { Link } from './link.mjs'

/** How often deadlines are looked at. */
const TICK_MS = 1000
/** Failed attempts to connect come back no slower than this. */
const MAX_CONNECT_BACK_OFF_MS = 60_000
/** TCP's handshake, TLS 1.3's, and SETTINGS. */
const ROUND_TRIPS_TO_CONNECT = 3

/**
 * @typedef {object} LaneParameters
 * @property {number} maxConnections of an app in one worker
 * @property {number} payloadBytes
 * @property {number} requestTimeoutMs
 * @property {number} connectTimeoutMs
 * @property {number} maxConnectionAgeMs
 * @property {number} sendMicroseconds of CPU for a notification's request
 * @property {number} answerMicroseconds and for its answer
 *
 * @typedef {object} Surroundings
 * @property {import('./timeline.mjs').Timeline} timeline
 * @property {import('./apns.mjs').Apns} apns
 * @property {import('./books.mjs').Books} books
 * @property {import('./back-off.mjs').BackOff} backOff
 * @property {import('./random.mjs').Random} random
 */

/** What one worker sends for one app: a queue, connections that grow by the library's rules, and retries. */
export class Lane {
  #app
  #parameters
  #timeline
  #apns
  #books
  #backOff
  #random
  #cpu
  #settled
  /** @type {Link[]} */
  #links = []
  #mostPerLink
  /** @type {Fifo<import('./link.mjs').Grain>} */
  #queue = new Fifo()
  #isPumping = false
  #isDead = false
  #isTicking = false
  #connectFailures = 0
  #isBackingOff = false

  /**
   * @param {string} app
   * @param {LaneParameters} parameters
   * @param {Surroundings} surroundings
   * @param {import('./resource.mjs').Resource} cpu the worker's
   * @param {(grain: import('./link.mjs').Grain, outcome: import('./books.mjs').Outcome) => void} settled
   */
  constructor(app, parameters, { timeline, apns, books, backOff, random }, cpu, settled) {
    this.#app = app
    this.#parameters = parameters
    this.#timeline = timeline
    this.#apns = apns
    this.#books = books
    this.#backOff = backOff
    this.#random = random
    this.#cpu = cpu
    this.#settled = settled
    const { streams, windowBytes } = apns.parameters
    this.#mostPerLink = Math.min(streams, Math.floor(windowBytes / parameters.payloadBytes))
  }

  /** @param {readonly import('./link.mjs').Grain[]} grains */
  queue(grains) {
    for (const grain of grains) this.#queue.push(grain)
    this.#pump()
  }

  /** The process is gone, and its sockets with it. */
  die() {
    this.#isDead = true
    for (const { inFlight } of this.#links) this.#books.inFlight(this.#app).add(-inFlight)
    this.#books.connections -= this.#links.length
    this.#links = []
    this.#queue.clear()
  }

  /** The network cuts every connection. */
  cut() {
    for (const link of [...this.#links]) this.#lose(link)
  }

  #pump() {
    if (this.#isPumping || this.#isDead) return
    while (this.#queue.first?.inHand.isPutDown) this.#queue.shift()
    const grain = this.#queue.first
    if (grain === undefined) return
    const { count } = grain
    const link = this.#links.find(({ room }) => room >= count)
    if (link === undefined) {
      this.#grow()
      return
    }
    this.#queue.shift()
    const flight = { grain, sentAtMs: this.#timeline.nowMs, isUnprocessed: false }
    link.take(flight)
    this.#books.inFlight(this.#app).add(count)
    this.#isPumping = true
    this.#cpu.use((count * this.#parameters.sendMicroseconds) / 1000, () => {
      this.#isPumping = false
      if (link.flights.has(flight)) this.#send(link, flight)
      this.#pump()
    })
  }

  /**
   * @param {Link} link
   * @param {import('./link.mjs').Flight} flight
   */
  #send(link, flight) {
    const { nowMs } = this.#timeline
    const { count, index, inHand } = flight.grain
    flight.sentAtMs = nowMs
    this.#tick()
    this.#books.requests += count
    const isDead = inHand.batch.isDead[index]
    const answer = this.#apns.ask(nowMs, link, { app: this.#app, count, isDead })
    flight.isUnprocessed = answer === 'too late'
    if (answer === undefined || answer === 'too late') return
    const { verdict, answerAtMs } = answer
    if (verdict === 'accepted') this.#delivered(inHand.batch, index, count)
    if (answerAtMs === undefined) return
    this.#timeline.at(answerAtMs, () => {
      if (!link.flights.has(flight) || this.#isDead) return
      link.lastReceivedAtMs = answerAtMs
      this.#cpu.use((count * this.#parameters.answerMicroseconds) / 1000, () => {
        if (this.#leave(link, flight)) this.#answered(link, flight, verdict)
        this.#pump()
      })
    })
  }

  /**
   * @param {import('./batch.mjs').Batch} batch
   * @param {number} index
   * @param {number} count
   */
  #delivered(batch, index, count) {
    batch.deliveries[index] += 1
    if (batch.deliveries[index] > 1) this.#books.repeated += count
  }

  /**
   * @param {Link} link
   * @param {import('./link.mjs').Flight} flight
   * @param {import('./apns.mjs').Verdict} verdict
   */
  #answered(link, { grain, sentAtMs }, verdict) {
    const { nowMs } = this.#timeline
    const { isGoverned } = this.#apns.parameters
    this.#connectFailures = 0
    link.hasServed = true
    if (link.phase === 'probing') link.phase = 'open'
    if (isGoverned && (verdict === 'throttled' || verdict === 'accepted'))
      link.isThrottled = verdict === 'throttled'
    this.#books.inFlightMs.add(nowMs - sentAtMs, grain.count)
    if (verdict === 'throttled') this.#books.throttled += grain.count
    if (verdict === 'throttled' || verdict === 'unavailable') {
      this.#sendAgain(grain, false, 'gaveUp')
      return
    }
    this.#firstAnswer(grain)
    this.#settled(grain, verdict === 'dead' ? 'refused' : 'accepted')
  }

  /** @param {import('./link.mjs').Grain} grain */
  #firstAnswer({ inHand: { batch }, index, count }) {
    if (batch.isAnswered[index]) return
    batch.isAnswered[index] = true
    this.#books.firstAnswer(this.#app, this.#timeline.nowMs - batch.acceptedAtMs, count)
    this.#books.answered.add(count)
  }

  /**
   * An attempt came to nothing.
   *
   * @param {import('./link.mjs').Grain} grain
   * @param {boolean} promptly
   * @param {import('./books.mjs').Outcome} otherwise when it was tried for long enough
   */
  #sendAgain(grain, promptly, otherwise) {
    const { nowMs } = this.#timeline
    grain.attempts += 1
    grain.firstFailedAtMs ??= nowMs
    const delayMs = this.#backOff.delayMs(grain.attempts, nowMs - grain.firstFailedAtMs, promptly)
    if (delayMs === undefined) this.#settled(grain, otherwise)
    else
      this.#timeline.after(delayMs, () => {
        if (!this.#isDead) this.queue([grain])
      })
  }

  #grow() {
    if (this.#isBackingOff || this.#links.some(({ isWarmingUp }) => isWarmingUp)) return
    const open = this.#links.filter(({ phase }) => phase === 'open')
    if (open.length >= this.#parameters.maxConnections) return
    if (this.#connectFailures === 0) {
      this.#connect()
      return
    }
    this.#isBackingOff = true
    const delayMs = Math.min(this.#backOff.backOffMs(this.#connectFailures), MAX_CONNECT_BACK_OFF_MS)
    this.#timeline.after(delayMs, () => {
      this.#isBackingOff = false
      if (!this.#isDead) this.#connect()
    })
  }

  #connect() {
    const { nowMs } = this.#timeline
    const link = new Link(this.#mostPerLink)
    this.#links.push(link)
    this.#books.connections += 1
    const roundTripMs = this.#apns.roundTripMs(nowMs)
    const arrivalMs = nowMs + roundTripMs / 2
    if (!this.#apns.acceptsConnections(arrivalMs)) {
      const failsAfterMs = this.#apns.isSilent(arrivalMs) ? this.#parameters.connectTimeoutMs : roundTripMs
      this.#timeline.after(failsAfterMs, () => this.#lose(link))
      return
    }
    this.#timeline.after(ROUND_TRIPS_TO_CONNECT * roundTripMs, () => {
      if (link.phase !== 'connecting') return
      link.phase = 'probing'
      link.lastReceivedAtMs = this.#timeline.nowMs
      this.#planEnd(link)
      this.#pump()
    })
  }

  /** @param {Link} link */
  #planEnd(link) {
    const { nowMs } = this.#timeline
    const { connectionLifeMs, roundTripMs } = this.#apns.parameters
    const goAwayMs = nowMs + this.#random.exponential(connectionLifeMs)
    const retireMs = nowMs + this.#parameters.maxConnectionAgeMs
    if (retireMs <= goAwayMs) {
      this.#timeline.at(retireMs, () => this.#drain(link))
      return
    }
    link.endsAtMs = goAwayMs
    this.#timeline.at(goAwayMs + roundTripMs / 2, () => {
      // What came too late is surely not processed, and goes elsewhere at once.
      const unprocessed = [...link.flights].filter(({ isUnprocessed }) => isUnprocessed)
      for (const flight of unprocessed) this.#leave(link, flight)
      this.#drain(link)
      for (const { grain } of unprocessed.toReversed()) this.#queue.putBack(grain)
      this.#pump()
    })
  }

  /** @param {Link} link */
  #drain(link) {
    if (link.phase === 'closed') return
    link.phase = link.flights.size > 0 ? 'draining' : 'closed'
    if (link.phase === 'closed') this.#remove(link)
  }

  /**
   * The connection is gone; what became of what was on it is not known.
   *
   * @param {Link} link
   */
  #lose(link) {
    if (link.phase === 'closed' || this.#isDead) return
    this.#connectFailures += 1
    const flights = [...link.flights]
    for (const flight of flights) this.#leave(link, flight)
    link.phase = 'closed'
    this.#remove(link)
    for (const { grain } of flights) this.#sendAgain(grain, true, 'unknown')
    this.#pump()
  }

  /**
   * @param {Link} link
   * @param {import('./link.mjs').Flight} flight
   */
  #leave(link, flight) {
    if (this.#isDead || !link.leave(flight)) return false
    this.#books.inFlight(this.#app).add(-flight.grain.count)
    if (link.phase === 'closed') this.#remove(link)
    return true
  }

  /** @param {Link} link */
  #remove(link) {
    if (!this.#links.includes(link)) return
    this.#links = this.#links.filter((each) => each !== link)
    this.#books.connections -= 1
  }

  /** Deadlines, for as long as there is something to wait for. */
  #tick() {
    if (this.#isTicking) return
    this.#isTicking = true
    this.#timeline.after(TICK_MS, () => {
      this.#isTicking = false
      if (this.#isDead) return
      for (const link of [...this.#links]) this.#checkDeadlines(link)
      if (this.#links.some(({ flights }) => flights.size > 0)) this.#tick()
    })
  }

  /** @param {Link} link */
  #checkDeadlines(link) {
    const { nowMs } = this.#timeline
    const isLate = (/** @type {import('./link.mjs').Flight} */ { sentAtMs }) =>
      nowMs - sentAtMs >= this.#parameters.requestTimeoutMs
    const late = []
    for (const flight of link.flights) {
      if (!isLate(flight)) break
      late.push(flight)
    }
    if (late.length === 0) return
    if (link.lastReceivedAtMs < late[0].sentAtMs) {
      // Not a byte since: the connection is dead.
      this.#lose(link)
      return
    }
    for (const flight of late) {
      this.#leave(link, flight)
      this.#sendAgain(flight.grain, true, 'unknown')
    }
    this.#pump()
  }
}
