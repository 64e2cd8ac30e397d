/** HTTP/2 frame types that the simulator looks at (RFC 9113 section 6). */
export const FRAME_TYPE = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

/** Frame flags that the simulator looks at. */
export const FLAG = { endStream: 0x1, acknowledgement: 0x1, endHeaders: 0x4 } as const

const HEADER_BYTES = 9
const TYPE_POSITION = 3

/** Takes a byte of a frame's payload and its position there, and returns the byte that takes its place. */
export type PayloadByte = (position: number, byte: number) => number

/** What a scanner reports. */
export interface FrameObserver {
  /** The type of a frame was read; what it returns takes its place. */
  frameType?(type: number): number
  /** A frame header was read in full; its payload follows, and is shown to what this returns. */
  frame(type: number, flags: number, streamId: number): PayloadByte | undefined
}

/**
 * Finds the frames in one direction of a connection, however it is cut into chunks. It decodes no header blocks
 * and keeps no payload.
 */
export class FrameScanner {
  readonly #observer: FrameObserver
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  #payloadLeft: number
  #payloadPosition = 0
  #payloadByte: PayloadByte | undefined
  #inHeaderBlock = false

  /** `prefaceBytes`: how many bytes come before the first frame (24 from a client, none from a server). */
  constructor(observer: FrameObserver, prefaceBytes = 0) {
    this.#observer = observer
    this.#payloadLeft = prefaceBytes
  }

  /** Whether a frame of ours may be put in here: between two frames, and not inside a header block. */
  get atBoundary(): boolean {
    return this.#payloadLeft === 0 && this.#headerBytes === 0 && !this.#inHeaderBlock
  }

  /** Reads the next bytes; what the observer wants otherwise is changed in place. */
  scan(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#payloadLeft > 0) offset = this.#scanPayload(chunk, offset)
      else offset = this.#scanHeader(chunk, offset)
    }
  }

  #scanHeader(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + HEADER_BYTES - this.#headerBytes)
    for (let offset = start; offset < end; offset++) {
      if (this.#headerBytes === TYPE_POSITION) this.#replaceType(chunk, offset)
      this.#header[this.#headerBytes++] = chunk[offset] ?? 0
    }
    if (this.#headerBytes === HEADER_BYTES) this.#headerComplete()
    return end
  }

  #replaceType(chunk: Uint8Array, offset: number): void {
    const type = chunk[offset] ?? 0
    chunk[offset] = this.#observer.frameType?.(type) ?? type
  }

  #headerComplete(): void {
    const [length2 = 0, length1 = 0, length0 = 0, type = 0, flags = 0, id3 = 0, id2 = 0, id1 = 0, id0 = 0] =
      this.#header
    this.#headerBytes = 0
    this.#payloadLeft = (length2 << 16) | (length1 << 8) | length0
    this.#payloadPosition = 0
    if (type === FRAME_TYPE.headers || type === FRAME_TYPE.continuation) {
      this.#inHeaderBlock = (flags & FLAG.endHeaders) === 0
    }
    this.#payloadByte = this.#observer.frame(
      type,
      flags,
      ((id3 & 0x7f) << 24) | (id2 << 16) | (id1 << 8) | id0,
    )
  }

  #scanPayload(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + this.#payloadLeft)
    const payloadByte = this.#payloadByte
    if (payloadByte !== undefined) {
      for (let offset = start; offset < end; offset++) {
        chunk[offset] = payloadByte(this.#payloadPosition++, chunk[offset] ?? 0)
      }
    }
    this.#payloadLeft -= end - start
    return end
  }
}
