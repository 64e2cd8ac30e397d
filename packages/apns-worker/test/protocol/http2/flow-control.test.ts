import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CONNECTION_WINDOW_BYTES, MAX_OUTPUT_BYTES } from '#src/protocol/http2/limits.js'
import { Dialogue } from './support/dialogue.js'
import {
  data,
  END_STREAM,
  headers,
  OK,
  parseFrames,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

const body = (length: number): Buffer => Buffer.alloc(length, 'b')
/** Bytes of every value. */
const mixedBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 0xff))

/** What was said of bodies, and nothing else. */
function dataOf(dialogue: Dialogue): string[] {
  return dialogue.said().filter((each) => each.startsWith('DATA'))
}

test('the window of the connection is used in full, and no request is taken while a body waits for it', () => {
  const dialogue = Dialogue.established({}, [4, 100_000])
  const { session } = dialogue
  dialogue.open(body(65_000))
  dialogue.open(body(1000))
  assert.equal(session.capacity, 0)
  dialogue.hears([], [])
  const sizes = dataOf(dialogue).map((each) => Number(each.split(' ')[2]))
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    65_535,
  )
  dialogue.peer(windowUpdate(0, 465))
  assert.deepEqual(dataOf(dialogue), ['DATA 3 465 END'])
  assert.ok(session.capacity > 0)
  // The window is empty, but nobody waits: one more may try.
  dialogue.open(body(10))
  assert.equal(session.capacity, 0)
  dialogue.peer(windowUpdate(0, 10))
  assert.deepEqual(dataOf(dialogue), ['DATA 5 10 END'])
})

test('a body that waits for its own stream keeps no other back', () => {
  const dialogue = Dialogue.established({}, [4, 10])
  dialogue.open(body(25))
  dialogue.open(body(10))
  assert.ok(dialogue.session.capacity > 0)
  assert.deepEqual(dataOf(dialogue), ['DATA 1 10', 'DATA 3 10 END'])
  dialogue.peer(windowUpdate(0, 1000), windowUpdate(1, 1))
  assert.deepEqual(dataOf(dialogue), ['DATA 1 1'])
  dialogue.peer(windowUpdate(1, 100))
  assert.deepEqual(dataOf(dialogue), ['DATA 1 14 END'])
})

test('bodies that wait for the connection go on in the order of waiting', () => {
  const dialogue = Dialogue.established({}, [4, 200_000])
  for (let i = 0; i < 2; i++) dialogue.open(body(i === 0 ? 65_535 : 1))
  dialogue.take()
  // Both wait, since the second was opened before the first was known to.
  dialogue.peer(windowUpdate(0, 1))
  assert.deepEqual(dataOf(dialogue), ['DATA 3 1 END'])
})

test('a changed initial window size moves open streams, also below zero', () => {
  const dialogue = Dialogue.established({}, [4, 10])
  dialogue.open(body(16))
  assert.deepEqual(dataOf(dialogue), ['DATA 1 10'])
  dialogue.peer(settings([4, 4]))
  dialogue.peer(windowUpdate(1, 6))
  assert.deepEqual(dataOf(dialogue), [])
  dialogue.peer(windowUpdate(1, 2))
  assert.deepEqual(dataOf(dialogue), ['DATA 1 2'])
  dialogue.peer(settings([4, 0]))
  dialogue.open(body(3))
  assert.deepEqual(dataOf(dialogue), [])
  dialogue.peer(settings([4, 100]))
  assert.deepEqual(dataOf(dialogue), ['DATA 1 4 END', 'DATA 3 3 END'])
})

test("bodies and heads are cut to the peer's frame size, which may grow", () => {
  const dialogue = Dialogue.established({}, [4, 1_000_000])
  dialogue.peer(windowUpdate(0, 1_000_000))
  dialogue.open(body(40_000), ['x', 'v'.repeat(40_000)])
  const said = dialogue.said()
  assert.deepEqual(
    said.slice(0, 3).map((each) => each.replace(/ \d+( END)?$/, ' n')),
    ['HEADERS 1 16384 …', 'CONTINUATION 1 16384 …', 'CONTINUATION 1 n'],
  )
  assert.deepEqual(said.slice(3), ['DATA 1 16384', 'DATA 1 16384', 'DATA 1 7232 END'])
  dialogue.peer(settings([5, 100_000]))
  dialogue.take()
  dialogue.open(body(40_000), ['x', '\x01'.repeat(40_000)])
  assert.match(dialogue.said().join(), /^HEADERS 3 \d+,DATA 3 40000 END$/)
})

