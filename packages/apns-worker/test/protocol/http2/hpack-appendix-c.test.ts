import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'

type Field = readonly [name: string, value: string]

/** A header block of RFC 7541 appendix C: its bytes, what it says, and the size of the dynamic table after it. */
interface Example {
  readonly wire: string
  readonly fields: readonly Field[]
  readonly tableSize: number
}

const AUTHORITY: Field = [':authority', 'www.example.com']
const get = (scheme: string, path: string): Field[] => [
  [':method', 'GET'],
  [':scheme', scheme],
  [':path', path],
  AUTHORITY,
]
const REQUESTS: readonly (readonly Field[])[] = [
  get('http', '/'),
  [...get('http', '/'), ['cache-control', 'no-cache']],
  [...get('https', '/index.html'), ['custom-key', 'custom-value']],
]
const DATE = 'Mon, 21 Oct 2013 20:13:21 GMT'
const LATER = 'Mon, 21 Oct 2013 20:13:22 GMT'
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const response = (status: string, date: string): Field[] => [
  [':status', status],
  ['cache-control', 'private'],
  ['date', date],
  ['location', 'https://www.example.com'],
]
const RESPONSES: readonly (readonly Field[])[] = [
  response('302', DATE),
  response('307', DATE),
  [...response('200', LATER), ['content-encoding', 'gzip'], ['set-cookie', COOKIE]],
]

function examples(
  fields: readonly (readonly Field[])[],
  sizes: readonly number[],
  ...wires: readonly string[]
): Example[] {
  return wires.map((wire, index) => ({ wire, fields: fields[index] ?? [], tableSize: sizes[index] ?? 0 }))
}

const SINGLE_FIELDS: Readonly<Record<string, Example>> = {
  'C.2.1, with indexing': {
    wire: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
    fields: [['custom-key', 'custom-header']],
    tableSize: 55,
  },
  'C.2.2, without indexing': {
    wire: '040c2f73616d706c652f70617468',
    fields: [[':path', '/sample/path']],
    tableSize: 0,
  },
  'C.2.3, never indexed': {
    wire: '100870617373776f726406736563726574',
    fields: [['password', 'secret']],
    tableSize: 0,
  },
  'C.2.4, indexed': { wire: '82', fields: [[':method', 'GET']], tableSize: 0 },
}

const REQUESTS_PLAIN = examples(
  REQUESTS,
  [57, 110, 164],
  '828684410f7777772e6578616d706c652e636f6d',
  '828684be58086e6f2d6361636865',
  '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
)
const REQUESTS_HUFFMAN = examples(
  REQUESTS,
  [57, 110, 164],
  '828684418cf1e3c2e5f23a6ba0ab90f4ff',
  '828684be5886a8eb10649cbf',
  '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
)
const RESPONSES_PLAIN = examples(
  RESPONSES,
  [222, 222, 215],
  '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
  '4803333037c1c0bf',
  '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
)
const RESPONSES_HUFFMAN = examples(
  RESPONSES,
  [222, 222, 215],
  '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
  '4883640effc1c0bf',
  '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
)

function decodes(list: readonly Example[], limit = 4096): void {
  const decoder = new HpackDecoder(new ResponseFieldNames([]))
  // The examples of responses have a table of 256 bytes from the start: said by a size update (section 6.3).
  if (limit !== 4096) assert.equal(decoder.decode(Buffer.of(0x3f, 0xe1, 0x01), 0, 3, { field() {} }), '')
  for (const { wire, fields, tableSize } of list) {
    const got: Field[] = []
    const block = Buffer.from(wire, 'hex')
    const error = decoder.decode(block, 0, block.length, {
      field: (field) => got.push([field.name(), field.value()]),
    })
    assert.equal(error, '')
    assert.deepEqual(got, fields)
    assert.equal(decoder.tableSize, tableSize)
  }
}

describe('the examples of RFC 7541, appendix C', () => {
  for (const [what, example] of Object.entries(SINGLE_FIELDS)) it(what, () => decodes([example]))
  it('C.3, requests without Huffman coding', () => decodes(REQUESTS_PLAIN))
  it('C.4, requests with Huffman coding', () => decodes(REQUESTS_HUFFMAN))
  it('C.5, responses without Huffman coding, with evictions', () => decodes(RESPONSES_PLAIN, 256))
  it('C.6, responses with Huffman coding, with evictions', () => decodes(RESPONSES_HUFFMAN, 256))

  it('C.4, as the encoder writes it', () => {
    const writer = new ByteWriter(256)
    const encoder = new HpackEncoder(writer)
    for (const { wire, fields } of REQUESTS_HUFFMAN) {
      writer.truncate(0)
      encoder.begin()
      for (const [name, value] of fields) encoder.field(name, value, 'incremental')
      encoder.finish()
      assert.equal(Buffer.from(writer.slice()).toString('hex'), wire)
    }
  })

  it('C.6, as the encoder writes it', () => {
    const writer = new ByteWriter(256)
    const encoder = new HpackEncoder(writer)
    encoder.limitTable(256)
    for (const [index, { wire, fields }] of RESPONSES_HUFFMAN.entries()) {
      writer.truncate(0)
      encoder.begin()
      for (const [name, value] of fields) encoder.field(name, value, 'incremental')
      encoder.finish()
      const sizeUpdate = index === 0 ? '3fe101' : ''
      // Where both codings are as long, as with "307", ours is the plain one.
      const ours = wire.replace('83640eff', '03333037')
      assert.equal(Buffer.from(writer.slice()).toString('hex'), sizeUpdate + ours)
    }
  })
})

describe('the examples of integers, appendix C.1', () => {
  // A table size update (section 6.3) has a prefix of five bits, as the examples have. That of 42 at the beginning of a
  // byte (C.1.3) has no representation in HPACK.
  const integers: Readonly<Record<string, readonly [value: number, wire: string]>> = {
    'C.1.1, 10 with a prefix of five bits': [10, '2a'],
    'C.1.2, 1337 with a prefix of five bits': [1337, '3f9a0a'],
  }
  /** What the encoder writes for a table size; the decoder must read the same number in it. */
  const written = (value: number): Uint8Array => {
    const writer = new ByteWriter(16)
    const encoder = new HpackEncoder(writer)
    encoder.limitTable(value)
    encoder.begin()
    const block = writer.slice()
    const decoder = new HpackDecoder(new ResponseFieldNames([]))
    decoder.limitTable(value - 1)
    const error = decoder.decode(block, 0, block.length, { field() {} })
    assert.ok(error.includes(`size of ${value} bytes where ${value - 1}`), error)
    return block
  }
  for (const [what, [value, wire]] of Object.entries(integers)) {
    it(what, () => assert.equal(Buffer.from(written(value)).toString('hex'), wire))
  }

  it('and all others that a table size may be', () => {
    for (let value = 1; value < 4096; value++) written(value)
  })
})
