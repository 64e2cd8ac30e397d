/** HTTP/2 error codes by name (RFC 9113 section 7). */
export const ERROR_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const

/** An HTTP/2 error code, by name or by number. */
export type ErrorCode = keyof typeof ERROR_CODES | number

/** The number of an error code. */
export function errorCodeNumber(code: ErrorCode): number {
  return typeof code === 'number' ? code : ERROR_CODES[code]
}
