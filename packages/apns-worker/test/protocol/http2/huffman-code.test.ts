import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import { HUFFMAN_CODES } from '#src/protocol/http2/huffman-code.js'
import { decodeHuffman, maxDecodedLength } from '#src/protocol/http2/huffman-decoder.js'
import { huffmanLength, writeHuffman } from '#src/protocol/http2/huffman-encoder.js'
import { HUFFMAN_ROWS } from './vectors-huffman-code.js'

/** The bits of each symbol as text, from the RFC's rows; EOS is the last. */
const CODES = HUFFMAN_ROWS.map((row) => {
  const [code = '', length = ''] = row.split('/')
  return Number.parseInt(code, 16).toString(2).padStart(Number(length), '0')
})
const SYMBOLS = CODES.slice(0, 256)
const MAX_PADDING = '1'.repeat(7)

function bytesOf(bits: string): Uint8Array {
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

/** The symbols' bits with the padding that the RFC asks for. */
function coded(...bits: readonly string[]): Uint8Array {
  const text = bits.join('')
  return bytesOf(text + '1'.repeat((8 - (text.length % 8)) % 8))
}

/** Symbols of the decoded bytes; undefined when the code is invalid. */
function decode(code: Uint8Array): number[] | undefined {
  const target = new Uint8Array(maxDecodedLength(code.length))
  const end = decodeHuffman(code, 0, code.length, target, 0)
  return end < 0 ? undefined : [...target.subarray(0, end)]
}

test('every row of the RFC', () => {
  assert.equal(HUFFMAN_ROWS.length, 257)
  assert.deepEqual(
    HUFFMAN_CODES.map(({ code, length }) => `${code.toString(16)}/${length}`),
    HUFFMAN_ROWS,
  )
})

test('every pair of bytes is written as its rows say, and read back', () => {
  const writer = new ByteWriter(16)
  for (const [first, firstBits] of SYMBOLS.entries()) {
    for (const [second, secondBits] of SYMBOLS.entries()) {
      const text = String.fromCharCode(first, second)
      const expected = coded(firstBits, secondBits)
      writer.truncate(0)
      writeHuffman(text, writer)
      if (Buffer.compare(writer.slice(), expected) !== 0) assert.fail(`${first}, ${second}`)
      assert.equal(huffmanLength(text), expected.length)
      const decoded = decode(expected)
      if (decoded?.length !== 2 || decoded[0] !== first || decoded[1] !== second)
        assert.fail(`${first}, ${second} came back as ${decoded?.join()}`)
    }
  }
})

test('after every byte: the padding, and nothing that looks like it', () => {
  for (const [symbol, bits] of SYMBOLS.entries()) {
    const padding = (8 - (bits.length % 8)) % 8
    assert.deepEqual(decode(bytesOf(bits + MAX_PADDING.slice(0, padding))), [symbol])
    // Eight bits more are too many, whatever they are.
    assert.equal(decode(bytesOf(bits + MAX_PADDING.slice(0, padding) + '1'.repeat(8))), undefined)
    // Any zero in it: part of another symbol, which is not finished unless it has five bits or more.
    for (let value = 0; value < 2 ** padding - 1; value++) {
      const rest = value.toString(2).padStart(padding, '0')
      const next = SYMBOLS.findIndex((code) => rest.startsWith(code))
      const complete = next >= 0 && /^1*$/.test(rest.slice(SYMBOLS[next]?.length))
      assert.deepEqual(decode(bytesOf(bits + rest)), complete ? [symbol, next] : undefined, bits + rest)
    }
  }
})

test('EOS after any byte is an error', () => {
  const eos = CODES[256] ?? ''
  for (const bits of SYMBOLS) {
    assert.equal(decode(coded(bits, eos)), undefined)
    assert.equal(decode(coded(bits, eos, bits)), undefined)
  }
})

test('a part of a buffer is read, to a place in another', () => {
  const source = Uint8Array.of(0, ...coded(...[97, 98].map((symbol) => SYMBOLS[symbol] ?? '')), 0)
  const target = new Uint8Array(8).fill(0xee)
  assert.equal(decodeHuffman(source, 1, source.length - 1, target, 3), 5)
  assert.deepEqual([...target], [0xee, 0xee, 0xee, 97, 98, 0xee, 0xee, 0xee])
})
