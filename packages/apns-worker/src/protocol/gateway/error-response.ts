/** What the gateway says when something is wrong, before it closes the connection. */
export interface ErrorResponse {
  /** One of `ApnsError.ERR_*`, 10 for a shutdown, 128 for a frame that could not be read. */
  readonly status: number
  /** Of the notification that failed; with status 10, of the last one that was sent well. */
  readonly ident: number
}

const COMMAND = 8
const RESPONSE_BYTES = 6

/** The gateway is shutting down: nothing is wrong with the notification that it names. */
export const STATUS_SHUTDOWN = 10
/** The gateway could not read a frame, and can not always say which. */
export const STATUS_PROTOCOL_ERROR = 128

/**
 * Reads the one error response that a connection may bring, however it is chopped: command, status, ident. What comes
 * after it means nothing.
 *
 * Source: Apple, archived "Binary Provider API".
 */
export class ErrorResponseParser {
  readonly #bytes = Buffer.alloc(RESPONSE_BYTES)
  #length = 0

  /**
   * @returns the response, once it is complete; `'garbage'` for bytes that can not be one
   */
  receive(chunk: Uint8Array): ErrorResponse | 'garbage' | undefined {
    const taken = chunk.subarray(0, RESPONSE_BYTES - this.#length)
    this.#bytes.set(taken, this.#length)
    this.#length += taken.length
    if (this.#length > 0 && this.#bytes[0] !== COMMAND) return 'garbage'
    if (this.#length < RESPONSE_BYTES) return undefined
    return { status: this.#bytes.readUInt8(1), ident: this.#bytes.readUInt32BE(2) }
  }
}
