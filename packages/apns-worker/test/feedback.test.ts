import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Feedback } from 'apns-worker'
import fc from 'fast-check'

function tuple(timestamp: number, token: Uint8Array): Buffer {
  const bytes = Buffer.alloc(6 + token.length)
  bytes.writeUInt32BE(timestamp, 0)
  bytes.writeUInt16BE(token.length, 4)
  bytes.set(token, 6)
  return bytes
}

/** Parses as a reader of a socket does: what is left over goes before what comes next. */
function parseChunks(chunks: readonly Uint8Array[]): { feedbacks: Feedback[]; remainder: string } {
  const feedbacks: Feedback[] = []
  let remainder: Uint8Array = new Uint8Array()
  for (const chunk of chunks) {
    remainder = Buffer.concat([remainder, chunk])
    for (;;) {
      const [feedback, rest] = Feedback.parse(remainder)
      remainder = rest
      if (feedback === undefined) break
      feedbacks.push(feedback)
    }
  }
  return { feedbacks, remainder: Buffer.from(remainder).toString('hex') }
}

test('a record has a token, in hex, and a time', () => {
  const bytes = tuple(1_400_000_000, Buffer.from('a8cc97dc', 'hex'))
  const [feedback, remainder] = Feedback.parse(bytes)
  assert.ok(feedback instanceof Feedback)
  assert.equal(feedback.token, 'a8cc97dc')
  assert.equal(feedback.when.toISOString(), '2014-05-13T16:53:20.000Z')
  assert.equal(feedback.reason, undefined)
  assert.equal(remainder.length, 0)
})

test('until a record is complete there is none, and all the bytes are given back', () => {
  const bytes = tuple(0xffff_ffff, Buffer.alloc(32, 7))
  for (let length = 0; length < bytes.length; length++) {
    const part = bytes.subarray(0, length)
    assert.deepEqual(Feedback.parse(part), [undefined, part])
  }
  assert.equal(Feedback.parse(bytes)[0]?.when.getTime(), 0xffff_ffff * 1000)
})

test('the bytes may be any part of a larger buffer, and may be changed afterwards', () => {
  const bytes = tuple(1, Buffer.from('abcd', 'hex'))
  const larger = Buffer.concat([Buffer.from([9, 9, 9]), bytes, Buffer.from([8, 8])])
  const view = new Uint8Array(larger.buffer, larger.byteOffset + 3, bytes.length + 2)
  const [feedback, remainder] = Feedback.parse(view)
  larger.fill(0)
  assert.equal(feedback?.token, 'abcd')
  assert.equal(remainder.length, 2)
})

test('any chopping of the stream gives the same records', () => {
  const record = fc.record({
    timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
    token: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 8 }),
      fc.array(fc.nat(20)),
      fc.nat(5),
      (records, sizes, cut) => {
        const whole = Buffer.concat(records.map(({ timestamp, token }) => tuple(timestamp, token)))
        const stream = whole.subarray(0, Math.max(0, whole.length - cut))
        const chunks: Uint8Array[] = []
        let at = 0
        for (const size of sizes) {
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        chunks.push(stream.subarray(at))
        const bytewise = Array.from(stream, (byte) => Uint8Array.of(byte))
        const expected = parseChunks([stream])
        assert.deepEqual(parseChunks(chunks), expected)
        assert.deepEqual(parseChunks(bytewise), expected)
        assert.deepEqual(
          expected.feedbacks.map(({ token, when }) => [token, when.getTime()]),
          records
            .slice(0, expected.feedbacks.length)
            .map(({ timestamp, token }) => [Buffer.from(token).toString('hex'), timestamp * 1000]),
        )
      },
    ),
  )
})
