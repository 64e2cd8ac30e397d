import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { NameKind, ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { literal } from './support/frame-builder.js'
import { decode, tryDecode } from './support/hpack.js'

const NAMES = new ResponseFieldNames([])
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

function refuses(block: string, error: RegExp, decoder = new HpackDecoder(NAMES)): void {
  const result = tryDecode(decoder, hex(block))
  assert.ok(typeof result === 'string', `${block} was decoded`)
  assert.match(result, error)
}

/** The same as `literal`, but entering the table. */
function entering(name: string, value: string): Buffer {
  const bytes = literal(name, value)
  bytes[0] = 0x40
  return bytes
}

test('table sizes: at the beginning, not above the limit', () => {
  refuses('82 20', /after the first field/)
  refuses('3f e2 1f', /4097 bytes where 4096 is the limit/)
  const decoder = new HpackDecoder(NAMES)
  assert.deepEqual(decode(decoder, '3f e1 1f 82'), [[':method', 'GET']])
  assert.deepEqual(decode(decoder, '20 3f e1 1f 82'), [[':method', 'GET']])
  assert.deepEqual(decode(decoder, '20'), [])
})

test('a lowered limit has to be taken notice of', () => {
  const limited = (...limits: readonly number[]): HpackDecoder => {
    const decoder = new HpackDecoder(NAMES)
    for (const limit of limits) decoder.limitTable(limit)
    return decoder
  }
  refuses('82', /limited to 100 bytes, and the next section did not say so/, limited(100))
  refuses('', /did not say so/, limited(100))
  refuses('3f 46', /101 bytes where 100 is the limit/, limited(100))
  assert.deepEqual(decode(limited(100), '3f 45 82'), [[':method', 'GET']])
  assert.deepEqual(decode(limited(100), '20 82'), [[':method', 'GET']])
  // Down and up again between two sections: the lower one has to be said (RFC 7541 section 4.2).
  refuses('3f e1 1f', /limited to 0 bytes/, limited(0, 4096))
  assert.deepEqual(decode(limited(0, 4096), '20 3f e1 1f 82'), [[':method', 'GET']])
  assert.deepEqual(decode(limited(4096), '82'), [[':method', 'GET']])
  assert.throws(() => limited(4097), RangeError)
})

test('shrinking evicts, and what is left keeps its place', () => {
  const decoder = new HpackDecoder(NAMES)
  decode(decoder, Buffer.concat([entering('aa', '1'), entering('bb', '2'), entering('cc', '3')]))
  assert.equal(decoder.tableSize, 105)
  decode(decoder, '3f 27')
  assert.equal(decoder.tableSize, 70)
  assert.deepEqual(decode(decoder, 'be bf'), [
    ['cc', '3'],
    ['bb', '2'],
  ])
  refuses('c0', /beyond/, decoder)
})

test('an entry may take its name from the one that it evicts', () => {
  const decoder = new HpackDecoder(NAMES)
  const value = 'v'.repeat(4000)
  const expected = (letter: string): [string, string][] => [['the-name', letter.repeat(4000)]]
  decode(decoder, entering('the-name', value))
  for (const letter of 'abcdefgh') {
    const block = Buffer.concat([Buffer.from([0x40 | 62]), literal('', letter.repeat(4000)).subarray(2)])
    assert.deepEqual(decode(decoder, block), expected(letter))
    assert.deepEqual(decode(decoder, 'be'), expected(letter))
  }
})

test('name and value, both Huffman-coded and larger than any buffer before', () => {
  const decoder = new HpackDecoder(NAMES)
  // 00011 is `a`: eight of them in five bytes.
  const aaaaaaaa = '18c6318c63'
  const long = aaaaaaaa.repeat(200)
  const length = 'ffe906'
  assert.deepEqual(decode(decoder, `00${length}${long}${length}${long}`), [
    ['a'.repeat(1600), 'a'.repeat(1600)],
  ])
})

test('names are told apart without strings', () => {
  const names = new ResponseFieldNames(['apns-id', 'retry-after'])
  const kind = (name: string): number => names.kindOf(Buffer.from(name, 'latin1'), 0, name.length)
  assert.deepEqual(['apns-id', 'retry-after', ':status'].map(kind), [0, 1, NameKind.STATUS])
  assert.deepEqual(['apns-ie', 'server', 'x', "!#$%&'*+-.^_`|~09az"].map(kind), Array(4).fill(NameKind.OTHER))
  const forbidden = [
    '',
    ':',
    ':path',
    'Server',
    'a b',
    'a:',
    'ä',
    'connection',
    'keep-alive',
    'proxy-connection',
    'upgrade',
    'transfer-encoding',
  ]
  assert.deepEqual(
    forbidden.map(kind),
    forbidden.map(() => NameKind.FORBIDDEN),
  )
  assert.equal(names.staticKinds[8], NameKind.STATUS)
  assert.equal(names.staticKinds[4], NameKind.FORBIDDEN)
  assert.equal(names.staticKinds[53], 1)
  assert.throws(() => new ResponseFieldNames(Array.from({ length: 128 }, (_, i) => `x${i}`)), RangeError)
})
