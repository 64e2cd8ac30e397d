/** HTTP/2 frame types that the simulator looks at (RFC 9113 section 6). */
export const FRAME_TYPE = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  goAway: 0x7,
  continuation: 0x9,
} as const

/** Frame flags that the simulator looks at. */
export const FLAG = { endStream: 0x1, acknowledgement: 0x1, endHeaders: 0x4 } as const

const HEADER_BYTES = 9

/** What a scanner reports. */
export interface FrameObserver {
  /** A frame header was read in full; its payload follows. */
  frame(type: number, flags: number, streamId: number): void
  /** One byte of a SETTINGS payload; what it returns takes the byte's place. */
  settingsByte(position: number, byte: number): number
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
  #inSettings = false
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

  /** Reads the next bytes; bytes of SETTINGS payloads may be changed in place. */
  scan(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#payloadLeft > 0) offset = this.#scanPayload(chunk, offset)
      else offset = this.#scanHeader(chunk, offset)
    }
  }

  #scanHeader(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + HEADER_BYTES - this.#headerBytes)
    for (let offset = start; offset < end; offset++) this.#header[this.#headerBytes++] = chunk[offset] ?? 0
    if (this.#headerBytes === HEADER_BYTES) this.#headerComplete()
    return end
  }

  #headerComplete(): void {
    const [length2 = 0, length1 = 0, length0 = 0, type = 0, flags = 0, id3 = 0, id2 = 0, id1 = 0, id0 = 0] =
      this.#header
    this.#headerBytes = 0
    this.#payloadLeft = (length2 << 16) | (length1 << 8) | length0
    this.#payloadPosition = 0
    this.#inSettings = type === FRAME_TYPE.settings
    if (type === FRAME_TYPE.headers || type === FRAME_TYPE.continuation) {
      this.#inHeaderBlock = (flags & FLAG.endHeaders) === 0
    }
    this.#observer.frame(type, flags, ((id3 & 0x7f) << 24) | (id2 << 16) | (id1 << 8) | id0)
  }

  #scanPayload(chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + this.#payloadLeft)
    if (this.#inSettings) {
      for (let offset = start; offset < end; offset++) {
        chunk[offset] = this.#observer.settingsByte(this.#payloadPosition++, chunk[offset] ?? 0)
      }
    }
    this.#payloadLeft -= end - start
    return end
  }
}
