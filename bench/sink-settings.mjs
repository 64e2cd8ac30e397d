/** Apple's values, as seen on the wire in production in 2021; later sightings agree on the number of streams. */
const HEADER_TABLE_BYTES = 4096
const HEADER_LIST_BYTES = 8000
export const STREAM_LIMIT = 1000

/**
 * The size of a flow-control window to begin with (RFC 9113 section 6.9.2), and Apple's SETTINGS_INITIAL_WINDOW_SIZE. How
 * much more Apple grants a connection is not known.
 */
export const PROTOCOL_WINDOW_BYTES = 65_535
/** RFC 9113 section 6.9.1. */
export const LARGEST_WINDOW_BYTES = 2 ** 31 - 1

/** RFC 9113 section 6.5.2. */
const SETTING = {
  HEADER_TABLE_SIZE: 0x1,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_HEADER_LIST_SIZE: 0x6,
}

/** The payload of the first SETTINGS frame. */
export const FIRST_SETTINGS = encode([
  [SETTING.HEADER_TABLE_SIZE, HEADER_TABLE_BYTES],
  [SETTING.MAX_CONCURRENT_STREAMS, STREAM_LIMIT],
  [SETTING.INITIAL_WINDOW_SIZE, PROTOCOL_WINDOW_BYTES],
  [SETTING.MAX_HEADER_LIST_SIZE, HEADER_LIST_BYTES],
])

/**
 * The payload of a SETTINGS frame that changes the stream limit.
 *
 * @param {number} limit
 */
export function streamLimitSettings(limit) {
  return encode([[SETTING.MAX_CONCURRENT_STREAMS, limit]])
}

/** @param {readonly (readonly [setting: number, value: number])[]} settings */
function encode(settings) {
  const bytes = Buffer.alloc(settings.length * 6)
  settings.forEach(([setting, value], index) => {
    bytes.writeUInt16BE(setting, index * 6)
    bytes.writeUInt32BE(value, index * 6 + 2)
  })
  return bytes
}
