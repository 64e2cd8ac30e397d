import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import { EOS, HUFFMAN_CODES } from '#src/protocol/http2/huffman-code.js'
import { decodeHuffman, maxDecodedLength } from '#src/protocol/http2/huffman-decoder.js'
import { huffmanLength, writeHuffman } from '#src/protocol/http2/huffman-encoder.js'

function encode(text: string): Uint8Array {
  const writer = new ByteWriter(4)
  writeHuffman(text, writer)
  return writer.slice()
}

/** The decoded text; undefined when the code is invalid. */
function decode(code: Uint8Array): string | undefined {
  const target = Buffer.alloc(maxDecodedLength(code.length) + 1)
  const end = decodeHuffman(code, 0, code.length, target, 0)
  return end < 0 ? undefined : target.toString('latin1', 0, end)
}

/** Bytes from a text of zeros and ones, spaced for the eye. */
function bits(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(' ', '').match(/.{1,8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

test('the code is complete and free of prefixes, and as the RFC lists it', () => {
  // Kraft's sum is exactly one.
  assert.equal(
    HUFFMAN_CODES.reduce((sum, { length }) => sum + 2 ** -length, 0),
    1,
  )
  const codeOf = (symbol: number): string =>
    HUFFMAN_CODES[symbol]?.code.toString(2).padStart(HUFFMAN_CODES[symbol].length, '0') ?? ''
  // Some rows of RFC 7541 appendix B.
  assert.equal(codeOf(0), '1111111111000')
  assert.equal(codeOf('0'.charCodeAt(0)), '00000')
  assert.equal(codeOf('a'.charCodeAt(0)), '00011')
  assert.equal(codeOf('X'.charCodeAt(0)), '11111100')
  assert.equal(codeOf('~'.charCodeAt(0)), '1111111111101')
  assert.equal(codeOf(10), '111111111111111111111111111100')
  assert.equal(codeOf(249), '1111111111111111111111111110')
  assert.equal(codeOf(EOS), '1'.repeat(30))
})

test('every byte, alone and among others, comes back', () => {
  for (let byte = 0; byte < 256; byte++) {
    for (const text of [byte, [byte, 48], [48, byte], [byte, byte, byte, byte]]) {
      const expected = String.fromCharCode(...[text].flat())
      const code = encode(expected)
      assert.equal(code.length, huffmanLength(expected))
      assert.equal(decode(code), expected)
    }
  }
  assert.equal(decode(encode('')), '')
})

test('padding is less than eight bits, all ones', () => {
  assert.equal(decode(bits('00011 111')), 'a')
  assert.equal(decode(bits('00011 110')), undefined)
  assert.equal(decode(bits('00011 011')), undefined)
  assert.equal(decode(bits('00011 00011 111111')), 'aa')
  assert.equal(decode(bits('11111000')), '&')
  assert.equal(decode(bits('11111000 11111111')), undefined)
  assert.equal(decode(bits('11111111')), undefined)
  assert.equal(decode(bits('00011111 11111111')), undefined)
})

test('EOS in a string is an error, also in the middle', () => {
  assert.equal(decode(bits(`${'1'.repeat(30)}11`)), undefined)
  assert.equal(decode(bits('1'.repeat(32))), undefined)
  assert.equal(decode(bits(`00011${'1'.repeat(30)}00011`)), undefined)
})
