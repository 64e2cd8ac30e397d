import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ErrorCode } from '#src/protocol/http2/error-code.js'
import { FrameReader, ReadResult } from '#src/protocol/http2/frame-reader.js'
import { frame } from './support/frame-builder.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()
const { NO_ERROR, PROTOCOL_ERROR, FRAME_SIZE_ERROR } = ErrorCode

/** All that the reader finds: frames in short, and the fault that ends them. */
function readAll(chunks: readonly Uint8Array[]): string[] {
  const reader = new FrameReader()
  const found: string[] = []
  for (const chunk of chunks) {
    const own = Uint8Array.from(chunk)
    reader.feed(own)
    for (let result = reader.next(); result !== ReadResult.MORE; result = reader.next()) {
      if (result === ReadResult.FAULT) return [...found, `fault ${reader.type} ${reader.fault}`]
      const payload = Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString('hex')
      found.push(`${reader.type} ${reader.flags} ${reader.streamId} ${reader.length} ${payload}`)
    }
    // Nothing of a chunk is needed once it was read.
    own.fill(0xff)
  }
  return found
}

/** The code that a frame is refused with, NO_ERROR when it is not. */
function faultOf(type: number, flags: number, streamId: number, payload: Uint8Array): number {
  const [found = ''] = readAll([frame(type, flags, streamId, payload)])
  return found.startsWith('fault') ? Number(found.split(' ')[2]) : NO_ERROR
}

describe('the rules of each type', () => {
  /** Where a type belongs, and which lengths up to 20 it may have (RFC 9113 sections 6.1 to 6.10). */
  const any = (): boolean => true
  const exactly = (length: number) => (actual: number) => actual === length
  const rules: readonly (readonly [name: string, streams: string, fits: (length: number) => boolean])[] = [
    ['DATA', 'stream', any],
    ['HEADERS', 'stream', any],
    ['PRIORITY', 'stream', exactly(5)],
    ['RST_STREAM', 'stream', exactly(4)],
    ['SETTINGS', 'connection', (length) => length % 6 === 0],
    ['PUSH_PROMISE', 'stream', (length) => length >= 4],
    ['PING', 'connection', exactly(8)],
    ['GOAWAY', 'connection', (length) => length >= 8],
    ['WINDOW_UPDATE', 'stream, connection', exactly(4)],
    ['CONTINUATION', 'stream', any],
    ['unknown', 'stream, connection', any],
  ]
  for (const [type, [name, streams, fits]] of rules.entries()) {
    it(name, () => {
      for (const streamId of [0, 1, 0x7fff_ffff]) {
        for (let length = 0; length <= 20; length++) {
          const belongs = streams.includes(streamId === 0 ? 'connection' : 'stream')
          const size = fits(length) ? NO_ERROR : FRAME_SIZE_ERROR
          const expected = belongs ? size : PROTOCOL_ERROR
          assert.equal(faultOf(type, 0, streamId, Buffer.alloc(length)), expected, `${streamId}, ${length}`)
        }
      }
    })
  }

  it('an acknowledgement of SETTINGS is empty', () => {
    assert.equal(faultOf(4, 1, 0, Buffer.alloc(0)), NO_ERROR)
    assert.equal(faultOf(4, 1, 0, Buffer.alloc(6)), FRAME_SIZE_ERROR)
  })
})

