import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { FrameReader, ReadResult } from '#src/protocol/http2/frame-reader.js'
import { readVectors } from '../../support/vectors.js'
import { Dialogue } from './support/dialogue.js'

interface FrameVector {
  /** Error codes, any of which will do; null for a frame that is in order. */
  readonly error: readonly number[] | null
  readonly wire: string
  readonly frame: {
    readonly length: number
    readonly type: number
    readonly flags: number
    readonly stream_identifier: number
    readonly frame_payload: Readonly<Record<string, unknown>>
  } | null
  readonly description: string
}

const ROOT = new URL('../../../test/vectors/http2-frames/', import.meta.url)
const paths = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json'))
  .sort()
let passed = 0
after(() => console.log(`vectors: ${passed} HTTP/2 frames, whole and in single bytes`))

/** Feeds the bytes in chunks of this length, and gives the first result that is not MORE. */
function read(reader: FrameReader, wire: Buffer, chunkLength: number): number {
  for (let at = 0; at < wire.length; at += chunkLength) {
    // A copy that is overwritten afterwards: what the reader keeps has to be its own.
    const chunk = Buffer.from(wire.subarray(at, at + chunkLength))
    reader.feed(chunk)
    const result = reader.next()
    if (result !== ReadResult.MORE) return result
    chunk.fill(0xff)
  }
  return ReadResult.MORE
}

/** The payload that is left when padding and priority fields are cut off, as the vectors' own fields make it up. */
function expectedPayload(type: number, payload: Readonly<Record<string, unknown>>): Buffer {
  const text = (name: string): Buffer => Buffer.from(String(payload[name] ?? ''), 'latin1')
  const uint32 = (...values: readonly unknown[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(Number(value), 4 * index)
    return bytes
  }
  switch (type) {
    case 0:
      return text('data')
    case 1:
    case 9:
      return text('header_block_fragment')
    case 2: {
      const exclusive = payload['exclusive'] === true ? 2 ** 31 : 0
      const dependency = uint32(Number(payload['stream_dependency']) + exclusive)
      return Buffer.concat([dependency, Buffer.of(Number(payload['weight']) - 1)])
    }
    case 3:
      return uint32(payload['error_code'])
    case 5:
      return Buffer.concat([uint32(payload['promised_stream_id']), text('header_block_fragment')])
    case 6:
      return text('opaque_data')
    case 7:
      return Buffer.concat([
        uint32(payload['last_stream_id'], payload['error_code']),
        text('additional_debug_data'),
      ])
    case 8:
      return uint32(payload['window_size_increment'])
    case 4:
      return Buffer.concat(
        (payload['settings'] as readonly (readonly [number, number])[]).map(([id, value]) => {
          const entry = Buffer.alloc(6)
          entry.writeUInt16BE(id, 0)
          entry.writeUInt32BE(value, 2)
          return entry
        }),
      )
    default:
      return assert.fail(`no vector has a frame of type ${type}`)
  }
}

/** What a session with stream 1 open makes of it: the codes that it ends the connection or the stream with. */
function codesOfSession(wire: Buffer, chunkLength: number): number[] {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  for (let at = 0; at < wire.length; at += chunkLength) dialogue.peer(wire.subarray(at, at + chunkLength))
  return dialogue.sent().flatMap(({ type, payload }) => {
    if (type === 3) return [payload.readUInt32BE(0)]
    return type === 7 ? [payload.readUInt32BE(4)] : []
  })
}

for (const path of paths) {
  const { wire: hex, frame, error } = readVectors<FrameVector>(`http2-frames/${path}`)
  const wire = Buffer.from(hex, 'hex')
  for (const chunkLength of [wire.length, 1]) {
    test(`${path}, ${chunkLength === 1 ? 'byte by byte' : 'whole'}`, () => {
      const reader = new FrameReader()
      const result = read(reader, wire, chunkLength)
      if (frame === null) {
        assert.ok(error !== null)
        // What a payload means is the session's business: to the reader such a frame is well-formed.
        if (result === ReadResult.FAULT) assert.ok(error.includes(reader.fault), `fault ${reader.fault}`)
        else assert.match(path, /window_update-frame-increment|promised_stream/)
        const codes = codesOfSession(wire, chunkLength)
        assert.equal(codes.length, 1)
        assert.ok(error.includes(codes[0] ?? -1), `code ${codes[0]}`)
      } else {
        assert.equal(result, ReadResult.FRAME)
        assert.deepEqual(
          {
            type: reader.type,
            flags: reader.flags,
            length: reader.length,
            stream_identifier: reader.streamId,
            payload: Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString('hex'),
          },
          {
            type: frame.type,
            flags: frame.flags,
            length: frame.length,
            stream_identifier: frame.stream_identifier,
            payload: expectedPayload(frame.type, frame.frame_payload).toString('hex'),
          },
        )
      }
      if (chunkLength === 1) passed++
    })
  }
}