test('a window that is credited beyond 31 bits resets its stream', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  dialogue.hears([windowUpdate(1, 0x7fff_ffff - 65_535)], [])
  dialogue.hears([windowUpdate(1, 1)], ['reset 1 protocol 3'])
  assert.deepEqual(dialogue.said(), ['RST_STREAM 1 3'])
})

test('a WINDOW_UPDATE of nothing resets its stream', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.hears([windowUpdate(1, 0)], ['reset 1 protocol 1'])
})

test('a stream that ends takes its waiting body with it', () => {
  const dialogue = Dialogue.established({}, [4, 100_000])
  dialogue.open(body(70_000))
  assert.equal(dialogue.session.capacity, 0)
  dialogue.take()
  dialogue.hears([rstStream(1, 8)], ['reset 1 peer 8'])
  assert.ok(dialogue.session.capacity > 0)
  dialogue.peer(windowUpdate(0, 100_000))
  assert.deepEqual(dialogue.said(), [])
})

test('a response that comes before the body was sent ends it', () => {
  const dialogue = Dialogue.established()
  dialogue.open(body(70_000))
  dialogue.take()
  dialogue.hears([headers(1, OK), data(1, 'too large', END_STREAM)], ['data 1 too large', 'end 1 200'])
  assert.deepEqual(dialogue.said(), ['RST_STREAM 1 8'])
  dialogue.hears([rstStream(1, 0), windowUpdate(1, 10_000)], [])
})

test('a full output takes no requests and no more of the bodies, until it is taken', () => {
  const dialogue = Dialogue.established({}, [4, 10_000_000])
  dialogue.peer(windowUpdate(0, 10_000_000))
  const { session } = dialogue
  dialogue.open(body(3 * MAX_OUTPUT_BYTES))
  assert.equal(session.capacity, 0)
  assert.ok(session.pendingOutput < MAX_OUTPUT_BYTES + 17_000)
  let taken = 0
  for (let bytes = session.takeOutput(); bytes !== undefined; bytes = session.takeOutput()) {
    assert.ok(bytes.length < MAX_OUTPUT_BYTES + 17_000)
    for (const { type, payload } of parseFrames(bytes)) taken += type === 0 ? payload.length : 0
  }
  assert.equal(taken, 3 * MAX_OUTPUT_BYTES)
  assert.ok(session.capacity > 0)
})

test('what is received is granted again, on the connection and on the stream, padding included', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 10_000_000 })
  dialogue.open()
  dialogue.take()
  dialogue.peer(headers(1, OK))
  let received = 0
  let granted = 0
  while (received < 3 * CONNECTION_WINDOW_BYTES) {
    const padded = Buffer.concat([Buffer.of(255), Buffer.alloc(16_000)])
    received += padded.length
    dialogue.peer(data(1, padded, 0x8))
    for (const { type, streamId, payload } of dialogue.sent()) {
      assert.equal(type, 8)
      if (streamId === 0) granted += payload.readUInt32BE()
    }
  }
  assert.ok(dialogue.heard().every((event) => event.startsWith('data 1')))
  assert.ok(granted > received - CONNECTION_WINDOW_BYTES && granted <= received)
})

test('a peer that sends more than it was granted on a stream: it cannot know of a grant that nobody took', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 10_000_000 })
  dialogue.open()
  dialogue.take()
  const full = Array.from({ length: 4 }, (_, i) => data(1, body(i < 3 ? 16_384 : 16_383)))
  dialogue.peer(headers(1, OK), ...full)
  assert.ok(dialogue.heard().every((event) => event.startsWith('data 1')))
  assert.deepEqual(dialogue.said(), ['WINDOW_UPDATE 1 32768'])
  dialogue.peer(...full.slice(0, 2))
  assert.ok(dialogue.heard().every((event) => event.startsWith('data 1')))
  dialogue.hears([data(1, 'x')], ['reset 1 protocol 3'])
  assert.ok(dialogue.said().includes('RST_STREAM 1 3'))
})

