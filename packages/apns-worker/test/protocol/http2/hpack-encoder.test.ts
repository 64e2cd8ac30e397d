import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { FieldName, FieldTemplate } from '#src/protocol/http2/request-field.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { BlockEncoder, decode } from './support/hpack.js'

const NAMES = new ResponseFieldNames([])
const hexOf = (bytes: Buffer): string => bytes.toString('hex')

test('a field enters the table once, and costs a byte from then on', () => {
  const encoder = new BlockEncoder()
  const decoder = new HpackDecoder(NAMES)
  const fields = [['apns-topic', 'com.example.app']] as const
  const first = encoder.fields(fields)
  assert.ok(first.length > 10)
  assert.deepEqual(decode(decoder, first), fields)
  const second = encoder.fields(fields)
  assert.equal(hexOf(second), 'be')
  assert.deepEqual(decode(decoder, second), fields)
})

test('fields that do not, or never, enter it', () => {
  const encoder = new BlockEncoder()
  const write = (indexing: 'without' | 'never'): string =>
    hexOf(encoder.block((to) => to.field('x', '\u0001', indexing)))
  assert.equal(write('without'), '0001780101')
  assert.equal(write('without'), '0001780101')
  assert.equal(write('never'), '1001780101')
  assert.equal(hexOf(encoder.block((to) => to.field(':method', 'POST', 'without'))), '83')
  assert.equal(hexOf(encoder.block((to) => to.field('authorization', '\u0001', 'never'))), '1f080101')
})

test('a field larger than the table does not empty it', () => {
  const encoder = new BlockEncoder()
  encoder.fields([['a', 'b']])
  encoder.fields([['large', 'x'.repeat(5000)]])
  assert.equal(hexOf(encoder.fields([['a', 'b']])), 'be')
})

test('a template is a copy of a few bytes while nothing changes', () => {
  const encoder = new BlockEncoder()
  const decoder = new HpackDecoder(NAMES)
  const template = new FieldTemplate([
    { name: ':method', value: 'POST', indexing: 'incremental' },
    { name: 'apns-topic', value: 'com.example.app', indexing: 'incremental' },
    { name: 'apns-priority', value: '10', indexing: 'without' },
  ])
  const blocks = Array.from({ length: 3 }, () => encoder.block((to) => to.template(template)))
  const expected = template.fields.map(({ name, value }) => [name, value])
  for (const block of blocks) assert.deepEqual(decode(decoder, block), expected)
  assert.deepEqual(blocks[1], blocks[2])
  // Another entry moves the index, another encoder has a table of its own.
  const moved = encoder.block((to) => {
    to.field('x', 'y', 'incremental')
    to.template(template)
  })
  assert.deepEqual(decode(decoder, moved), [['x', 'y'], ...expected])
  const other = new BlockEncoder()
  assert.deepEqual(
    decode(
      new HpackDecoder(NAMES),
      other.block((to) => to.template(template)),
    ),
    expected,
  )
  assert.deepEqual(
    decode(
      decoder,
      encoder.block((to) => to.template(template)),
    ),
    expected,
  )
})

test('a literal: the name enters the table the first time, the value never does', () => {
  const encoder = new BlockEncoder()
  const decoder = new HpackDecoder(NAMES)
  const name = new FieldName('apns-id')
  const write = (value: string): Buffer => encoder.block((to) => to.literal(name, value.length).latin1(value))
  const first = write('one')
  assert.equal(first[0], 0x40)
  assert.deepEqual(decode(decoder, first), [['apns-id', 'one']])
  const second = write('two')
  assert.equal(hexOf(second), `0f2f03${Buffer.from('two').toString('hex')}`)
  assert.deepEqual(decode(decoder, second), [['apns-id', 'two']])
  const long = 'x'.repeat(127)
  assert.deepEqual(decode(decoder, write(long)), [['apns-id', long]])
  // The value is not known to the table: an equal field is not taken for it.
  assert.deepEqual(decode(decoder, encoder.fields([['apns-id', 'one']])), [['apns-id', 'one']])
})

test('a literal with a name of the static table', () => {
  const path = new FieldName(':path')
  const block = new BlockEncoder().block((to) => to.literal(path, 4).hex(Uint8Array.of(0xab, 0x0c)))
  assert.equal(hexOf(block), `0404${Buffer.from('ab0c').toString('hex')}`)
})

test('a literal with a name that fits no table', () => {
  const encoder = new BlockEncoder()
  encoder.encoder.limitTable(0)
  const decoder = new HpackDecoder(NAMES)
  const name = new FieldName('apns-id')
  for (let i = 0; i < 2; i++) {
    const block = encoder.block((to) => to.literal(name, 1).latin1('x'))
    assert.deepEqual(decode(decoder, block), [['apns-id', 'x']])
    assert.equal(decoder.tableSize, 0)
  }
})

test('a literal whose value has another length than announced is a mistake that does not get out', () => {
  const name = new FieldName('x')
  const path = new FieldName(':path')
  const wrong = (write: Parameters<BlockEncoder['block']>[0]): void =>
    assert.throws(() => new BlockEncoder().block(write), /longer than was announced/)
  wrong((to) => to.literal(name, 2).latin1('x'))
  wrong((to) => {
    to.literal(path, 2).latin1('xxx')
    to.field('a', 'b', 'without')
  })
  wrong((to) => {
    to.literal(path, 2)
    to.literal(name, 2)
  })
  wrong((to) => {
    to.literal(path, 2)
    to.template(new FieldTemplate([]))
  })
})

test("the peer's table size: the smallest and the last are told, once, and 4096 is our most", () => {
  const encoder = new BlockEncoder()
  const sizes = (...limits: readonly number[]): string => {
    for (const limit of limits) encoder.encoder.limitTable(limit)
    return hexOf(encoder.fields([]))
  }
  assert.equal(sizes(4096), '')
  assert.equal(sizes(65_536), '')
  assert.equal(sizes(100), '3f45')
  assert.equal(sizes(), '')
  assert.equal(sizes(200, 10, 65_536), '2a3fe11f')
  assert.equal(sizes(10, 20), '2a34')
  assert.equal(sizes(0), '20')
})

test('fields that may not be sent', () => {
  const refuses = (name: string, value: string): void => {
    assert.throws(() => new BlockEncoder().fields([[name, value]]), TypeError)
    assert.throws(() => new FieldTemplate([{ name, value, indexing: 'without' }]), TypeError)
  }
  for (const name of ['', 'Upper', 'sp ace', 'a:b', 'ä', 'a\n', ':']) refuses(name, 'x')
  for (const value of ['a\0', 'a\r\nb: c', 'a\n', '\u0100', ' a', 'a\t']) refuses('x', value)
  assert.throws(() => new FieldName('X'), TypeError)
})
