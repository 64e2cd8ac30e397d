import { FRAME_TYPE, type PayloadByte } from './frame-scanner.js'

/** Of no known meaning: a client has to ignore such frames (RFC 9113 section 5.5). */
const UNKNOWN_TYPE = 0xf7
const HEADER_BYTES = 9
const INCREMENT_BYTES = 4
/** Largest increment (RFC 9113 section 6.9). */
const MAX_INCREMENT = 2 ** 31 - 1

/**
 * Keeps the client's flow-control windows from growing. Node's session does not know: the WINDOW_UPDATE frames that it sends
 * are given an unknown type on their way, and their sum goes out when the hold ends. What is held back is bounded by
 * the windows that the client has, since it can send no more.
 */
export class WindowHold {
  readonly #heldBack = new Map<number, number>()
  #isHolding = false
  #increment = 0

  /** From now on nothing gets through. */
  hold(): void {
    this.#isHolding = true
  }

  /** Ends the hold; returns the frames that make up for it. */
  release(): Buffer[] {
    this.#isHolding = false
    const frames = Array.from(this.#heldBack, ([streamId, increment]) => windowUpdate(streamId, increment))
    this.#heldBack.clear()
    return frames
  }

  /** The type that an outgoing frame gets. */
  frameType(type: number): number {
    return this.#isHolding && type === FRAME_TYPE.windowUpdate ? UNKNOWN_TYPE : type
  }

  /** A frame's header has gone out; what looks at the payload, where it was held back. */
  frame(type: number, streamId: number): PayloadByte | undefined {
    if (type !== UNKNOWN_TYPE) return undefined
    return (position, byte) => {
      this.#increment = position === 0 ? byte & 0x7f : this.#increment * 256 + byte
      if (position === INCREMENT_BYTES - 1) {
        const sum = (this.#heldBack.get(streamId) ?? 0) + this.#increment
        this.#heldBack.set(streamId, Math.min(sum, MAX_INCREMENT))
      }
      return byte
    }
  }
}

function windowUpdate(streamId: number, increment: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + INCREMENT_BYTES)
  frame.writeUIntBE(INCREMENT_BYTES, 0, 3)
  frame.writeUInt8(FRAME_TYPE.windowUpdate, 3)
  frame.writeUInt32BE(streamId, 5)
  frame.writeUInt32BE(increment, HEADER_BYTES)
  return frame
}
