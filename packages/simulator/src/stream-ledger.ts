import { FLAG, FRAME_TYPE } from './frame-scanner.js'

const CLIENT_ENDED = 1
const SERVER_ENDED = 2
const BOTH_ENDED = CLIENT_ENDED | SERVER_ENDED

/**
 * The streams of one connection as its client counts them (RFC 9113 section 5.1.2): open from HEADERS until both
 * sides have ended or one has reset it. It is fed with the frames on the wire, so a stream whose response has
 * been written no longer counts, whatever becomes of Node's object for it.
 *
 * A lower limit binds the client once it has acknowledged the SETTINGS frame, a higher one from the moment it
 * is sent; before the first acknowledgement there is no limit.
 */
export class StreamLedger {
  readonly #ends = new Map<number, number>()
  readonly #violations = new Set<number>()
  readonly #unacknowledged: number[] = []
  #acknowledged = Number.POSITIVE_INFINITY
  #highestId = 0
  #mostOpen = 0
  #violationCount = 0

  /** Streams open now. */
  get open(): number {
    return this.#ends.size
  }

  /** The largest number that were open at once. */
  get mostOpen(): number {
    return this.#mostOpen
  }

  /** The highest stream id that the client has used; 0 before the first. */
  get highestId(): number {
    return this.#highestId
  }

  /** How many streams the client may have open now. */
  get limit(): number {
    return Math.max(this.#acknowledged, ...this.#unacknowledged)
  }

  /** How many streams were opened against the limit. */
  get violations(): number {
    return this.#violationCount
  }

  /** Whether the client has sent all that it has to say on an open stream. */
  hasClientEnded(streamId: number): boolean {
    return ((this.#ends.get(streamId) ?? 0) & CLIENT_ENDED) !== 0
  }

  /** Whether a stream with this id or a lower one is open. */
  hasOpenUpTo(streamId: number): boolean {
    for (const open of this.#ends.keys()) if (open <= streamId) return true
    return false
  }

  /** Whether opening this stream was against the limit. */
  isViolation(streamId: number): boolean {
    return this.#violations.has(streamId)
  }

  /** A SETTINGS frame with this stream limit goes out. */
  advertised(limit: number): void {
    this.#unacknowledged.push(limit)
  }

  /** A frame came from the client. */
  fromClient(type: number, flags: number, streamId: number): void {
    if (type === FRAME_TYPE.settings && (flags & FLAG.acknowledgement) !== 0) {
      this.#acknowledged = this.#unacknowledged.shift() ?? this.#acknowledged
    } else if (type === FRAME_TYPE.headers) {
      if (streamId > this.#highestId) this.#opened(streamId)
      if ((flags & FLAG.endStream) !== 0) this.#ended(streamId, CLIENT_ENDED)
    } else if (type === FRAME_TYPE.data) {
      if ((flags & FLAG.endStream) !== 0) this.#ended(streamId, CLIENT_ENDED)
    } else if (type === FRAME_TYPE.resetStream) {
      this.#closed(streamId)
    }
  }

  /** A frame goes to the client. */
  fromServer(type: number, flags: number, streamId: number): void {
    if (type === FRAME_TYPE.headers || type === FRAME_TYPE.data) {
      if ((flags & FLAG.endStream) !== 0) this.#ended(streamId, SERVER_ENDED)
    } else if (type === FRAME_TYPE.resetStream) {
      this.#closed(streamId)
    }
  }

  #opened(streamId: number): void {
    this.#highestId = streamId
    if (this.#ends.size >= this.limit) {
      this.#violations.add(streamId)
      this.#violationCount += 1
    }
    this.#ends.set(streamId, 0)
    if (this.#ends.size > this.#mostOpen) this.#mostOpen = this.#ends.size
  }

  #ended(streamId: number, side: number): void {
    const ends = this.#ends.get(streamId)
    if (ends === undefined) return
    if ((ends | side) === BOTH_ENDED) this.#closed(streamId)
    else this.#ends.set(streamId, ends | side)
  }

  #closed(streamId: number): void {
    this.#ends.delete(streamId)
    this.#violations.delete(streamId)
  }
}
