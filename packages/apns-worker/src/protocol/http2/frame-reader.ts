import { ErrorCode } from './error-code.js'
import { DEFAULT_MAX_FRAME_SIZE, Flag, FRAME_HEADER_BYTES, FrameType } from './frame.js'
import { frameFault } from './frame-rules.js'

/** What `FrameReader.next` found. */
export const ReadResult = {
  /** No whole frame is left; feed more. */
  MORE: 0,
  /** A frame is in the registers. */
  FRAME: 1,
  /** A frame that breaks the rules of its type: `fault` is the code of the connection's error. */
  FAULT: 2,
} as const

const NOTHING = new Uint8Array(0)

/**
 * Cuts the peer's bytes into frames, however they are chopped. Frames are read where they lie; only a frame that is spread
 * over chunks is put together in a buffer of its own.
 *
 * A frame is handed out in registers, valid until the next call of `next`: `feed(chunk)`, then `next()` until it says MORE.
 */
export class FrameReader {
  type: number = 0
  flags: number = 0
  streamId: number = 0
  /** Length of the payload as the frame's header says, padding included. */
  length: number = 0
  /** The payload is `bytes[start, end)`; padding and the priority fields of HEADERS are cut off. */
  bytes: Uint8Array = NOTHING
  start: number = 0
  end: number = 0
  /** Error code of the frame after FAULT. */
  fault: number = ErrorCode.NO_ERROR

  #chunk: Uint8Array = NOTHING
  #position = 0
  /** The beginning of a frame whose rest has not arrived; allocated when it is first needed. */
  #partial: Uint8Array | undefined = undefined
  #partialLength = 0

  /** The next bytes from the peer; the ones before must have been read up to MORE. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#position = 0
  }

  /** Puts the next frame into the registers. */
  next(): number {
    if (this.#partialLength > 0) return this.#resume()
    const chunk = this.#chunk
    const at = this.#position
    if (chunk.length - at < FRAME_HEADER_BYTES) return this.#keep()
    const length =
      ((chunk[at] as number) << 16) | ((chunk[at + 1] as number) << 8) | (chunk[at + 2] as number)
    if (length > DEFAULT_MAX_FRAME_SIZE) return this.#oversized(chunk, at)
    const end = at + FRAME_HEADER_BYTES + length
    if (end > chunk.length) return this.#keep()
    this.#position = end
    return this.#frame(chunk, at, end)
  }

  /** Reads the frame in `bytes[at, end)`. */
  #frame(bytes: Uint8Array, at: number, end: number): number {
    const type = bytes[at + 3] as number
    const flags = bytes[at + 4] as number
    this.type = type
    this.flags = flags
    // The highest bit is reserved and ignored (section 4.1).
    this.streamId =
      (((bytes[at + 5] as number) & 0x7f) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number)
    this.bytes = bytes
    this.start = at + FRAME_HEADER_BYTES
    this.end = end
    this.length = end - this.start
    // The response to each request: nothing to check but that it is on a stream.
    if (type === FrameType.HEADERS && (flags & (Flag.PADDED | Flag.PRIORITY)) === 0 && this.streamId !== 0) {
      return ReadResult.FRAME
    }
    return this.#check()
  }

  #check(): number {
    this.fault = frameFault(this.type, this.flags, this.streamId, this.length)
    if (this.fault === ErrorCode.NO_ERROR) this.#trim()
    return this.fault === ErrorCode.NO_ERROR ? ReadResult.FRAME : ReadResult.FAULT
  }

  /** Takes padding (sections 6.1, 6.2, 6.6) and the obsolete priority fields (section 6.2) off the payload. */
  #trim(): void {
    const { type } = this
    const headers = type === FrameType.HEADERS
    const padded = headers || type === FrameType.DATA || type === FrameType.PUSH_PROMISE
    let minimum = 0
    if (padded && (this.flags & Flag.PADDED) !== 0) {
      if (this.length === 0) {
        this.fault = ErrorCode.FRAME_SIZE_ERROR
        return
      }
      this.end -= this.bytes[this.start] as number
      this.start += 1
    }
    if (headers && (this.flags & Flag.PRIORITY) !== 0) {
      if (this.length < 5) this.fault = ErrorCode.FRAME_SIZE_ERROR
      this.start += 5
    }
    if (type === FrameType.PUSH_PROMISE) minimum = 4
    if (this.end - this.start < minimum && this.fault === ErrorCode.NO_ERROR)
      this.fault = ErrorCode.PROTOCOL_ERROR
  }

  /** Keeps what is left of the chunk: less than a frame. */
  #keep(): number {
    const rest = this.#chunk.length - this.#position
    if (rest > 0) this.#append(rest)
    return this.#more()
  }

  /** Completes the frame that an earlier chunk began. */
  #resume(): number {
    if (this.#partialLength < FRAME_HEADER_BYTES) this.#append(FRAME_HEADER_BYTES - this.#partialLength)
    if (this.#partialLength < FRAME_HEADER_BYTES) return this.#more()
    const partial = this.#partial as Uint8Array
    const length = ((partial[0] as number) << 16) | ((partial[1] as number) << 8) | (partial[2] as number)
    if (length > DEFAULT_MAX_FRAME_SIZE) return this.#oversized(partial, 0)
    const end = FRAME_HEADER_BYTES + length
    this.#append(end - this.#partialLength)
    if (this.#partialLength < end) return this.#more()
    this.#partialLength = 0
    return this.#frame(partial, 0, end)
  }

  /** Lets go of the chunk, which may be a slice of a large buffer, until the next one comes. */
  #more(): number {
    this.bytes = NOTHING
    this.#chunk = NOTHING
    this.#position = 0
    return ReadResult.MORE
  }

  /** Moves up to `wanted` bytes from the chunk to the partial frame. */
  #append(wanted: number): void {
    this.#partial ??= new Uint8Array(FRAME_HEADER_BYTES + DEFAULT_MAX_FRAME_SIZE)
    const count = Math.min(wanted, this.#chunk.length - this.#position)
    this.#partial.set(this.#chunk.subarray(this.#position, this.#position + count), this.#partialLength)
    this.#partialLength += count
    this.#position += count
  }

  /** We announce no other SETTINGS_MAX_FRAME_SIZE than the default (section 4.2). */
  #oversized(bytes: Uint8Array, at: number): number {
    this.type = bytes[at + 3] as number
    this.fault = ErrorCode.FRAME_SIZE_ERROR
    return ReadResult.FAULT
  }
}
