import { MAX_SPARE_BUFFERS, OUTPUT_BUFFER_BYTES } from './limits.js'

/** Output buffers that were written to the socket and can be filled again. */
export class SpareBuffers {
  readonly #spare: Buffer[] = []

  /** A buffer to fill. */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_BUFFER_BYTES)
  }

  /** Keeps a buffer, unless there are enough or it had to grow. */
  put(written: Uint8Array): void {
    const whole = Buffer.from(written.buffer)
    if (whole.length === OUTPUT_BUFFER_BYTES && this.#spare.length < MAX_SPARE_BUFFERS)
      this.#spare.push(whole)
  }
}
