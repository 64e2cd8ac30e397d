/**
 * The frames of the retired binary protocol, as its server reads them.
 *
 *     command 0: 0 | token length u16 | token | payload length u16 | payload
 *     command 1: 1 | ident u32 | expiration u32 | token length u16 | token | payload length u16 | payload
 *     command 2: 2 | items length u32 | items, each: id u8 | length u16 | data
 *
 * Source: Apple, archived "Binary Provider API" and "Legacy Information". Where these do not say what is wrong enough to be
 * a protocol error, this reader is strict: a client should write nothing that is not in the description.
 */

/** The three formats of a frame, in the order of their command bytes. */
export const FRAME_FORMATS = ['simple', 'enhanced', 'items'] as const

/** `simple` is command 0, `enhanced` command 1, `items` command 2. */
export type FrameFormat = (typeof FRAME_FORMATS)[number]

/** What a frame says. Token and payload are empty when they are missing; they are views of what was received. */
export interface Frame {
  readonly format: FrameFormat
  readonly token: Buffer
  readonly payload: Buffer
  readonly ident: number | undefined
  /** Seconds since 1970; 0: not stored. */
  readonly expiration: number | undefined
  readonly priority: number | undefined
}

/** Why a frame can not be read. What comes behind it can not be read either. */
export interface FrameFault {
  readonly problem: string
  /** When it was read before the fault. */
  readonly ident: number | undefined
}

/** A frame or a fault, and where the frame ends. */
export type FrameReading =
  | { readonly frame: Frame; readonly end: number }
  | { readonly fault: FrameFault; readonly end: number }

const COMMAND_BYTES = 1
const LENGTH_BYTES = 2
const UINT32_BYTES = 4
const ITEM_HEADER_BYTES = 1 + LENGTH_BYTES
const MAX_UINT16 = 65_535
/** Every item once, as long as its length field can say: longer frames hold something that does not belong there. */
export const MAX_ITEMS_BYTES: number = 5 * ITEM_HEADER_BYTES + 2 * MAX_UINT16 + 2 * UINT32_BYTES + 1

const NOTHING: Buffer = Buffer.alloc(0)
const ITEMS: Readonly<Record<number, { readonly name: string; readonly bytes?: number }>> = {
  1: { name: 'token' },
  2: { name: 'payload' },
  3: { name: 'ident', bytes: UINT32_BYTES },
  4: { name: 'expiration', bytes: UINT32_BYTES },
  5: { name: 'priority', bytes: 1 },
}

/** Reads the frame at the start of `bytes`, or returns undefined while it is not complete. */
export function readFrame(bytes: Buffer, formats: ReadonlySet<FrameFormat>): FrameReading | undefined {
  const command = bytes[0]
  if (command === undefined) return undefined
  const format = FRAME_FORMATS[command]
  if (format === undefined || !formats.has(format)) return fault(`command ${command} is unknown here`)
  if (format === 'items') return readItemsFrame(bytes)
  return readPlainFrame(bytes, format)
}

/** Commands 0 and 1: two fields with their lengths, behind a header of fixed length. */
function readPlainFrame(bytes: Buffer, format: 'simple' | 'enhanced'): FrameReading | undefined {
  const isEnhanced = format === 'enhanced'
  const tokenAt = COMMAND_BYTES + (isEnhanced ? 2 * UINT32_BYTES : 0)
  const token = readField(bytes, tokenAt)
  if (token === undefined) return undefined
  const payloadAt = tokenAt + LENGTH_BYTES + token.length
  const payload = readField(bytes, payloadAt)
  if (payload === undefined) return undefined
  const frame: Frame = {
    format,
    token,
    payload,
    ident: isEnhanced ? bytes.readUInt32BE(COMMAND_BYTES) : undefined,
    expiration: isEnhanced ? bytes.readUInt32BE(COMMAND_BYTES + UINT32_BYTES) : undefined,
    priority: undefined,
  }
  return { frame, end: payloadAt + LENGTH_BYTES + payload.length }
}

function readField(bytes: Buffer, at: number): Buffer | undefined {
  const start = at + LENGTH_BYTES
  if (bytes.length < start) return undefined
  const end = start + bytes.readUInt16BE(at)
  return bytes.length < end ? undefined : bytes.subarray(start, end)
}

function readItemsFrame(bytes: Buffer): FrameReading | undefined {
  const start = COMMAND_BYTES + UINT32_BYTES
  if (bytes.length < start) return undefined
  const itemsBytes = bytes.readUInt32BE(COMMAND_BYTES)
  if (itemsBytes > MAX_ITEMS_BYTES) return fault(`a frame of ${itemsBytes} bytes, ${MAX_ITEMS_BYTES} at most`)
  const end = start + itemsBytes
  return bytes.length < end ? undefined : readItems(bytes.subarray(start, end), end)
}

function readItems(bytes: Buffer, end: number): FrameReading {
  const items = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const id = bytes[at] ?? 0
    const data = readField(bytes, at + 1)
    const problem = data === undefined ? `item ${id} ends behind its frame` : itemProblem(id, data, items)
    if (data === undefined || problem !== undefined) return fault(problem ?? '', uint32(items.get(3)))
    items.set(id, data)
    at += ITEM_HEADER_BYTES + data.length
  }
  const frame: Frame = {
    format: 'items',
    token: items.get(1) ?? NOTHING,
    payload: items.get(2) ?? NOTHING,
    ident: uint32(items.get(3)),
    expiration: uint32(items.get(4)),
    priority: items.get(5)?.[0],
  }
  return { frame, end }
}

function itemProblem(id: number, data: Buffer, before: ReadonlyMap<number, Buffer>): string | undefined {
  const item = ITEMS[id]
  if (item === undefined) return `there is no item ${id}`
  if (before.has(id)) return `a second item ${id} (${item.name})`
  if (item.bytes === undefined || item.bytes === data.length) return undefined
  return `item ${id} (${item.name}) has ${data.length} bytes instead of ${item.bytes}`
}

function uint32(data: Buffer | undefined): number | undefined {
  return data?.readUInt32BE(0)
}

function fault(problem: string, ident?: number): FrameReading {
  return { fault: { problem, ident }, end: 0 }
}
