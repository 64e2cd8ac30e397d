import { MAX_SPARE_BUFFERS, OUTPUT_BUFFER_BYTES } from './limits.js'

/** Output buffers that were written to the socket and can be filled again. */
export class SpareBuffers {
  readonly #spare: Uint8Array[] = []

  /** A buffer to fill. */
  take(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(OUTPUT_BUFFER_BYTES)
  }

  /** Keeps a buffer, unless there are enough or it had to grow. */
  put(written: Uint8Array): void {
    const whole = new Uint8Array(written.buffer as ArrayBuffer)
    if (whole.length === OUTPUT_BUFFER_BYTES && this.#spare.length < MAX_SPARE_BUFFERS)
      this.#spare.push(whole)
  }
}
