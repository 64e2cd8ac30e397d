import type { ClientStream } from './client-stream.js'
import { ErrorCode } from './error-code.js'
import { DEFAULT_WINDOW, Flag, FRAME_HEADER_BYTES, FrameType, MAX_31_BIT } from './frame.js'
import { HpackEncoder } from './hpack-encoder.js'
import { MAX_OPEN_STREAMS, MAX_OUTPUT_BYTES } from './limits.js'
import type { RequestHead } from './request-head.js'
import type { SessionCore } from './session-core.js'

const HEADERS_AND_BODY = (FrameType.HEADERS << 8) | Flag.END_HEADERS
const HEADERS_ONLY = HEADERS_AND_BODY | Flag.END_STREAM
const DATA = FrameType.DATA << 8
const LAST_DATA = DATA | Flag.END_STREAM
const CONTINUATION = FrameType.CONTINUATION << 8

/**
 * The sending half: requests into the output, within the peer's flow-control windows (RFC 9113 section 5.2).
 *
 * A body that does not fit is kept by reference. It waits either for its stream's window, and is taken up by that stream's
 * WINDOW_UPDATE, or in `core.waiting` for the connection's window or for room in the output.
 */
export class RequestSender<S extends ClientStream> {
  readonly #core: SessionCore<S>
  readonly #encoder: HpackEncoder
  /** How many bytes of DATA the connection may still carry. */
  #window = DEFAULT_WINDOW

  constructor(core: SessionCore<S>) {
    this.#core = core
    this.#encoder = new HpackEncoder(core.output)
  }

  /** Whether flow control or a full output keeps further requests back. */
  get isBlocked(): boolean {
    const core = this.#core
    return (core.waiting.size > 0 && this.#window <= 0) || core.output.length >= MAX_OUTPUT_BYTES
  }

  /** How many more streams the peer's limit, ours and the number of ids left permit. */
  streamsLeft(peerLimit: number): number {
    const idsLeft = (MAX_31_BIT - this.#core.nextStreamId) / 2 + 1
    return Math.max(0, Math.min(Math.min(peerLimit, MAX_OPEN_STREAMS) - this.#core.streams.size, idsLeft))
  }

  /** The peer changed its SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(size: number): void {
    this.#encoder.limitTable(size)
  }

  /** Opens a stream. */
  request(stream: S, head: RequestHead, body: Uint8Array | string | undefined): void {
    const core = this.#core
    const output = core.output
    const bodyLength = body === undefined ? 0 : body.length
    const id = core.nextStreamId
    core.nextStreamId = id + 2
    stream.id = id
    stream.status = 0
    stream.hasHead = false
    stream.sendWindow = core.peer.initialWindowSize
    stream.receiveWindow = DEFAULT_WINDOW
    stream.grantedWindow = 0
    stream.receivedBytes = 0
    this.#writeHead(id, head, bodyLength === 0 ? HEADERS_ONLY : HEADERS_AND_BODY)
    core.streams.add(stream)
    if (body === undefined || bodyLength === 0) return
    if (
      bodyLength <= this.#window &&
      bodyLength <= stream.sendWindow &&
      bodyLength <= core.peer.maxFrameSize &&
      core.waiting.size === 0
    ) {
      this.#window -= bodyLength
      stream.sendWindow -= bodyLength
      output.frameHeader(bodyLength, LAST_DATA, id)
      if (typeof body === 'string') output.latin1(body)
      else output.bytes(body)
    } else {
      stream.body = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
      stream.bodyOffset = 0
      this.#send(stream)
    }
  }

  /** More window for the connection. */
  creditConnection(increment: number): void {
    if (this.#window + increment > MAX_31_BIT) {
      this.#core.fail(ErrorCode.FLOW_CONTROL_ERROR, 'the peer let the window of the connection overflow')
      return
    }
    this.#window += increment
    this.resume()
  }

  /** More window for a stream. */
  creditStream(stream: S, increment: number): void {
    if (stream.sendWindow + increment > MAX_31_BIT) {
      this.#core.reject(stream, ErrorCode.FLOW_CONTROL_ERROR)
      return
    }
    stream.sendWindow += increment
    if (stream.body !== undefined) this.#send(stream)
  }

  /** The peer changed its SETTINGS_INITIAL_WINDOW_SIZE by `difference`: for all streams (section 6.9.2). */
  shiftWindows(difference: number): void {
    for (const stream of this.#core.streams) {
      stream.sendWindow += difference
      if (stream.sendWindow > MAX_31_BIT) {
        this.#core.fail(ErrorCode.FLOW_CONTROL_ERROR, 'the peer let the window of a stream overflow')
        return
      }
      if (stream.body !== undefined) this.#send(stream)
    }
  }

  /** Goes on with the bodies that waited for the connection's window or for room in the output. */
  resume(): void {
    for (const stream of this.#core.waiting) {
      if (this.#window <= 0 || this.#core.output.length >= MAX_OUTPUT_BYTES) return
      this.#send(stream)
    }
  }

  /** HEADERS, and CONTINUATION where the block is larger than the peer's frames. */
  #writeHead(id: number, head: RequestHead, typeAndFlags: number): void {
    const core = this.#core
    const output = core.output
    const encoder = this.#encoder
    const start = output.length
    output.skip(FRAME_HEADER_BYTES)
    encoder.begin()
    head.writeFields(encoder)
    encoder.finish()
    const length = output.length - start - FRAME_HEADER_BYTES
    if (length <= core.peer.maxFrameSize) output.setFrameHeader(start, length, typeAndFlags, id)
    else this.#split(start, id, typeAndFlags)
  }

  /** Cuts the block that begins after the skipped frame header at `start` into frames (section 6.10). */
  #split(start: number, id: number, typeAndFlags: number): void {
    const { output, peer } = this.#core
    let at = start
    let kind = typeAndFlags & ~Flag.END_HEADERS
    let left = output.length - start - FRAME_HEADER_BYTES
    while (left > peer.maxFrameSize) {
      output.setFrameHeader(at, peer.maxFrameSize, kind, id)
      at += FRAME_HEADER_BYTES + peer.maxFrameSize
      left -= peer.maxFrameSize
      output.shift(at, FRAME_HEADER_BYTES)
      kind = CONTINUATION
    }
    output.setFrameHeader(at, left, kind | Flag.END_HEADERS, id)
  }

  /** Sends as much of a stream's body as the windows, and the room in the output, permit. */
  #send(stream: S): void {
    const { output, peer, waiting } = this.#core
    const body = stream.body as Uint8Array
    while (output.length < MAX_OUTPUT_BYTES) {
      const left = body.length - stream.bodyOffset
      const count = Math.min(left, this.#window, stream.sendWindow, peer.maxFrameSize)
      if (count <= 0) break
      this.#window -= count
      stream.sendWindow -= count
      output.frameHeader(count, count === left ? LAST_DATA : DATA, stream.id)
      output.bytes(body, stream.bodyOffset, stream.bodyOffset + count)
      stream.bodyOffset += count
      if (count < left) continue
      stream.body = undefined
      waiting.delete(stream)
      return
    }
    if (stream.sendWindow > 0) waiting.add(stream)
    else waiting.delete(stream)
  }
}
