import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Flag, FrameType } from '#src/protocol/http2/frame.js'
import { Setting } from '#src/protocol/http2/peer-settings.js'
import {
  Dialogue,
  data,
  fields,
  frame,
  goaway,
  headers,
  OK,
  settings,
  uint32,
  windowUpdate,
} from './session-dialogue.js'

const REQUESTS = 8
const streamId = fc.integer({ min: 0, max: REQUESTS + 1 }).map((index) => 2 * index + 1)
const bytes = fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list))

/** Frames of a server, mostly in order, in any order. */
const peerFrame: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: streamId.map((id) => headers(id)) },
  { weight: 3, arbitrary: streamId.map((id) => headers(id, fields([':status', '400']), Flag.END_HEADERS)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(streamId, bytes, fc.boolean())
      .map(([id, body, last]) => data(id, body, last ? Flag.END_STREAM : 0)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(streamId, fc.nat(13))
      .map(([id, code]) => frame(FrameType.RST_STREAM, 0, id, uint32(code))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.oneof(streamId, fc.constant(0)), fc.nat(70_000))
      .map(([id, more]) => windowUpdate(id, more)),
  },
  { weight: 1, arbitrary: fc.nat(5).map((limit) => settings([[Setting.MAX_CONCURRENT_STREAMS, limit]])) },
  { weight: 1, arbitrary: fc.nat(100_000).map((size) => settings([[Setting.INITIAL_WINDOW_SIZE, size]])) },
  { weight: 1, arbitrary: fc.nat(4096).map((size) => settings([[Setting.HEADER_TABLE_SIZE, size]])) },
  { weight: 1, arbitrary: fc.constant(frame(FrameType.PING, 0, 0, Buffer.alloc(8))) },
  { weight: 1, arbitrary: fc.tuple(streamId, bytes).map(([id, payload]) => frame(0xbb, 0xff, id, payload)) },
  { weight: 1, arbitrary: streamId.map((id) => goaway(id)) },
)

/** Any bytes at all, behind a valid beginning. */
const garbage = fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list))

function start(): Dialogue {
  const dialogue = new Dialogue().hear(settings([[Setting.MAX_CONCURRENT_STREAMS, 100]]))
  for (let count = 0; count < REQUESTS; count++) dialogue.request(Buffer.alloc(9000, 'b'))
  return dialogue
}

function outcome(chunks: readonly Uint8Array[]): { events: string[]; written: string } {
  const dialogue = start()
  dialogue.hear(...chunks)
  const events = joinData(dialogue.events)
  const written = Buffer.concat(
    dialogue
      .written()
      .flatMap(({ type, flags, streamId: id, payload }) => [Buffer.of(type, flags), uint32(id), payload]),
  )
  return { events, written: written.toString('hex') }
}

/** A body's pieces may come in other sizes; what they say together may not differ. */
function joinData(events: readonly string[]): string[] {
  const joined: string[] = []
  for (const event of events) {
    const [, stream, text = ''] = /^(\d+ data )(.*)$/s.exec(event) ?? []
    const last = joined.at(-1)
    if (stream !== undefined && last?.startsWith(stream)) joined[joined.length - 1] = last + text
    else joined.push(event)
  }
  return joined
}

function chop(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((from, index) => whole.subarray(from, places[index] ?? whole.length))
}

test('any chopping of the input gives the same events and the same output', () => {
  fc.assert(
    fc.property(
      fc.array(peerFrame, { maxLength: 40 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (frames, cuts) => {
        const whole = Buffer.concat(frames)
        const expected = outcome([whole])
        assert.deepEqual(outcome(chop(whole, cuts)), expected)
        assert.deepEqual(outcome([...whole].map((byte) => Buffer.of(byte))), expected)
      },
    ),
    { numRuns: 200 },
  )
})

test('whatever a peer sends, nothing is thrown, and every request is reported once', () => {
  const anything = fc.oneof(
    { weight: 3, arbitrary: fc.array(peerFrame, { maxLength: 30 }).map((list) => Buffer.concat(list)) },
    { weight: 1, arbitrary: garbage },
  )
  const mutation = fc.tuple(fc.nat(), fc.nat(255))
  fc.assert(
    fc.property(anything, fc.array(mutation, { maxLength: 6 }), (input, mutations) => {
      const mutated = Buffer.from(input)
      for (const [place, byte] of mutations) {
        if (mutated.length > 0) mutated[place % mutated.length] = byte
      }
      const dialogue = start()
      dialogue.hear(mutated)
      dialogue.session.lost()
      assert.equal(dialogue.session.openStreams, 0)
      const ends = dialogue.events
        .filter((event) => /^\d+ (end|reset) /.test(event))
        .map((event) => event.split(' ')[0])
      assert.equal(new Set(ends).size, REQUESTS)
      assert.equal(ends.length, REQUESTS)
      const failure = dialogue.events.findIndex((event) => event.startsWith('failed'))
      if (failure >= 0) assert.equal(failure, dialogue.events.length - 1, 'nothing follows a failure')
      assert.ok(dialogue.session.pendingOutput < 2 ** 20)
    }),
    { numRuns: 2000 },
  )
})

test('a response that is spread over single bytes is one response', () => {
  const dialogue = start()
  for (const byte of Buffer.concat([headers(1, OK, Flag.END_HEADERS), data(1, 'abc', Flag.END_STREAM)]))
    dialogue.hear(Buffer.of(byte))
  assert.deepEqual(joinData(dialogue.events), ['settings', '1 data abc', '1 end 200'])
})