test('a peer that sends more than it was granted on the connection, be it for streams that are gone', () => {
  const dialogue = Dialogue.established()
  dialogue.session.cancel(dialogue.open())
  dialogue.take()
  for (let sent = 0; sent < CONNECTION_WINDOW_BYTES; sent += 16_384) dialogue.peer(data(1, body(16_384)))
  assert.equal(dialogue.session.closed, false)
  dialogue.hears([data(1, 'x')], ['failed FLOW_CONTROL_ERROR'])
})

test('any order of credit and of table changes: no window is ever exceeded, and every body arrives whole', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('open' as const), size: fc.nat(3000), isText: fc.boolean() }),
    fc.record({
      kind: fc.constant('stream' as const),
      pick: fc.nat(20),
      size: fc.integer({ min: 1, max: 1500 }),
    }),
    fc.record({ kind: fc.constant('connection' as const), size: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ kind: fc.constant('initial' as const), size: fc.nat(2000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const dialogue = Dialogue.established({}, [4, 500])
      // Use up the connection's window, so that its credit matters.
      let initial = 65_535
      dialogue.peer(settings([4, initial]))
      dialogue.open(body(65_535))
      dialogue.peer(headers(1, OK, 0x5))
      dialogue.take()
      let connection = 0
      const windows = new Map<number, number>()
      const bodies = new Map<number, { size: number; sent: number }>()
      const sentBytes = new Map<number, Buffer[]>()
      const check = (): void => {
        for (const { type, streamId, payload, flags } of dialogue.sent()) {
          if (type !== 0) continue
          connection -= payload.length
          windows.set(streamId, (windows.get(streamId) ?? 0) - payload.length)
          const record = bodies.get(streamId)
          assert.ok(record !== undefined)
          record.sent += payload.length
          sentBytes.get(streamId)?.push(Buffer.from(payload))
          assert.equal((flags & END_STREAM) !== 0, record.sent === record.size)
          assert.ok(payload.length > 0 && connection >= 0 && (windows.get(streamId) ?? -1) >= 0)
        }
        // And fully used: what waits, waits for a window that is empty.
        for (const [id, { size, sent }] of bodies) {
          assert.ok(sent === size || connection === 0 || (windows.get(id) ?? 0) <= 0, `stream ${id}`)
        }
      }
      const change = (size: number): void => {
        for (const [id, window] of windows) windows.set(id, window + size - initial)
        initial = size
        dialogue.peer(settings([4, size]))
      }
      for (const each of steps) {
        if (each.kind === 'open') {
          if (dialogue.session.capacity === 0) continue
          const bytes = mixedBytes(each.size)
          const { id } = dialogue.open(each.isText ? bytes.toString('latin1') : bytes)
          if (each.size > 0) {
            windows.set(id, initial)
            bodies.set(id, { size: each.size, sent: 0 })
            sentBytes.set(id, [])
          }
        } else if (each.kind === 'initial') change(each.size)
        else if (each.kind === 'connection') {
          connection += each.size
          dialogue.peer(windowUpdate(0, each.size))
        } else {
          const id = [...windows.keys()][each.pick % Math.max(1, windows.size)]
          if (id === undefined) continue
          windows.set(id, (windows.get(id) ?? 0) + each.size)
          dialogue.peer(windowUpdate(id, each.size))
        }
        check()
      }
      connection += 1_000_000
      dialogue.peer(windowUpdate(0, 1_000_000))
      check()
      change(100_000)
      check()
      for (const [id, { size }] of bodies) {
        assert.deepEqual(Buffer.concat(sentBytes.get(id) ?? []), mixedBytes(size))
      }
    }),
    { numRuns: 300, seed },
  )
})
