import { FRAME_TYPE, type PayloadByte } from './frame-scanner.js'

const HEADER_BYTES = 9
const FIXED_BYTES = 8
const CODE_POSITION = 4

/** A GOAWAY frame (RFC 9113 section 6.8). */
export function goAwayFrame(lastStreamId: number, code: number, debugData: string): Buffer {
  const debug = Buffer.from(debugData, 'utf8')
  const frame = Buffer.alloc(HEADER_BYTES + FIXED_BYTES + debug.length)
  frame.writeUIntBE(FIXED_BYTES + debug.length, 0, 3)
  frame.writeUInt8(FRAME_TYPE.goAway, 3)
  frame.writeUInt32BE(lastStreamId, HEADER_BYTES)
  frame.writeUInt32BE(code, HEADER_BYTES + 4)
  debug.copy(frame, HEADER_BYTES + FIXED_BYTES)
  return frame
}

/** Reads the error code of GOAWAY frames that pass by. */
export class GoAwayCode {
  #code = 0

  /** Whether one had another code than NO_ERROR. */
  get isError(): boolean {
    return this.#code !== 0
  }

  readonly payloadByte: PayloadByte = (position, byte) => {
    if (position >= CODE_POSITION && position < FIXED_BYTES) this.#code = this.#code * 256 + byte
    return byte
  }
}