describe('padding and priority fields', () => {
  const PADDED = 0x8
  const PRIORITY = 0x20
  const content = Buffer.from('content')

  it('are cut off, and the length still has them', () => {
    const padded = Buffer.concat([Buffer.of(2), content, Buffer.alloc(2)])
    const priority = Buffer.concat([Buffer.alloc(5), content])
    const both = Buffer.concat([Buffer.of(3), Buffer.alloc(5), content, Buffer.alloc(3)])
    const payload = content.toString('hex')
    assert.deepEqual(readAll([frame(0, PADDED, 1, padded)]), [`0 8 1 10 ${payload}`])
    assert.deepEqual(readAll([frame(1, PADDED, 1, padded)]), [`1 8 1 10 ${payload}`])
    assert.deepEqual(readAll([frame(1, PRIORITY, 1, priority)]), [`1 32 1 12 ${payload}`])
    assert.deepEqual(readAll([frame(1, PADDED | PRIORITY, 1, both)]), [`1 40 1 16 ${payload}`])
  })

  it('may be all that there is', () => {
    assert.deepEqual(readAll([frame(0, PADDED, 1, Buffer.of(0))]), ['0 8 1 1 '])
    assert.deepEqual(readAll([frame(0, PADDED, 1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)]))]), [
      '0 8 1 256 ',
    ])
    assert.deepEqual(readAll([frame(1, PADDED | PRIORITY, 1, Buffer.alloc(6))]), ['1 40 1 6 '])
  })

  it('beyond the payload are a fault', () => {
    for (const type of [0, 1]) {
      assert.equal(faultOf(type, PADDED, 1, Buffer.alloc(0)), FRAME_SIZE_ERROR)
      assert.equal(faultOf(type, PADDED, 1, Buffer.of(1)), PROTOCOL_ERROR)
      assert.equal(faultOf(type, PADDED, 1, Buffer.of(3, 0, 0)), PROTOCOL_ERROR)
    }
    assert.equal(faultOf(1, PRIORITY, 1, Buffer.alloc(4)), FRAME_SIZE_ERROR)
    assert.equal(faultOf(1, PADDED | PRIORITY, 1, Buffer.of(1, 0, 0, 0, 0, 0)), PROTOCOL_ERROR)
    assert.equal(faultOf(5, PADDED, 1, Buffer.of(1, 0, 0, 0, 2)), PROTOCOL_ERROR)
  })

  it('mean nothing in the other types', () => {
    assert.deepEqual(readAll([frame(9, PADDED | PRIORITY, 1, Buffer.of(9, 9))]), ['9 40 1 2 0909'])
    assert.deepEqual(readAll([frame(6, PADDED, 0, Buffer.alloc(8, 9))]), ['6 8 0 8 0909090909090909'])
  })
})

describe('sizes', () => {
  it('16,384 bytes are read, one more is refused as soon as the header is there', () => {
    const largest = frame(0, 0, 1, Buffer.alloc(16_384))
    assert.equal(readAll([largest]).length, 1)
    for (const type of [0, 1, 0xfa]) {
      const header = frame(type, 0, 1, Buffer.alloc(16_385)).subarray(0, 9)
      const expected = [`fault ${type} ${FRAME_SIZE_ERROR}`]
      assert.deepEqual(readAll([header]), expected)
      assert.deepEqual(readAll([...header].map((byte) => Uint8Array.of(byte))), expected)
    }
  })

  it('the reserved bit of the stream is ignored', () => {
    const bytes = frame(0, 0, 0xffff_ffff, 'x')
    assert.deepEqual(readAll([bytes]), ['0 0 2147483647 1 78'])
  })
})

describe('chunks', () => {
  it('any frames, however they are chopped, are read as if they came whole', () => {
    const frames = fc.array(
      fc
        .tuple(
          fc.constantFrom(0, 1, 4, 6, 8, 9, 0xfa),
          fc.nat(255),
          fc.nat(3),
          fc.oneof(
            fc.uint8Array({ maxLength: 20 }),
            fc.constantFrom(new Uint8Array(8), new Uint8Array(16_384)),
          ),
        )
        .map(([type, flags, streamId, payload]) => frame(type, flags, streamId, payload)),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }), (list, lengths) => {
        const bytes = Buffer.concat(list)
        const chunks: Buffer[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          // An empty chunk now and then; never none but empty ones.
          const length = turn % 100 === 99 ? 10_000 : (lengths[turn % lengths.length] ?? 1)
          chunks.push(bytes.subarray(at, at + length))
          at += length
        }
        assert.deepEqual(readAll(chunks), readAll([bytes]))
      }),
      { seed, numRuns: 300 },
    )
  })

  it('a chunk is let go of when it was read', () => {
    const reader = new FrameReader()
    const chunk = frame(6, 0, 0, '12345678')
    reader.feed(chunk)
    assert.equal(reader.next(), ReadResult.FRAME)
    assert.equal(reader.bytes, chunk)
    assert.equal(reader.next(), ReadResult.MORE)
    assert.notEqual(reader.bytes, chunk)
  })
})
