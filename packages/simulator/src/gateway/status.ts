/** Statuses of an error response that the gateway gives by itself. */
export const STATUS = {
  missingToken: 2,
  missingPayload: 4,
  invalidTokenSize: 5,
  invalidPayloadSize: 7,
  /** Not an error: the connection is closed, and the ident is that of the last notification accepted. */
  shutdown: 10,
  protocolError: 128,
} as const

const COMMAND_ERROR_RESPONSE = 8
const ERROR_RESPONSE_BYTES = 1 + 1 + 4

/** An error response: command 8, status, and the ident as it was sent; 0 stands for none. */
export function errorResponse(status: number, ident: number | undefined): Buffer {
  const bytes = Buffer.alloc(ERROR_RESPONSE_BYTES)
  bytes.writeUInt8(COMMAND_ERROR_RESPONSE, 0)
  bytes.writeUInt8(status, 1)
  bytes.writeUInt32BE(ident ?? 0, 2)
  return bytes
}
