import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message, MessageError, PUSH_TYPES } from 'apns-worker'
import fc from 'fast-check'
import { printedSeed } from '../protocol/http2/support/seed.js'

const seed = printedSeed()
const TOKEN = 'a8cc97dc8faf36513348a12eb0b6c50ba76dc3dd9d1398b00688c29a6e4ea884'

/** Whatever JavaScript has, mostly of no use here. */
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
})
const strange = fc.oneof(
  anything,
  fc.constant(Symbol('s')),
  fc.constant(() => 1),
  anything.map((value) => ({ toJSON: () => value })),
)
const usualOrStrange = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: strange })

const options = fc.record(
  {
    expiration: usualOrStrange(fc.oneof(fc.date(), fc.double({ min: 0, max: 2 ** 32 }))),
    priority: usualOrStrange(fc.constantFrom(10, 5, 1)),
    topic: usualOrStrange(fc.constantFrom('com.example.app', 'com.example.app.voip')),
    pushType: usualOrStrange(fc.constantFrom(...Object.keys(PUSH_TYPES))),
    collapseId: usualOrStrange(fc.string({ unit: 'grapheme', maxLength: 70 })),
    ambiguous: usualOrStrange(fc.constantFrom('resend', 'drop')),
  },
  { requiredKeys: [] },
)
const tokens = usualOrStrange(fc.array(fc.oneof(fc.constant(TOKEN), fc.string(), strange), { maxLength: 3 }))
const payload = usualOrStrange(fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), strange), { maxKeys: 4 }))

test('whatever a message is made of, it is sound or says what is wrong', () => {
  fc.assert(
    fc.property(tokens, payload, options, (givenTokens, givenPayload, givenOptions) => {
      // JavaScript passes anything.
      const args = [givenTokens, givenPayload, givenOptions] as ConstructorParameters<typeof Message>
      let message: Message
      try {
        message = new Message(...args)
      } catch (error) {
        assert.ok(error instanceof MessageError, `${(error as Error).stack}`)
        return
      }
      const text = Buffer.from(message.encodedPayload).toString()
      assert.ok(text.startsWith('{'), `the payload is ${text}`)
      assert.deepEqual(message.payload, JSON.parse(text))
      assert.ok(message.encodedPayload.length <= PUSH_TYPES[message.pushType].payloadBytes)
      for (const token of message.tokens) assert.match(token, /^([0-9a-f]{2}){1,100}$/)
      assert.match(message.topic ?? 'x', /^[\w.-]{1,255}$/)
      const { expiration = 0, priority = 10, collapseId = 'x' } = message
      assert.ok(Number.isInteger(expiration) && expiration >= 0 && expiration <= 0xffff_ffff)
      assert.ok(Number.isInteger(priority) && priority >= 0 && priority <= 255)
      assert.ok(collapseId.length > 0 && Buffer.byteLength(collapseId) <= 64)
    }),
    { numRuns: 2000, seed },
  )
})
