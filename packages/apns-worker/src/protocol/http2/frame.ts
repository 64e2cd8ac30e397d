/** Frame types of RFC 9113 section 6. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const

/** Frame flags of RFC 9113 section 6; `ACK` and `END_STREAM` share a bit and belong to different types. */
export const Flag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const

/** Bytes of a frame's header (RFC 9113 section 4.1). */
export const FRAME_HEADER_BYTES = 9

/** The smallest permitted, and our own, SETTINGS_MAX_FRAME_SIZE (RFC 9113 section 6.5.2). */
export const DEFAULT_MAX_FRAME_SIZE = 16_384

/** The initial flow-control window of connection and streams (RFC 9113 section 6.9.2). */
export const DEFAULT_WINDOW = 65_535

/** The largest flow-control window, and the largest stream id (31 bits). */
export const MAX_31_BIT = 0x7fff_ffff
