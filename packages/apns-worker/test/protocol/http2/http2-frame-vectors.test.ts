import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { FrameReader, ReadResult } from '#src/protocol/http2/frame-reader.js'
import { readVectors } from '../../support/vectors.js'

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
function expectedPayload(type: number, payload: Readonly<Record<string, unknown>>): Buffer | undefined {
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
      return undefined
  }
}

for (const path of paths) {
  const vector = readVectors<FrameVector>(`http2-frames/${path}`)
  const wire = Buffer.from(vector.wire, 'hex')
  for (const chunkLength of [wire.length, 1]) {
    test(`${path}, ${chunkLength === 1 ? 'byte by byte' : 'whole'}`, () => {
      const reader = new FrameReader()
      const result = read(reader, wire, chunkLength)
      if (vector.frame === null) {
        assert.ok(vector.error !== null)
        if (result === ReadResult.FAULT)
          assert.ok(vector.error.includes(reader.fault), `fault ${reader.fault}`)
        else assertRefusedBySession(path, result)
      } else {
        assert.equal(result, ReadResult.FRAME)
        const { type, flags, length, stream_identifier: streamId, frame_payload: payload } = vector.frame
        assert.deepEqual(
          { type: reader.type, flags: reader.flags, length: reader.length, streamId: reader.streamId },
          { type, flags, length, streamId },
        )
        const expected = expectedPayload(type, payload)
        if (expected !== undefined) {
          assert.equal(
            Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString('hex'),
            expected.toString('hex'),
          )
        }
      }
      if (chunkLength === 1) passed++
    })
  }
}

/** Faults of a payload's meaning are the session's: it knows the streams. They are well-formed frames here. */
function assertRefusedBySession(path: string, result: number): void {
  assert.match(path, /window_update-frame-increment|promised_stream/)
  assert.equal(result, ReadResult.FRAME)
}
