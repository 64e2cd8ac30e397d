/**
 * Frames of the retired binary protocol, all integers big-endian.
 *
 *     command 0: 00 | token length u16 | token | payload length u16 | payload
 *     command 1: 01 | ident u32 | expiration u32 | token length u16 | token | payload length u16 | payload
 *     command 2: 02 | frame length u32 | items, each: id u8 | length u16 | data
 *
 * Sources: Apple, archived "Binary Provider API" and "Legacy Notification Format".
 */

/** How a frame is written: `simple` is command 0, `enhanced` command 1, `items` command 2. */
export type FrameFormat = 'simple' | 'enhanced' | 'items'

/** The largest payload of each format, in bytes. */
export const GATEWAY_PAYLOAD_BYTES: Readonly<Record<FrameFormat, number>> = {
  simple: 256,
  enhanced: 256,
  items: 2048,
}

/** What a frame says. What is undefined has no item in it. */
export interface FrameFields {
  readonly token: Uint8Array
  readonly payload: Uint8Array
  /** 32 bits, given back in an error response. Command 0 has no place for it; in command 1, undefined is 0. */
  readonly ident: number | undefined
  /**
   * Unix seconds; 0: not stored. Command 0 has no place for it; command 1 can not leave it out, so that undefined is the
   * year 2038 there, the latest time that a relay with signed integers can read.
   */
  readonly expiration: number | undefined
  /** 0 to 255; 10 is implied by commands 0 and 1. */
  readonly priority: number | undefined
}

const COMMANDS: Readonly<Record<FrameFormat, number>> = { simple: 0, enhanced: 1, items: 2 }

const ITEM_TOKEN = 1
const ITEM_PAYLOAD = 2
const ITEM_IDENT = 3
const ITEM_EXPIRATION = 4
const ITEM_PRIORITY = 5

const NO_EXPIRATION = 0x7fff_ffff

const COMMAND_BYTES = 1
const LENGTH_BYTES = 2
const UINT32_BYTES = 4
/** Item id and item length. */
const ITEM_HEADER_BYTES = 1 + LENGTH_BYTES

/** How many bytes a frame has. */
export function frameBytes(format: FrameFormat, fields: FrameFields): number {
  if (format === 'items') return COMMAND_BYTES + UINT32_BYTES + itemsBytes(fields)
  const fixed = format === 'enhanced' ? 2 * UINT32_BYTES : 0
  return COMMAND_BYTES + fixed + 2 * LENGTH_BYTES + fields.token.length + fields.payload.length
}

/** A frame of its own. */
export function encodeFrame(format: FrameFormat, fields: FrameFields): Uint8Array {
  const frame = Buffer.allocUnsafe(frameBytes(format, fields))
  writeFrame(frame, 0, format, fields)
  return frame
}

/**
 * Writes a frame among others.
 *
 * @param at where it starts in the buffer, which has room for it
 * @returns where it ends
 */
export function writeFrame(buffer: Buffer, at: number, format: FrameFormat, fields: FrameFields): number {
  const start = buffer.writeUInt8(COMMANDS[format], at)
  if (format === 'items') return writeItems(buffer, start, fields)
  const body =
    format === 'enhanced'
      ? buffer.writeUInt32BE(
          fields.expiration ?? NO_EXPIRATION,
          buffer.writeUInt32BE(fields.ident ?? 0, start),
        )
      : start
  return writeSized(buffer, writeSized(buffer, body, fields.token), fields.payload)
}

function itemsBytes({ token, payload, ident, expiration, priority }: FrameFields): number {
  return (
    ITEM_HEADER_BYTES +
    token.length +
    ITEM_HEADER_BYTES +
    payload.length +
    (ident === undefined ? 0 : ITEM_HEADER_BYTES + UINT32_BYTES) +
    (expiration === undefined ? 0 : ITEM_HEADER_BYTES + UINT32_BYTES) +
    (priority === undefined ? 0 : ITEM_HEADER_BYTES + 1)
  )
}

/** Token, payload, ident, expiration and priority, in this order. */
function writeItems(buffer: Buffer, start: number, fields: FrameFields): number {
  const { token, payload, ident, expiration, priority } = fields
  let at = buffer.writeUInt32BE(itemsBytes(fields), start)
  at = writeSized(buffer, buffer.writeUInt8(ITEM_TOKEN, at), token)
  at = writeSized(buffer, buffer.writeUInt8(ITEM_PAYLOAD, at), payload)
  if (ident !== undefined)
    at = buffer.writeUInt32BE(ident, writeItemHeader(buffer, at, ITEM_IDENT, UINT32_BYTES))
  if (expiration !== undefined) {
    at = buffer.writeUInt32BE(expiration, writeItemHeader(buffer, at, ITEM_EXPIRATION, UINT32_BYTES))
  }
  if (priority !== undefined) at = buffer.writeUInt8(priority, writeItemHeader(buffer, at, ITEM_PRIORITY, 1))
  return at
}

function writeItemHeader(buffer: Buffer, at: number, id: number, bytes: number): number {
  return buffer.writeUInt16BE(bytes, buffer.writeUInt8(id, at))
}

/** Data behind its length in 16 bits. */
function writeSized(buffer: Buffer, at: number, data: Uint8Array): number {
  const start = buffer.writeUInt16BE(data.length, at)
  buffer.set(data, start)
  return start + data.length
}
