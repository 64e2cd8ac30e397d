import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it, test } from 'node:test'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { readVectors } from '../../support/vectors.js'
import { entering, integer, string } from './header-representations.js'

const NAMES = new ResponseFieldNames(['x-other', 'x-wanted'])
const GET = 0x82

interface Decoded {
  /** What is wrong; empty: nothing. */
  readonly error: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

function decode(bytes: readonly number[] | Uint8Array, decoder = new HpackDecoder(NAMES)): Decoded {
  const fields: [string, string][] = []
  const block = Uint8Array.from(bytes)
  const error = decoder.decode(block, 0, block.length, {
    field: (field) => fields.push([field.name(), field.value()]),
  })
  return { error, fields }
}

describe('a header block that is none', () => {
  const cases: Readonly<Record<string, readonly [error: RegExp, bytes: readonly number[]]>> = {
    'index 0': [/index 0/, [0x80]],
    'an index beyond the table': [/index 62, which is beyond/, [0xbe]],
    'the name of an index beyond the table, to be entered': [/index 63, .*beyond/, [0x7f, 0x00, 0x00]],
    'the name of an index beyond the table, without indexing': [/index 62, .*beyond/, [0x0f, 47, 0x00]],
    'the name of an index beyond the table, never indexed': [/index 62, .*beyond/, [0x1f, 47, 0x00]],
    'a table size above the limit': [/4097 bytes where 4096/, integer(0x20, 5, 4097)],
    'a second table size above the limit': [/4097 bytes/, [0x20, ...integer(0x20, 5, 4097)]],
    'Huffman padding of a whole byte': [/not Huffman/, [0x40, 0x01, 0x61, 0x82, 0x1f, 0xff]],
    'Huffman padding of zeros': [/not Huffman/, [0x40, 0x01, 0x61, 0x81, 0x18]],
    'nothing but Huffman padding': [/not Huffman/, [0x40, 0x01, 0x61, 0x81, 0xff]],
    'EOS in a value': [/not Huffman/, [0x40, 0x01, 0x61, 0x84, 0xff, 0xff, 0xff, 0xff]],
    'EOS in a name': [/not Huffman/, [0x40, 0x84, 0xff, 0xff, 0xff, 0xfc, 0x00]],
    'a name that is no Huffman code, and a value cut off': [/not Huffman/, [0x40, 0x81, 0x18, 0x05]],
  }
  for (const [what, [error, bytes]] of Object.entries(cases)) {
    it(what, () => {
      const { error: alone, fields } = decode(bytes)
      assert.match(alone, error)
      assert.deepEqual(fields, [])
    })
  }

  it('what stood before the fault was handed out, what comes after is not', () => {
    for (const [error, bytes] of Object.values(cases)) {
      const isSize = ((bytes[0] ?? 0) & 0xe0) === 0x20
      const decoded = decode([GET, ...bytes, GET])
      assert.match(decoded.error, isSize ? /size update after the first field/ : error)
      assert.deepEqual(decoded.fields, [[':method', 'GET']])
    }
  })
})

describe('integers', () => {
  const LARGEST = 0x0fff_ffff
  const places: Readonly<Record<string, (value: number) => number[]>> = {
    index: (value) => integer(0x80, 7, value),
    'index of a name to be entered': (value) => [...integer(0x40, 6, value), 0],
    'index of a name without indexing': (value) => [...integer(0x00, 4, value), 0],
    'index of a name never indexed': (value) => [...integer(0x10, 4, value), 0],
    'table size': (value) => integer(0x20, 5, value),
    'length of a name': (value) => [0x40, ...integer(0x00, 7, value)],
    'length of a coded value': (value) => [0x0f, 0x00, ...integer(0x80, 7, value)],
  }
  for (const [what, bytes] of Object.entries(places)) {
    it(`${what}: up to 28 bits they are read, above they are refused`, () => {
      const largest = decode(bytes(LARGEST)).error
      assert.match(largest, /beyond the table|is the limit|longer than the section/)
      for (const value of [LARGEST + 1, 2 ** 31, 2 ** 32 + 200, 2 ** 52]) {
        assert.match(decode(bytes(value)).error, /too large/)
      }
    })
  }

  it('zeros at the end of one are no way to make it endless', () => {
    assert.match(decode([0xff, 0x80, 0x80, 0x80, 0x00]).error, /index 127, .*beyond/)
    assert.match(decode([0xff, 0x80, 0x80, 0x80, 0x80, 0x00]).error, /too large/)
    assert.match(decode([0xff, ...Array<number>(1000).fill(0x80), 0x00]).error, /too large/)
  })
})

describe('a block that is cut off', () => {
  /** Field by field: each representation, short and long integers, both codings. */
  const fields: readonly (readonly number[])[] = [
    [GET],
    entering('custom-key', 'custom-value'),
    [0xbe],
    integer(0x80, 7, 62),
    [...integer(0x40, 6, 62), ...string('v'.repeat(200))],
    [...integer(0x00, 4, 33), ...string('Mon')],
    [0x10, ...string('password'), ...string('')],
    [0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
  ]

  it('is in order where a field ends, and nowhere else', () => {
    const whole = fields.flat()
    const ends = new Map<number, number>([[0, 0]])
    let position = 0
    for (const [index, field] of fields.entries()) {
      position += field.length
      ends.set(position, index + 1)
    }
    const all = decode(whole)
    assert.equal(all.error, '')
    assert.equal(all.fields.length, fields.length)
    let complete = 0
    for (let length = 0; length <= whole.length; length++) {
      const decoded = decode(whole.slice(0, length))
      const end = ends.get(length)
      if (end === undefined) assert.match(decoded.error, /the end of the section|longer than the section/)
      else {
        assert.equal(decoded.error, '')
        complete = end
      }
      assert.deepEqual(decoded.fields, all.fields.slice(0, complete))
    }
  })

  it('is an error within a table size', () => {
    assert.match(decode([0x3f]).error, /end of the section within an integer/)
    assert.match(decode([0x3f, 0xe1]).error, /end of the section within an integer/)
    assert.equal(decode([0x3f, 0xe1, 0x1f]).error, '')
  })

  it('of the first blocks of all stories as many beginnings are in order as there are fields', () => {
    const root = new URL('../../../test/vectors/hpack/', import.meta.url)
    const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    for (const path of paths.filter((name) => name.endsWith('.json'))) {
      const [first] = readVectors<{ cases: { wire: string; header_table_size?: number }[] }>(
        `hpack/${path}`,
      ).cases
      const block = Buffer.from(first?.wire ?? '', 'hex')
      // With a table size at the beginning a prefix is in order after it, too.
      const sizes = ((block[0] ?? 0) & 0xe0) === 0x20 ? 1 : 0
      const lengths = Array.from({ length: block.length + 1 }, (_, length) => length)
      const inOrder = lengths.filter((length) => decode(block.subarray(0, length)).error === '')
      const { fields: expected } = decode(block)
      assert.equal(inOrder.length, expected.length + 1 + sizes, path)
    }
  })
})

describe('entries and the table', () => {
  /** Of this size in the table, with the 32 bytes of overhead. */
  const entry = (size: number, letter = 'v'): number[] => entering('x', letter.repeat(size - 33))

  it('an entry of exactly the table takes all of it, one byte more empties it', () => {
    const decoder = new HpackDecoder(NAMES)
    decode(entry(100), decoder)
    decode(entry(4096), decoder)
    assert.equal(decoder.tableSize, 4096)
    assert.equal(decode(entry(4097), decoder).error, '')
    assert.equal(decoder.tableSize, 0)
    assert.match(decode([0xbe], decoder).error, /beyond the table/)
  })

  it('a name that is longer than the table is a field, and no entry', () => {
    const decoder = new HpackDecoder(NAMES)
    decode(entry(100), decoder)
    const name = 'n'.repeat(20_000)
    assert.deepEqual(decode(entering(name, 'v'), decoder), { error: '', fields: [[name, 'v']] })
    assert.equal(decoder.tableSize, 0)
  })

  it('the oldest go, as many as must', () => {
    const decoder = new HpackDecoder(NAMES)
    for (const letter of 'abcd') decode(entry(1024, letter), decoder)
    assert.equal(decoder.tableSize, 4096)
    decode(entry(1025, 'e'), decoder)
    assert.equal(decoder.tableSize, 3073)
    const held = decode([0xbe, 0xbf, 0xc0], decoder).fields
    assert.deepEqual(
      held.map(([, value]) => value[0]),
      ['e', 'd', 'c'],
    )
    assert.match(decode([0xc1], decoder).error, /index 65, .*beyond/)
  })

  it('a table without room takes nothing', () => {
    const decoder = new HpackDecoder(NAMES)
    assert.equal(decode([0x20, ...entering('', '')], decoder).error, '')
    assert.equal(decoder.tableSize, 0)
    assert.match(decode([0xbe], decoder).error, /beyond the table/)
  })

  it('the smallest entries fill it: 32 bytes each', () => {
    const decoder = new HpackDecoder(NAMES)
    for (let round = 0; round < 1000; round++) assert.equal(decode(entering('', ''), decoder).error, '')
    assert.equal(decoder.tableSize, 4096)
    assert.deepEqual(decode(integer(0x80, 7, 61 + 128), decoder), { error: '', fields: [['', '']] })
    assert.match(decode(integer(0x80, 7, 61 + 129), decoder).error, /beyond the table/)
  })

  it('what a name means comes with its entry', () => {
    const decoder = new HpackDecoder(NAMES)
    const kinds: number[] = []
    const sink = { field: (field: { readonly kind: number }) => kinds.push(field.kind) }
    const block = Uint8Array.from([...entering('x-wanted', '1'), 0xbe, 0x7e, ...string('2'), 0xbe])
    assert.equal(decoder.decode(block, 0, block.length, sink), '')
    assert.deepEqual(kinds, [1, 1, 1, 1])
  })
})

test('the lowest of several limits is the one to be said', () => {
  const decoder = new HpackDecoder(NAMES)
  for (const limit of [50, 0, 100, 200]) decoder.limitTable(limit)
  assert.match(decode(integer(0x20, 5, 200), decoder).error, /limited to 0 bytes/)
})

test('a limit asks for nothing where the table was made as small before', () => {
  const decoder = new HpackDecoder(NAMES)
  decoder.limitTable(100)
  // Said, but not first.
  assert.match(decode([GET, ...integer(0x20, 5, 100)], decoder).error, /limited to 100 bytes/)
  const obedient = new HpackDecoder(NAMES)
  obedient.limitTable(100)
  assert.equal(decode([...integer(0x20, 5, 60), GET], obedient).error, '')
  obedient.limitTable(60)
  assert.equal(decode([GET], obedient).error, '')
})
