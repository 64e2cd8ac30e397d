/** Frames and header blocks as a server would send them, built by hand: nothing of the code under test is used. */

/** One frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = '',
): Buffer {
  const body = Buffer.from(payload as Uint8Array)
  const header = Buffer.alloc(9)
  header.writeUIntBE(body.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, body])
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [position, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, position * 4)
  return bytes
}

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8
export const PRIORITY = 0x20

export const data = (streamId: number, payload: Uint8Array | string, flags = 0): Buffer =>
  frame(0x0, flags, streamId, payload)
export const headers = (streamId: number, block: Uint8Array, flags = END_HEADERS): Buffer =>
  frame(0x1, flags, streamId, block)
export const priority = (streamId: number): Buffer => frame(0x2, 0, streamId, Buffer.alloc(5))
export const rstStream = (streamId: number, code: number): Buffer => frame(0x3, 0, streamId, uint32(code))
export const settings = (...pairs: readonly (readonly [id: number, value: number])[]): Buffer =>
  frame(
    0x4,
    0,
    0,
    Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), uint32(value)]))),
  )
export const settingsAck = (): Buffer => frame(0x4, ACK, 0)
export const ping = (payload: string, flags = 0): Buffer => frame(0x6, flags, 0, payload)
export const goaway = (lastStreamId: number, code: number, debug = ''): Buffer =>
  frame(0x7, 0, 0, Buffer.concat([uint32(lastStreamId, code), Buffer.from(debug)]))
export const windowUpdate = (streamId: number, increment: number): Buffer =>
  frame(0x8, 0, streamId, uint32(increment))
export const continuation = (streamId: number, block: Uint8Array, flags = END_HEADERS): Buffer =>
  frame(0x9, flags, streamId, block)

/** A field as a literal without indexing, not Huffman-coded; up to 126 bytes of name and any length of value. */
export function literal(name: string, value: string): Buffer {
  const length = value.length
  const prefix = length < 127 ? [length] : [0x7f, ...variable(length - 127)]
  return Buffer.concat([Buffer.from([0, name.length]), latin1(name), Buffer.from(prefix), latin1(value)])
}

/** A whole header block of such fields. */
export function block(...fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)))
}

/** `:status: 200` from the static table. */
export const OK: Buffer = Buffer.from([0x88])

/** The complete answer of a server that accepts. */
export const accepted = (streamId: number): Buffer => headers(streamId, OK, END_HEADERS | END_STREAM)

function variable(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...variable(value >>> 7)]
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A frame that the code under test wrote. */
export interface SentFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** Cuts bytes into frames; throws when they do not end with a frame. */
export function parseFrames(bytes: Uint8Array): SentFrame[] {
  const input = Buffer.from(bytes)
  const frames: SentFrame[] = []
  for (let at = 0; at < input.length; ) {
    const end = at + 9 + input.readUIntBE(at, 3)
    if (end > input.length) throw new Error('the output ends within a frame')
    frames.push({
      type: input.readUInt8(at + 3),
      flags: input.readUInt8(at + 4),
      streamId: input.readUInt32BE(at + 5),
      payload: input.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}

const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
]

/** A frame in short, for a comparison that reads well: `DATA 1 200 END`, `RST_STREAM 3 8`, `GOAWAY 0 0 1`. */
export function describe(sent: SentFrame): string {
  const { type, flags, streamId, payload } = sent
  const words: (string | number)[] = [TYPES[type] ?? `type ${type}`, streamId]
  if (type === 0 || type === 1 || type === 9) words.push(payload.length)
  if ((type === 0 || type === 1) && (flags & END_STREAM) !== 0) words.push('END')
  if ((type === 1 || type === 9) && (flags & END_HEADERS) === 0) words.push('…')
  if (type === 3 || type === 7 || type === 8)
    for (let at = 0; at < payload.length; at += 4) words.push(payload.readUInt32BE(at))
  if ((type === 4 || type === 6) && (flags & ACK) !== 0) words.push('ACK')
  return words.join(' ')
}
