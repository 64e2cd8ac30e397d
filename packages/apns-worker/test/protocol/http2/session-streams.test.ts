import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '#src/protocol/http2/error-code.js'
import type { RequestHead } from '#src/protocol/http2/request-head.js'
import { RequestSender } from '#src/protocol/http2/request-sender.js'
import { SessionCore } from '#src/protocol/http2/session-core.js'
import { Dialogue, EventLog, TestRequest } from './support/dialogue.js'
import {
  accepted,
  block,
  END_HEADERS,
  END_STREAM,
  headers,
  parseFrames,
  settings,
} from './support/frame-builder.js'

test('the number of requests at a time goes up and down with the peer', () => {
  const dialogue = Dialogue.established({}, [3, 1])
  const { session } = dialogue
  dialogue.open()
  assert.equal(session.capacity, 0)
  dialogue.peer(settings([3, 1000]))
  assert.equal(session.capacity, 999)
  while (session.capacity > 0) dialogue.open()
  assert.deepEqual([session.openStreams, session.nextStreamId], [1000, 2001])
  // All of them go on, though none may be added.
  dialogue.peer(settings([3, 0]))
  assert.equal(session.capacity, 0)
  for (let id = 1; id < 1999; id += 2) dialogue.peer(accepted(id))
  assert.deepEqual([session.openStreams, session.capacity], [1, 0])
  dialogue.peer(settings([3, 1]))
  assert.equal(session.capacity, 0)
  dialogue.peer(accepted(1999))
  assert.equal(session.capacity, 1)
  assert.equal(dialogue.heard().filter((event) => event.startsWith('end')).length, 1000)
})

/*
 * A session takes no first id, and 2^30 requests take an hour: so this is its sending half alone, with a core that begins
 * near the end.
 */
test('when the stream ids are used up, there is no more room', () => {
  const core = new SessionCore<TestRequest>(new EventLog())
  const sender = new RequestSender(core)
  core.nextStreamId = 0x7fff_ffff - 4
  const opened: TestRequest[] = []
  const room: number[] = []
  for (; sender.streamsLeft(1000) > 0; room.push(sender.streamsLeft(1000))) {
    const stream = new TestRequest()
    sender.request(stream, stream, Buffer.from('x'))
    opened.push(stream)
  }
  assert.deepEqual(room, [2, 1, 0])
  const ids = [0x7fff_fffb, 0x7fff_fffd, 0x7fff_ffff]
  assert.deepEqual(
    parseFrames(core.output.take(Buffer.alloc(0))).map(({ streamId }) => streamId),
    ids.flatMap((id) => [id, id]),
  )
  assert.deepEqual(
    Array.from(core.streams, ({ id }) => id),
    ids,
  )
  for (const [place, id] of ids.entries()) {
    assert.equal(core.streams.get(id), opened[place])
    assert.equal(core.isIdle(id), false)
  }
  core.close(opened[1] as TestRequest)
  core.fail(ErrorCode.NO_ERROR, 'the end of the test')
  assert.equal(core.streams.size, 0)
})

test('what may have reached the peer is in doubt, what surely has not is unprocessed', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  const { nextStreamId } = dialogue.session
  dialogue.open()
  dialogue.take()
  dialogue.open()
  // The second piece was taken, and never left the socket's buffer.
  dialogue.session.lost(nextStreamId)
  assert.deepEqual(dialogue.heard(), [
    'reset 1 lost 10',
    'reset 3 lost 10 unprocessed',
    'reset 5 lost 10 unprocessed',
  ])
  assert.equal(dialogue.session.takeOutput(), undefined, 'nor can it be sent any more')
})

test('a stream is cancelled with the code that is given, another object with its id is not', () => {
  const dialogue = Dialogue.established()
  const stream = dialogue.open()
  dialogue.take()
  const stranger = new TestRequest()
  stranger.id = stream.id
  dialogue.session.cancel(stranger)
  assert.equal(dialogue.session.openStreams, 1)
  dialogue.session.cancel(stream, ErrorCode.NO_ERROR)
  assert.deepEqual(dialogue.said(), ['RST_STREAM 1 0'])
  dialogue.session.request(stream, stream)
  dialogue.hears([accepted(3)], ['end 3 200'])
  dialogue.take()
  dialogue.session.cancel(stream)
  assert.deepEqual(dialogue.said(), [])
})

test('a stream that a handler cancels and opens anew hears nothing of its former life', () => {
  const dialogue = Dialogue.established({ responseFields: ['a', 'b'] })
  const { session, log } = dialogue
  const stream = dialogue.open()
  log.hook = (event) => {
    if (event !== 'field 1 a=1') return
    session.cancel(stream)
    session.request(stream, stream)
  }
  dialogue.hears(
    [headers(1, block([':status', '400'], ['a', '1'], ['b', '2']), END_HEADERS | END_STREAM)],
    ['field 1 a=1'],
  )
  assert.deepEqual([stream.id, stream.status, stream.hasHead, session.openStreams], [3, 0, false, 1])
  dialogue.hears([accepted(3)], ['end 3 200'])
})

const HEAD: RequestHead = {
  writeFields: (encoder) => encoder.field('apns-topic', 'com.example', 'incremental'),
}

/** The block of a request's head, in hexadecimal. */
function nextHead(dialogue: Dialogue): string {
  dialogue.take()
  dialogue.session.request(new TestRequest(), HEAD)
  return dialogue.sent()[0]?.payload.toString('hex') ?? ''
}

test("the peer's table size: the smallest one of several comes first, then the last", () => {
  const dialogue = Dialogue.established()
  const whole = nextHead(dialogue)
  assert.match(whole, /^40/)
  assert.equal(nextHead(dialogue), 'be')
  dialogue.peer(settings([1, 4096]))
  assert.equal(nextHead(dialogue), 'be')
  const sizes: readonly (readonly [announced: string, ...frames: readonly Buffer[]])[] = [
    ['203fe11f', settings([1, 0]), settings([1, 4096])],
    ['3fa901', settings([1, 200])],
    ['203fe11f', settings([1, 100]), settings([1, 0]), settings([1, 8000])],
    // The settings of one frame are in order too (RFC 9113 section 6.5.3, RFC 7541 section 4.2).
    ['203fe11f', settings([1, 0], [1, 4096])],
    ['203fa901', settings([1, 100], [1, 0], [1, 200])],
    ['203fe11f', settings([1, 0], [4, 1]), settings([4, 2], [1, 8000])],
  ]
  for (const [announced, ...frames] of sizes) {
    dialogue.peer(...frames)
    // Where the table was empty for a moment, the field is written anew.
    const head = announced.startsWith('20') ? whole : 'be'
    assert.equal(nextHead(dialogue), announced + head)
    assert.equal(nextHead(dialogue), 'be')
  }
})
