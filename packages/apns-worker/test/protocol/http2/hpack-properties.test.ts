import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { FieldName, FieldTemplate, type Indexing } from '#src/protocol/http2/request-field.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { BlockEncoder, type Field, tryDecode } from './support/hpack.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

const NAMES = new ResponseFieldNames([])

// Few names and values, so that tables are hit, and any bytes, so that nothing is taken for granted.
const name = fc.oneof(
  fc.constantFrom(':path', ':method', 'apns-id', 'apns-topic', 'cookie', 'x'),
  fc.stringMatching(/^[a-z0-9!#$%&'*+\-.^_`|~]{1,40}$/),
)
const value = fc.oneof(
  fc.constantFrom('', 'GET', '/', 'com.example.app', 'x'.repeat(200), 'y'.repeat(1500), 'z'.repeat(5000)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[\0\r\n]/g, '')
      .trim(),
  ),
)
const indexing = fc.constantFrom<Indexing>('incremental', 'without', 'never')
const field = fc.record({ name, value, indexing })
const limit = fc.constantFrom(0, 31, 64, 100, 500, 4095, 4096, 10_000)

const step = fc.oneof(
  { weight: 1, arbitrary: fc.array(limit, { minLength: 1, maxLength: 3 }).map((limits) => ({ limits })) },
  { weight: 3, arbitrary: fc.array(field, { maxLength: 8 }).map((fields) => ({ fields })) },
  { weight: 2, arbitrary: fc.nat(3).map((template) => ({ template })) },
  { weight: 2, arbitrary: fc.record({ literal: fc.nat(3), text: value }) },
)

test('what is encoded is what is decoded, whatever becomes of the table', () => {
  const templates = fc.array(fc.array(field, { maxLength: 6 }), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(templates, fc.array(step, { maxLength: 40 }), (lists, steps) => {
      const known = lists.map((fields) => new FieldTemplate(fields))
      const names = ['apns-id', ':path', 'apns-expiration', 'x'].map((text) => new FieldName(text))
      const encoder = new BlockEncoder()
      const decoder = new HpackDecoder(NAMES)
      let size = 4096
      for (const each of steps) {
        const expected: Field[] = []
        const block = encoder.block((to) => {
          if ('fields' in each) {
            for (const { name, value, indexing } of each.fields) {
              to.field(name, value, indexing)
              expected.push([name, value])
            }
          } else if ('template' in each) {
            const template = known[each.template]
            assert.ok(template !== undefined)
            to.template(template)
            for (const { name, value } of template.fields) expected.push([name, value])
          } else if ('literal' in each) {
            const name = names[each.literal]
            assert.ok(name !== undefined)
            to.literal(name, each.text.length).latin1(each.text)
            expected.push([name.text, each.text])
          }
        })
        assert.deepEqual(tryDecode(decoder, block), expected)
        assert.ok(decoder.tableSize <= size)
        if ('limits' in each) {
          // As the peer's SETTINGS, and the acknowledgement of them, would move both ends.
          for (const next of each.limits) {
            encoder.encoder.limitTable(next)
            size = Math.min(next, 4096)
            decoder.limitTable(size)
          }
        }
      }
    }),
    { numRuns: 500, seed },
  )
})

test('any bytes are decoded or refused; nothing is thrown and the table stays within its size', () => {
  const block = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    // Mostly valid beginnings: literals that enter the table, indices, sizes.
    fc
      .array(fc.oneof(fc.constantFrom(0x40, 0x82, 0xbe, 0xbf, 0x20, 0x3f, 0x01, 0x81, 0x7f), fc.nat(255)), {
        maxLength: 60,
      })
      .map((bytes) => Uint8Array.from(bytes)),
  )
  fc.assert(
    fc.property(fc.array(block, { maxLength: 10 }), (blocks) => {
      const decoder = new HpackDecoder(NAMES)
      for (const each of blocks) {
        const result = tryDecode(decoder, each)
        assert.ok(decoder.tableSize <= 4096)
        if (typeof result === 'string') return
        assert.ok(result.length <= each.length)
      }
    }),
    { numRuns: 3000, seed },
  )
})
