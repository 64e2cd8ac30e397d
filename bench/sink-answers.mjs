/**
 * The bytes that the sink answers with. Every answer is built from a template; only the stream id, and with it the
 * last eight digits of the `apns-id`, differ from one answer to the next.
 */

const FRAME_HEADER_BYTES = 9
const DATA = 0x0
const HEADERS = 0x1
const END_STREAM = 0x1
const END_HEADERS = 0x4

/** RFC 7541 appendix A: `:status 200` is entry 8 and `:status 400` entry 12; 410 is a literal on the name of entry 8. */
const STATUS_200 = Buffer.from([0x88])
const STATUS_400 = Buffer.from([0x8c])
const STATUS_410 = Buffer.from('\x08\x03410', 'latin1')
/** A literal with a new name, kept out of the dynamic table (RFC 7541 section 6.2.2). */
const APNS_ID = Buffer.from('\x00\x07apns-id\x24b5f1d2c8-6a0e-4c3b-9f7d-000000000000', 'latin1')
/** A literal on the name of entry 31, `content-type`. */
const CONTENT_TYPE = Buffer.from('\x0f\x10\x10application/json', 'latin1')

const BODY_400 = Buffer.from('{"reason":"BadDeviceToken"}')
const BODY_410 = Buffer.from('{"reason":"Unregistered","timestamp":1454948015990}')

const HEX_DIGITS = Buffer.from('0123456789abcdef', 'latin1')

/**
 * One kind of answer.
 *
 * @typedef {object} Answer
 * @property {Buffer} bytes the frames, with stream id 0
 * @property {number[]} streamIdOffsets where each frame's stream id stands
 * @property {number} idEnd where the `apns-id` ends
 * @property {number} dataBytes how much it takes from the client's flow-control window
 */

export const ACCEPTED = makeAnswer(STATUS_200)
export const BAD_DEVICE_TOKEN = makeAnswer(STATUS_400, BODY_400)
export const UNREGISTERED = makeAnswer(STATUS_410, BODY_410)

/**
 * Writes an answer for one stream.
 *
 * @param {Answer} answer
 * @param {number} streamId
 * @param {Buffer} target with room for `answer.bytes.length` from `offset` on
 * @param {number} offset
 * @returns {number} the offset after the answer
 */
export function writeAnswer(answer, streamId, target, offset) {
  target.set(answer.bytes, offset)
  for (const at of answer.streamIdOffsets) target.writeUInt32BE(streamId, offset + at)
  let digits = streamId
  for (let at = offset + answer.idEnd - 1, count = 8; count > 0; count -= 1, at -= 1) {
    target[at] = HEX_DIGITS[digits & 15]
    digits >>>= 4
  }
  return offset + answer.bytes.length
}

/**
 * @param {Buffer} status
 * @param {Buffer} [body]
 * @returns {Answer}
 */
function makeAnswer(status, body) {
  const block = Buffer.concat(body === undefined ? [status, APNS_ID] : [status, APNS_ID, CONTENT_TYPE])
  const headers = frame(HEADERS, body === undefined ? END_HEADERS | END_STREAM : END_HEADERS, block)
  const data = body === undefined ? Buffer.alloc(0) : frame(DATA, END_STREAM, body)
  return {
    bytes: Buffer.concat([headers, data]),
    streamIdOffsets: body === undefined ? [5] : [5, headers.length + 5],
    idEnd: FRAME_HEADER_BYTES + status.length + APNS_ID.length,
    dataBytes: body === undefined ? 0 : body.length,
  }
}

/**
 * @param {number} type
 * @param {number} flags
 * @param {Buffer} payload
 */
export function frame(type, flags, payload, streamId = 0) {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}
