import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_OUTPUT_BYTES } from '#src/protocol/http2/limits.js'
import { Dialogue } from './support/dialogue.js'
import {
  accepted,
  block,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  OK,
  ping,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

const REQUESTS = 8
/** Open ones; now and then the connection, one of the wrong parity, a cancelled one, one that is not open yet. */
const openId = fc.nat(REQUESTS - 1).map((index) => 2 * index + 1)
const anyId = fc.oneof(
  { weight: 20, arbitrary: openId },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 2 * REQUESTS + 1, 2 * REQUESTS + 3) },
)
const payload = fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list))
const flags = (endStream: boolean): number => END_HEADERS | (endStream ? END_STREAM : 0)

/** A head that adds to the table, and one that refers to it. */
const entering = Buffer.concat([OK, block(['apns-id', 'abc'])])
entering[1] = 0x40
const referring = Buffer.of(0x88, 0xbe)

const peerFrame: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: anyId.map(accepted) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        anyId,
        fc.constantFrom(OK, entering, referring, block([':status', '103']), block(['late', 'x'])),
        fc.boolean(),
      )
      .map(([id, head, end]) => headers(id, head, flags(end))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(openId, fc.nat(entering.length), fc.boolean())
      .map(([id, cut, end]) =>
        Buffer.concat([
          headers(id, entering.subarray(0, cut), flags(end) & ~END_HEADERS),
          continuation(id, entering.subarray(cut)),
        ]),
      ),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(anyId, payload, fc.boolean())
      .map(([id, body, end]) => data(id, body, end ? END_STREAM : 0)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(openId, payload, fc.nat(40))
      .map(([id, body, pad]) => data(id, Buffer.concat([Buffer.of(pad), body]), 0x8)),
  },
  { weight: 1, arbitrary: fc.tuple(anyId, fc.nat(13)).map(([id, code]) => rstStream(id, code)) },
  { weight: 3, arbitrary: fc.tuple(anyId, fc.nat(70_000)).map(([id, more]) => windowUpdate(id, more)) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 5).map((limit) => settings([3, limit])) },
  { weight: 1, arbitrary: fc.nat(100_000).map((size) => settings([4, size])) },
  { weight: 1, arbitrary: fc.nat(5000).map((size) => settings([1, size])) },
  { weight: 1, arbitrary: fc.constant(ping('12345678')) },
  { weight: 1, arbitrary: fc.tuple(anyId, payload).map(([id, body]) => frame(0xbb, 0xff, id, body)) },
  { weight: 1, arbitrary: openId.map((id) => goaway(id, 0, 'bye')) },
)
const conversation = fc.array(peerFrame, { maxLength: 40 })

/** Requests are open; half of them have bodies that the window holds back. */
function start(): Dialogue {
  const dialogue = Dialogue.established({ responseFields: ['apns-id', 'late'] }, [3, 100], [4, 5000])
  for (let count = 0; count < REQUESTS; count++) dialogue.open(Buffer.alloc(count * 1500, 'b'))
  // The table has an entry from the beginning, so that most conversations get beyond the first reference.
  dialogue.session.cancel(dialogue.open())
  dialogue.peer(headers(2 * REQUESTS + 1, entering))
  dialogue.take()
  return dialogue
}

function outcome(chunks: readonly Uint8Array[]): { events: string[]; written: string } {
  const dialogue = start()
  for (const chunk of chunks) {
    // A copy that is overwritten afterwards: what the session keeps has to be its own.
    const copy = Buffer.from(chunk)
    dialogue.session.receive(copy, 0)
    copy.fill(0xff)
  }
  return { events: dialogue.heard(), written: dialogue.take().toString('hex') }
}

function chop(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((from, index) => whole.subarray(from, places[index] ?? whole.length))
}

test('any chopping of the input gives the same events and the same output', () => {
  fc.assert(
    fc.property(conversation, fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const whole = Buffer.concat(frames)
      const expected = outcome([whole])
      assert.deepEqual(outcome(chop(whole, cuts)), expected)
      assert.deepEqual(outcome(Array.from(whole, (byte) => Buffer.of(byte))), expected)
    }),
    { numRuns: 300, seed },
  )
})

test('whatever a peer sends, nothing is thrown, every request is reported once, and nothing grows', () => {
  const anything = fc.oneof(
    { weight: 3, arbitrary: conversation.map((frames) => Buffer.concat(frames)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list)) },
  )
  const mutation = fc.tuple(fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(anything, fc.array(mutation, { maxLength: 6 }), (input, mutations) => {
      const mutated = Buffer.from(input)
      for (const [place, byte] of mutations) if (mutated.length > 0) mutated[place % mutated.length] = byte
      const dialogue = start()
      dialogue.peer(mutated)
      dialogue.session.lost()
      const events = dialogue.heard()
      const ends = events.filter((event) => /^(end|reset) /.test(event)).map((event) => event.split(' ')[1])
      assert.deepEqual(
        ends.toSorted((a, b) => Number(a) - Number(b)),
        Array.from({ length: REQUESTS }, (_, index) => String(2 * index + 1)),
      )
      const failure = events.findIndex((event) => event.startsWith('failed'))
      assert.ok(failure < 0 || failure === events.length - 1, 'nothing follows a failure')
      assert.equal(dialogue.session.openStreams, 0)
      assert.ok(dialogue.session.pendingOutput < MAX_OUTPUT_BYTES)
    }),
    { numRuns: 3000, seed },
  )
})

test('a peer that sends what nobody wants, without end, takes no memory', () => {
  const dialogue = Dialogue.established()
  dialogue.session.cancel(dialogue.open())
  // One buffer, so that nothing but the session allocates.
  const unwanted = Buffer.concat([
    frame(0xcc, 0xff, 7, Buffer.alloc(16_384)),
    data(1, Buffer.alloc(16_384)),
    headers(1, entering),
    headers(1, Buffer.concat([OK, block(['large', 'v'.repeat(6000)])])),
    frame(0xcc, 0, 0, Buffer.alloc(16_384)),
  ])
  const round = (): void => {
    dialogue.now += 1000
    for (let at = 0; at < unwanted.length; at += 10_000) {
      dialogue.session.receive(unwanted.subarray(at, at + 10_000), dialogue.now)
      const output = dialogue.session.takeOutput()
      if (output !== undefined) dialogue.session.recycle(output)
    }
  }
  for (let warm = 0; warm < 10; warm++) round()
  const before = process.memoryUsage().arrayBuffers
  for (let count = 0; count < 2000; count++) round()
  assert.equal(dialogue.session.closed, false)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
})
