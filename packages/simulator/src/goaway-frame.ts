import { FRAME_TYPE } from './frame-scanner.js'

const HEADER_BYTES = 9
const FIXED_BYTES = 8

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
