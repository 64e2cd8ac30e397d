import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenAt, unpackTokens } from '@apns-worker/server'
import fc from 'fast-check'
import { packTokens } from '#src/outbox/packed-tokens.js'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
const lists = fc.oneof(
  fc.array(bytes, { maxLength: 40 }),
  fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 })),
)

test('what is packed is unpacked, whatever the lengths and the size of the batches', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 10 }), (list, batchTokens) => {
      const tokens = list.map((token) => Buffer.from(token).toString('hex'))
      const batches = [...packTokens(tokens, 0, batchTokens)]
      assert.deepEqual(batches.flatMap(unpackTokens), tokens)
      for (const [number, batch] of batches.entries()) {
        assert.ok(batch.count === batchTokens || number === batches.length - 1)
        for (let index = 0; index < batch.count; index++) {
          const token = Buffer.from(tokenAt(batch, index)).toString('hex')
          assert.equal(token, tokens[number * batchTokens + index])
        }
        assert.throws(() => tokenAt(batch, batch.count), RangeError)
      }
    }),
  )
})

test('tokens of 32 bytes take 32 bytes each', () => {
  const [batch] = packTokens(Array.from({ length: 1000 }, () => 'ab'.repeat(32)))
  assert.equal(batch?.bytes.buffer.byteLength, 32_000)
})

test('an endless list is packed a batch at a time', () => {
  function* endless(): Generator<string> {
    for (;;) yield 'ab'
  }
  const batches = packTokens(endless())
  assert.equal(batches.next().value?.count, 1000)
  assert.equal(batches.next().value?.count, 1000)
})
