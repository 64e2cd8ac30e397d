import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'

const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte)

function hexOf(writer: ByteWriter): string {
  return Buffer.from(writer.slice()).toString('hex')
}

/** Each way to write, and what it must leave behind. */
const WRITES: Readonly<Record<string, readonly [write: (writer: ByteWriter) => void, hex: string]>> = {
  byte: [(writer) => writer.byte(0xab), 'ab'],
  'byte, of which the lowest eight bits count': [(writer) => writer.byte(0x1ab), 'ab'],
  'bytes, none': [(writer) => writer.bytes(new Uint8Array(0)), ''],
  'bytes, a few': [(writer) => writer.bytes(Uint8Array.of(1, 2, 3)), '010203'],
  'bytes, a part': [(writer) => writer.bytes(Uint8Array.of(1, 2, 3, 4), 1, 3), '0203'],
  'bytes, many': [(writer) => writer.bytes(BYTES), Buffer.from(BYTES).toString('hex')],
  'bytes, a part of many': [
    (writer) => writer.bytes(BYTES, 100, 200),
    Buffer.from(BYTES.subarray(100, 200)).toString('hex'),
  ],
  'bytes, from a view': [(writer) => writer.bytes(BYTES.subarray(250), 2), 'fcfdfeff'],
  latin1: [(writer) => writer.latin1('aÿ\0'), '61ff00'],
  // The characters 'ab' and '0f': digits, not the bytes themselves.
  hex: [(writer) => writer.hex(Uint8Array.of(0xab, 0x0f)), '61623066'],
  'hex, a part': [(writer) => writer.hex(Uint8Array.of(0, 0xab, 0), 1, 2), '6162'],
  'hex, every byte': [
    (writer) => writer.hex(BYTES),
    Buffer.from(Buffer.from(BYTES).toString('hex')).toString('hex'),
  ],
  uint32: [(writer) => writer.uint32(0x01020304), '01020304'],
  'uint32, the largest': [(writer) => writer.uint32(0xffff_ffff), 'ffffffff'],
  frameHeader: [(writer) => writer.frameHeader(0x010203, 0x0405, 0x7fff_fffe), '01020304057ffffffe'],
}

describe('what is written', () => {
  for (const [what, [write, hex]] of Object.entries(WRITES)) {
    it(`${what}: into room, and where the buffer must grow`, () => {
      for (const capacity of [0, 1, 8, 1024]) {
        const writer = new ByteWriter(capacity)
        write(writer)
        assert.equal(hexOf(writer), hex)
        assert.equal(writer.length, hex.length / 2)
      }
    })
  }

  it('stands one after the other, whatever is grown between', () => {
    const writer = new ByteWriter(0)
    const expected: string[] = []
    for (let round = 0; round < 20; round++) {
      for (const [write, hex] of Object.values(WRITES)) {
        write(writer)
        expected.push(hex)
      }
    }
    assert.equal(hexOf(writer), expected.join(''))
  })
})

describe('what is filled in later', () => {
  it('skipped bytes, as a number or as the header of a frame', () => {
    const writer = new ByteWriter(1)
    writer.skip(4)
    writer.skip(9)
    writer.byte(0xee)
    assert.equal(writer.length, 14)
    writer.setUint32(0, 0x8000_0001)
    writer.setFrameHeader(4, 16_384, 0x0124, 3)
    assert.equal(hexOf(writer), '80000001004000012400000003ee')
  })

  it('bytes moved up make room before them', () => {
    const writer = new ByteWriter(4)
    writer.latin1('abcd')
    writer.shift(2, 3)
    assert.equal(writer.length, 7)
    const moved = Buffer.from(writer.slice()).toString('latin1')
    assert.equal(moved.slice(0, 2) + moved.slice(5), 'abcd')
    // At the end there is nothing to move.
    writer.shift(7, 1)
    assert.equal(writer.length, 8)
  })

  it('what is cut off is written over', () => {
    const writer = new ByteWriter(8)
    writer.latin1('abcd')
    writer.truncate(1)
    assert.equal(writer.length, 1)
    writer.latin1('x')
    assert.equal(hexOf(writer), Buffer.from('ax').toString('hex'))
  })
})

describe('room', () => {
  it('reserved bytes are the ones that the next write uses', () => {
    const writer = new ByteWriter(2)
    writer.latin1('ab')
    writer.reserve(1000)
    assert.equal(hexOf(writer), '6162')
    writer.bytes(BYTES)
    assert.equal(writer.take(Buffer.alloc(0)).buffer.byteLength, 1002)
  })

  it('it doubles, so that a long output is not copied for each byte', () => {
    const writer = new ByteWriter(1)
    for (let i = 0; i < 1000; i++) writer.byte(i)
    assert.equal(writer.take(Buffer.alloc(0)).buffer.byteLength, 1024)
  })
})

describe('what is handed out', () => {
  it('a slice is a copy', () => {
    const writer = new ByteWriter(8)
    writer.latin1('abcd')
    const copy = writer.slice(1, 3)
    writer.truncate(0)
    writer.latin1('xxxx')
    assert.equal(Buffer.from(copy).toString(), 'bc')
  })

  it('take gives the buffer itself away and goes on in the next one', () => {
    const first = Buffer.alloc(8)
    const second = Buffer.alloc(8)
    const writer = new ByteWriter(0)
    writer.take(first)
    writer.latin1('abc')
    const taken = writer.take(second)
    assert.equal(taken.buffer, first.buffer)
    assert.equal(Buffer.from(taken).toString(), 'abc')
    assert.equal(writer.length, 0)
    writer.latin1('de')
    assert.equal(Buffer.from(taken).toString(), 'abc')
    assert.equal(Buffer.from(second.subarray(0, 2)).toString(), 'de')
    assert.equal(writer.take(first).length, 2)
  })
})
