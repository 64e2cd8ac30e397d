import { ErrorCode } from './error-code.js'
import { Http2Error } from './http2-error.js'
import { MAX_CONTINUATION_FRAMES, MAX_HEADER_BLOCK_BYTES } from './limits.js'

/** A header block that comes in more than one frame: HEADERS without END_HEADERS, then CONTINUATION (RFC 9113 section 6.10). */
export class HeaderBlock {
  /** The stream that it belongs to; 0: no block is open. */
  streamId: number = 0
  /** Whether its HEADERS frame carried END_STREAM. */
  endStream: boolean = false
  #bytes = new Uint8Array(0)
  #length = 0
  #frames = 0

  /** Starts a block. */
  open(streamId: number, endStream: boolean): void {
    this.streamId = streamId
    this.endStream = endStream
    this.#length = 0
    this.#frames = 0
  }

  /** Adds the payload of a frame. Returns the connection's error when the block grows beyond the limits. */
  append(bytes: Uint8Array, start: number, end: number): Http2Error | undefined {
    const length = this.#length + end - start
    this.#frames += 1
    if (length > MAX_HEADER_BLOCK_BYTES || this.#frames > 1 + MAX_CONTINUATION_FRAMES) {
      return new Http2Error(
        ErrorCode.ENHANCE_YOUR_CALM,
        `the peer sent a header block of ${length} bytes in ${this.#frames} frames that goes on`,
      )
    }
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(MAX_HEADER_BLOCK_BYTES, length * 2))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length)
    this.#length = length
    return undefined
  }

  /** Ends the block and returns it; valid until the next one. */
  take(): Uint8Array {
    this.streamId = 0
    return this.#bytes.subarray(0, this.#length)
  }
}
