import { type Frame, type FrameFault, type FrameFormat, readFrame } from './frame.js'

/** What a reader tells. */
export interface FrameHandler {
  /** A frame, whose buffers are valid during the call only. */
  onFrame(frame: Frame): void
  /** The frame can not be read. Called once: nothing is read after it. */
  onFault(fault: FrameFault): void
}

const NOTHING: Buffer = Buffer.alloc(0)

/** Takes a connection's bytes in whatever pieces they come and gives out the frames. */
export class FrameReader {
  readonly #formats: ReadonlySet<FrameFormat>
  readonly #handler: FrameHandler
  /** Holds an incomplete frame in its first `#held` bytes; it grows to a frame's length limit and a chunk. */
  #buffer: Buffer = NOTHING
  #held = 0
  #failed = false

  constructor(formats: ReadonlySet<FrameFormat>, handler: FrameHandler) {
    this.#formats = formats
    this.#handler = handler
  }

  receive(chunk: Buffer): void {
    if (this.#failed) return
    const bytes = this.#held === 0 ? chunk : this.#join(chunk)
    const rest = bytes.subarray(this.#readFrames(bytes))
    if (this.#failed) {
      this.#buffer = NOTHING
      this.#held = 0
    } else {
      this.#hold(rest)
    }
  }

  /** Returns where the last complete frame ends. */
  #readFrames(bytes: Buffer): number {
    let at = 0
    for (;;) {
      const reading = readFrame(bytes.subarray(at), this.#formats)
      if (reading === undefined) return at
      if ('fault' in reading) {
        this.#failed = true
        this.#handler.onFault(reading.fault)
        return at
      }
      this.#handler.onFrame(reading.frame)
      at += reading.end
    }
  }

  #join(chunk: Buffer): Buffer {
    this.#makeRoom(this.#held + chunk.length)
    chunk.copy(this.#buffer, this.#held)
    return this.#buffer.subarray(0, this.#held + chunk.length)
  }

  #hold(rest: Buffer): void {
    this.#makeRoom(rest.length)
    rest.copy(this.#buffer)
    this.#held = rest.length
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#buffer.length) return
    // Doubled, so that a frame that comes byte by byte is not copied for each of them.
    const grown = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.#held)
    this.#buffer = grown
  }
}
