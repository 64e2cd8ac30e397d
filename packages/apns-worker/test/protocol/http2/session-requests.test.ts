import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldName } from '#src/protocol/http2/request-field.js'
import type { RequestHead } from '#src/protocol/http2/request-head.js'
import { Dialogue, TestRequest } from './support/dialogue.js'
import {
  accepted,
  data,
  END_HEADERS,
  END_STREAM,
  headers,
  OK,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'

const LARGEST_WINDOW = 0x7fff_ffff
const FRAME = 16_384

const body = (length: number): Buffer => Buffer.alloc(length, 'b')

/** How many bytes of a head are not the value of its one field, which is about as long. */
function overhead(dialogue: Dialogue, about: number): number {
  dialogue.session.cancel(dialogue.open(undefined, ['x', '\x01'.repeat(about)]))
  const blocks = dialogue.sent().filter(({ type }) => type === 1 || type === 9)
  return blocks.reduce((sum, { payload }) => sum + payload.length, -about)
}

test('a head is cut into frames where it must be, behind whatever is in the output', () => {
  for (const [length, ...frames] of [
    [FRAME - 1, FRAME - 1],
    [FRAME, FRAME],
    [FRAME + 1, FRAME, 1],
    [2 * FRAME, FRAME, FRAME],
    [2 * FRAME + 1, FRAME, FRAME, 1],
  ] as const) {
    const dialogue = Dialogue.established()
    const size = length - overhead(dialogue, length)
    const before = dialogue.open(Buffer.from('before'))
    const { id, fields } = dialogue.open(Buffer.from('body'), ['x', '\x01'.repeat(size)])
    const after = dialogue.open()
    const sent = dialogue.sent()
    const blocks = sent.filter(({ type, streamId }) => streamId === id && type !== 0)
    assert.deepEqual(
      blocks.map(({ type, flags, payload }) => [type, flags, payload.length]),
      frames.map((count, place) => [
        place === 0 ? 1 : 9,
        place === frames.length - 1 ? END_HEADERS : 0,
        count,
      ]),
    )
    const whole = Buffer.concat(blocks.map(({ payload }) => payload)).toString('latin1')
    assert.ok(whole.endsWith(fields[0]?.[1] ?? 'nothing'))
    assert.deepEqual(
      sent.map(({ streamId }) => streamId),
      [before.id, before.id, ...frames.map(() => id), id, after.id],
    )
  }
})

test('a head whose last literal is not as long as was announced fails the connection', () => {
  const dialogue = Dialogue.established()
  const name = new FieldName('x')
  const head: RequestHead = { writeFields: (encoder) => encoder.literal(name, 2).latin1('abc') }
  assert.throws(() => dialogue.session.request(new TestRequest(), head), /1 bytes longer/)
  assert.deepEqual(dialogue.heard(), ['failed INTERNAL_ERROR'])
})

test('an empty body is none', () => {
  const dialogue = Dialogue.established()
  dialogue.open(Buffer.alloc(0))
  assert.match(dialogue.said().join(), /^HEADERS 1 \d+ END$/)
})

test('a stream that is used again begins anew', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 40_000 })
  const { session } = dialogue
  const stream = dialogue.open(body(70_000))
  dialogue.take()
  // Half of the window is granted again, in a frame that nobody takes; then the peer has had enough.
  dialogue.peer(headers(1, OK), data(1, body(FRAME)), data(1, body(FRAME)), data(1, 'x'), rstStream(1, 0))
  dialogue.heard()
  session.request(stream, stream, body(70_000))
  dialogue.peer(windowUpdate(0, 200_000))
  assert.deepEqual(
    dialogue.said().filter((each) => each.startsWith('DATA')),
    [FRAME, FRAME, FRAME, FRAME - 1].map((size) => `DATA 3 ${size}`),
  )
  const pieces = [headers(3, OK), data(3, body(FRAME)), data(3, body(FRAME)), data(3, body(7232))]
  dialogue.peer(...pieces)
  assert.equal(stream.receivedBytes, 40_000)
  dialogue.peer(data(3, '', END_STREAM))
  assert.equal(dialogue.heard().at(-1), 'end 3 200')
})

test('a body that was not sent is forgotten with its stream', () => {
  const dialogue = Dialogue.established()
  const stream = dialogue.open(body(70_000))
  dialogue.session.cancel(stream)
  assert.equal(stream.body, undefined)
  dialogue.session.request(stream, stream)
  dialogue.take()
  dialogue.hears([windowUpdate(0, 100_000), windowUpdate(3, 1), accepted(3)], ['end 3 200'])
  assert.deepEqual(dialogue.said(), [])
})

test('a window that was granted to a former life of a stream is not granted to the next', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 1_000_000 })
  const stream = dialogue.open()
  dialogue.take()
  const full = [FRAME, FRAME, FRAME, FRAME - 1].map((size) => body(size))
  dialogue.peer(headers(1, OK), ...full.map((piece) => data(1, piece)), rstStream(1, 0))
  dialogue.session.request(stream, stream)
  dialogue.take()
  assert.equal(stream.receiveWindow, 65_535)
  dialogue.heard()
  dialogue.peer(headers(3, OK), ...full.map((piece) => data(3, piece)))
  assert.equal(dialogue.heard().length, full.length)
  assert.deepEqual(dialogue.said(), ['WINDOW_UPDATE 3 32768'])
})

test('windows hold 31 bits, and not one more', () => {
  const stream = Dialogue.established()
  for (let i = 0; i < 2; i++) stream.open(body(100))
  stream.hears([windowUpdate(1, LARGEST_WINDOW - 65_535 + 100)], [])
  stream.hears([windowUpdate(1, 1)], ['reset 1 protocol 3'])
  stream.hears([windowUpdate(3, LARGEST_WINDOW - 65_535 + 101)], ['reset 3 protocol 3'])

  const connection = Dialogue.established()
  connection.open(body(100))
  connection.take()
  connection.hears([windowUpdate(0, LARGEST_WINDOW - 65_535 + 100)], [])
  connection.hears([windowUpdate(0, 1)], ['reset 1 failed 3', 'failed FLOW_CONTROL_ERROR'])

  const initial = Dialogue.established()
  initial.open(body(100))
  initial.open()
  initial.take()
  initial.hears([windowUpdate(3, 1), settings([4, LARGEST_WINDOW - 1])], ['settings'])
  initial.hears(
    [settings([4, LARGEST_WINDOW])],
    ['reset 1 failed 3', 'reset 3 failed 3', 'failed FLOW_CONTROL_ERROR'],
  )
})

test('a body of just the size of a window, or of one byte more', () => {
  for (const [size, ...sizes] of [
    [9, 9],
    [10, 10],
    [11, 10, 1],
  ] as const) {
    const dialogue = Dialogue.established({}, [4, 10])
    dialogue.open(body(size))
    dialogue.peer(windowUpdate(1, 1))
    const sent = dialogue.sent().filter(({ type }) => type === 0)
    assert.deepEqual(
      sent.map(({ payload, flags }) => [payload.length, flags]),
      sizes.map((length, place) => [length, place === sizes.length - 1 ? END_STREAM : 0]),
    )
    dialogue.hears([accepted(1)], ['end 1 200'])
  }
})
