/**
 * Frames of the retired binary protocol.
 *
 * Source: Apple, archived "Binary Provider API".
 */

const COMMAND_ITEMS = 2

const ITEM_TOKEN = 1
const ITEM_PAYLOAD = 2
const ITEM_IDENT = 3
const ITEM_EXPIRATION = 4
const ITEM_PRIORITY = 5

/** Command byte and frame length. */
const FRAME_HEADER_BYTES = 5
/** Item id and item length. */
const ITEM_HEADER_BYTES = 3
const UINT32_BYTES = 4

/** What a frame says. What is undefined has no item in it. */
export interface FrameFields {
  readonly token: Uint8Array
  readonly payload: Uint8Array
  /** 32 bits, given back in an error response. */
  readonly ident: number | undefined
  /** Unix seconds; 0: not stored. */
  readonly expiration: number | undefined
  /** 0 to 255. */
  readonly priority: number | undefined
}

/** A command 2 frame: token, payload, ident, expiration and priority, in this order. */
export function encodeItemsFrame({ token, payload, ident, expiration, priority }: FrameFields): Uint8Array {
  const itemsBytes =
    itemBytes(token.length) +
    itemBytes(payload.length) +
    (ident === undefined ? 0 : itemBytes(UINT32_BYTES)) +
    (expiration === undefined ? 0 : itemBytes(UINT32_BYTES)) +
    (priority === undefined ? 0 : itemBytes(1))
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + itemsBytes)
  let at = frame.writeUInt8(COMMAND_ITEMS, 0)
  at = frame.writeUInt32BE(itemsBytes, at)
  at = writeItem(frame, at, ITEM_TOKEN, token)
  at = writeItem(frame, at, ITEM_PAYLOAD, payload)
  if (ident !== undefined)
    at = frame.writeUInt32BE(ident, writeItemHeader(frame, at, ITEM_IDENT, UINT32_BYTES))
  if (expiration !== undefined) {
    at = frame.writeUInt32BE(expiration, writeItemHeader(frame, at, ITEM_EXPIRATION, UINT32_BYTES))
  }
  if (priority !== undefined) frame.writeUInt8(priority, writeItemHeader(frame, at, ITEM_PRIORITY, 1))
  return frame
}

function itemBytes(dataBytes: number): number {
  return ITEM_HEADER_BYTES + dataBytes
}

function writeItemHeader(frame: Buffer, at: number, id: number, bytes: number): number {
  return frame.writeUInt16BE(bytes, frame.writeUInt8(id, at))
}

function writeItem(frame: Buffer, at: number, id: number, data: Uint8Array): number {
  const start = writeItemHeader(frame, at, id, data.length)
  frame.set(data, start)
  return start + data.length
}
