import { PROTOCOL_WINDOW_BYTES } from './sink-settings.mjs'

/**
 * What one client may do, by the SETTINGS and WINDOW_UPDATE frames that were sent to it, and whether it does more. A
 * grant counts when it is written to the socket, a new stream limit when the client has acknowledged it: each is the
 * first moment at which an honest client can act on it.
 */
export class Allowance {
  /** @type {import('./sink-counts.mjs').SinkCounts} */
  #counts
  /** @type {number} the size of the connection's window */
  #windowBytes
  /** How much of that is granted and not used. */
  #windowLeft = PROTOCOL_WINDOW_BYTES
  #openStreams = 0
  #streamLimit = Number.POSITIVE_INFINITY
  /** @type {number[]} stream limits that were sent and not acknowledged, in order */
  #limitsUnderWay = []
  /** @type {Map<number, number>} bytes of the bodies that came in part */
  #partialBodies = new Map()

  /**
   * @param {import('./sink-counts.mjs').SinkCounts} counts
   * @param {number} windowBytes
   */
  constructor(counts, windowBytes) {
    this.#counts = counts
    this.#windowBytes = windowBytes
  }

  /** A WINDOW_UPDATE for the connection was written. @param {number} increment */
  grant(increment) {
    this.#windowLeft += increment
  }

  /** SETTINGS with this stream limit were written. @param {number} limit */
  limitStreams(limit) {
    this.#limitsUnderWay.push(limit)
  }

  /** The client acknowledged SETTINGS. */
  acknowledged() {
    this.#streamLimit = this.#limitsUnderWay.shift() ?? this.#streamLimit
  }

  /** The client opened a stream. */
  opened() {
    this.#openStreams += 1
    if (this.#openStreams > this.#streamLimit) this.#counts.streamViolations += 1
    if (this.#openStreams > this.#counts.peakStreams) this.#counts.peakStreams = this.#openStreams
  }

  /** The answers of so many streams were written. @param {number} streams */
  closed(streams) {
    this.#openStreams -= streams
  }

  /**
   * The client sent a piece of a body.
   *
   * @param {number} streamId
   * @param {number} byteCount
   * @param {boolean} isLast
   */
  received(streamId, byteCount, isLast) {
    this.#windowLeft -= byteCount
    if (this.#windowLeft < 0) this.#counts.windowViolations += 1
    const used = this.#windowBytes - this.#windowLeft
    if (used > this.#counts.peakWindowBytes) this.#counts.peakWindowBytes = used
    this.#countForStream(streamId, byteCount, isLast)
  }

  /**
   * A stream's window is never enlarged: the largest payload is a sixteenth of it.
   *
   * @param {number} streamId
   * @param {number} byteCount
   * @param {boolean} isLast
   */
  #countForStream(streamId, byteCount, isLast) {
    let total = byteCount
    if (this.#partialBodies.size > 0 || !isLast) {
      total += this.#partialBodies.get(streamId) ?? 0
      if (isLast) this.#partialBodies.delete(streamId)
      else this.#partialBodies.set(streamId, total)
    }
    if (total > PROTOCOL_WINDOW_BYTES) this.#counts.windowViolations += 1
  }
}
