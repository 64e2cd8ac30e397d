import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dialogue, TestRequest } from './support/dialogue.js'
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
  PADDED,
  PRIORITY,
  parseFrames,
  ping,
  priority,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from './support/frame-builder.js'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

test('a session begins with the preface, SETTINGS without push, and a larger window', () => {
  const bytes = new Dialogue().take()
  assert.equal(bytes.subarray(0, 24).toString(), PREFACE)
  const [ours, window, ...more] = parseFrames(bytes.subarray(24))
  assert.equal(ours?.type, 4)
  assert.equal(ours?.payload.toString('hex'), '000200000000000600004000')
  assert.deepEqual(
    [window?.type, window?.streamId, window?.payload.readUInt32BE()],
    [8, 0, 1_048_576 - 65_535],
  )
  assert.deepEqual(more, [])
})

test('one request may be opened before SETTINGS, as many as the peer permits after', () => {
  const dialogue = new Dialogue()
  const { session } = dialogue
  assert.deepEqual(
    [session.capacity, session.settingsReceived, session.peerMaxConcurrentStreams],
    [1, false, 1],
  )
  dialogue.open()
  assert.equal(session.capacity, 0)
  assert.throws(() => dialogue.open(), /no capacity/)
  dialogue.hears([settings([3, 10])], ['settings'])
  assert.deepEqual(
    [session.capacity, session.settingsReceived, session.peerMaxConcurrentStreams],
    [9, true, 10],
  )
  dialogue.hears([settings([3, 1])], ['settings'])
  assert.equal(session.capacity, 0)
  dialogue.hears([settings([3, 0])], ['settings'])
  assert.equal(session.capacity, 0)
  dialogue.hears([accepted(1)], ['end 1 200'])
  assert.equal(session.capacity, 0)
  dialogue.hears([settings([3, 3])], ['settings'])
  assert.equal(session.capacity, 3)
})

test('SETTINGS are acknowledged, each time; an unlimited peer is limited by us', () => {
  const dialogue = new Dialogue()
  dialogue.take()
  dialogue.peer(settings(), settings([0xff, 1]), settingsAck())
  assert.deepEqual(dialogue.said(), ['SETTINGS 0 ACK', 'SETTINGS 0 ACK'])
  assert.equal(dialogue.session.peerMaxConcurrentStreams, Number.POSITIVE_INFINITY)
  assert.equal(dialogue.session.capacity, 65_536)
  dialogue.peer(settings([6, 8000]))
  assert.equal(dialogue.session.peerMaxHeaderListSize, 8000)
})

test('requests and responses, in any order', () => {
  const dialogue = Dialogue.established({ responseFields: ['apns-id', 'retry-after'] })
  const first = dialogue.open()
  const second = dialogue.open(Buffer.from('{}'))
  assert.deepEqual(
    [first.id, second.id, dialogue.session.openStreams, dialogue.session.nextStreamId],
    [1, 3, 2, 5],
  )
  const said = dialogue.said()
  assert.match(said[0] ?? '', /^HEADERS 1 \d+ END$/)
  assert.match(said[1] ?? '', /^HEADERS 3 \d+$/)
  assert.equal(said[2], 'DATA 3 2 END')
  dialogue.hears(
    [headers(3, block([':status', '400'], ['apns-id', 'abc'], ['server', 'x'], ['retry-after', '9']))],
    ['field 3 apns-id=abc', 'field 3 retry-after=9'],
  )
  assert.equal(second.status, 400)
  dialogue.hears([accepted(1)], ['end 1 200'])
  dialogue.hears(
    [data(3, '{"reason"'), data(3, ':"x"}', END_STREAM)],
    ['data 3 {"reason"', 'data 3 :"x"}', 'end 3 400'],
  )
  assert.equal(dialogue.session.openStreams, 0)
  assert.deepEqual(dialogue.said(), [])
})

test('a stream object can be used again', () => {
  const dialogue = Dialogue.established()
  const stream = dialogue.open()
  dialogue.hears([headers(1, OK), data(1, 'abc', END_STREAM)], ['data 1 abc', 'end 1 200'])
  dialogue.session.request(stream, stream)
  assert.deepEqual([stream.id, stream.status], [3, 0])
  dialogue.hears([accepted(3)], ['end 3 200'])
})

test('informational heads and trailers', () => {
  const dialogue = Dialogue.established({ responseFields: ['x-a'] })
  const stream = dialogue.open()
  dialogue.hears([headers(1, block([':status', '103'], ['x-a', 'early']))], [])
  assert.equal(stream.status, 0)
  dialogue.hears(
    [
      headers(1, block([':status', '100'])),
      headers(1, block([':status', '200'], ['x-a', 'head'])),
      data(1, 'body'),
      headers(1, block(['x-a', 'trailer']), END_HEADERS | END_STREAM),
    ],
    ['field 1 x-a=head', 'data 1 body', 'field 1 x-a=trailer', 'end 1 200'],
  )
})

test('padding and priority fields are cut off, PRIORITY and unknown frames ignored', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.hears(
    [
      priority(1),
      priority(7),
      priority(4),
      frame(0xfa, 0xff, 1, 'unknown'),
      frame(0x10, 0, 0, 'priority update'),
      headers(
        1,
        Buffer.concat([Buffer.from([3, 0x80, 0, 0, 0, 9]), OK, Buffer.alloc(3)]),
        END_HEADERS | PADDED | PRIORITY,
      ),
      frame(0, PADDED | END_STREAM, 1, Buffer.from('\u0002okXX', 'latin1')),
    ],
    ['data 1 ok', 'end 1 200'],
  )
})

test('a header block in pieces', () => {
  const dialogue = Dialogue.established({ responseFields: ['apns-id'] })
  dialogue.open()
  const whole = block([':status', '200'], ['apns-id', 'abc'])
  dialogue.hears(
    [
      headers(1, whole.subarray(0, 3), END_STREAM),
      continuation(1, whole.subarray(3, 3), 0),
      continuation(1, whole.subarray(3, 20), 0),
      continuation(1, whole.subarray(20)),
    ],
    ['field 1 apns-id=abc', 'end 1 200'],
  )
})

test('PING is answered with its own bytes; ours is told when it comes back', () => {
  const dialogue = Dialogue.established()
  dialogue.peer(ping('deadbeef'))
  const [pong] = dialogue.sent()
  assert.deepEqual([pong?.type, pong?.flags, pong?.payload.toString()], [6, 1, 'deadbeef'])
  dialogue.hears([ping('\0'.repeat(8), 1)], [])
  dialogue.session.ping()
  const [ours] = dialogue.sent()
  assert.deepEqual([ours?.type, ours?.flags], [6, 0])
  dialogue.hears([ping('somebody', 1)], [])
  dialogue.hears([ping(ours?.payload.toString('latin1') ?? '', 1)], ['pong'])
})

test('GOAWAY ends what is above its last stream and lets the rest go on', () => {
  const dialogue = Dialogue.established()
  for (let i = 0; i < 4; i++) dialogue.open()
  dialogue.hears([goaway(0x7fff_ffff, 0)], ['goaway 2147483647 0'])
  assert.deepEqual([dialogue.session.capacity, dialogue.session.goingAway], [0, true])
  dialogue.hears([goaway(5, 0, 'bye')], ['reset 7 goaway 0 unprocessed', 'goaway 5 0 bye'])
  dialogue.hears([accepted(1)], ['end 1 200'])
  dialogue.hears([goaway(3, 2)], ['reset 5 goaway 2 unprocessed', 'goaway 3 2'])
  dialogue.hears([accepted(3)], ['end 3 200'])
  assert.throws(() => dialogue.open(), /no capacity/)
})

test('a GOAWAY that takes back an earlier one fails the connection', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.hears(
    [goaway(1, 0), goaway(3, 0)],
    ['goaway 1 0', 'reset 1 failed 1 unprocessed', 'failed PROTOCOL_ERROR'],
  )
})

test('a server that turns us away before SETTINGS is heard', () => {
  const dialogue = new Dialogue()
  dialogue.open()
  dialogue.hears(
    [goaway(0, 2, '{"reason":"BadCertificate"}')],
    ['reset 1 goaway 2 unprocessed', 'goaway 0 2 {"reason":"BadCertificate"}'],
  )
})

test('RST_STREAM ends a stream; REFUSED_STREAM says that nothing was done', () => {
  const dialogue = Dialogue.established()
  for (let i = 0; i < 3; i++) dialogue.open()
  dialogue.hears([rstStream(3, 7)], ['reset 3 peer 7 unprocessed'])
  dialogue.hears([rstStream(1, 2), rstStream(1, 2)], ['reset 1 peer 2'])
  dialogue.hears([headers(5, OK), rstStream(5, 0)], ['reset 5 peer 0'])
})

test('a cancelled stream is silent, whatever still comes for it', () => {
  const dialogue = Dialogue.established({ responseFields: ['apns-id'] })
  const stream = dialogue.open(Buffer.alloc(70_000))
  dialogue.take()
  dialogue.session.cancel(stream)
  dialogue.session.cancel(stream)
  assert.deepEqual(dialogue.said(), ['RST_STREAM 1 8'])
  assert.equal(dialogue.session.openStreams, 0)
  // Enters the table, for the next one to refer to.
  const entering = Buffer.concat([OK, Buffer.from([0x40]), block(['apns-id', 'abc']).subarray(1)])
  dialogue.hears(
    [headers(1, entering), data(1, 'late', END_STREAM), windowUpdate(1, 100_000), rstStream(1, 0)],
    [],
  )
  dialogue.peer(windowUpdate(0, 100_000))
  dialogue.open()
  dialogue.hears(
    [headers(3, Buffer.from([0x88, 0x80 | 62]), END_HEADERS | END_STREAM)],
    ['field 3 apns-id=abc', 'end 3 200'],
  )
})

test('a lost transport: what was never taken is unprocessed, oldest first', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.open()
  dialogue.take()
  dialogue.open()
  const { session } = dialogue
  session.lost()
  session.lost()
  assert.deepEqual(dialogue.heard(), ['reset 1 lost 10', 'reset 3 lost 10', 'reset 5 lost 10 unprocessed'])
  assert.deepEqual([session.closed, session.capacity, session.openStreams], [true, 0, 0])
  dialogue.hears([accepted(1), settings()], [])
  session.ping()
  session.goAway()
  session.cancel(new TestRequest())
  assert.throws(() => dialogue.open(), /no capacity/)
})

test('a failed connection drops what nobody read, and says GOAWAY', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  dialogue.open()
  dialogue.hears(
    [data(9, 'x')],
    ['reset 1 failed 1', 'reset 3 failed 1 unprocessed', 'failed PROTOCOL_ERROR'],
  )
  assert.equal(dialogue.log.error?.errorCode, 1)
  assert.match(dialogue.log.error?.message ?? '', /stream 9, which we have not opened \(PROTOCOL_ERROR\)/)
  assert.deepEqual(dialogue.said(), ['GOAWAY 0 0 1'])
})

test('a peer that fails before our preface left still gets the preface', () => {
  const dialogue = new Dialogue()
  dialogue.open()
  dialogue.peer(ping('12345678'))
  assert.deepEqual(dialogue.heard(), ['reset 1 failed 1 unprocessed', 'failed PROTOCOL_ERROR'])
  const bytes = dialogue.take()
  assert.equal(bytes.subarray(0, 24).toString(), PREFACE)
  assert.deepEqual(
    parseFrames(bytes.subarray(24)).map(({ type }) => type),
    [4, 8, 7],
  )
})

test('we go away in peace', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  dialogue.session.goAway()
  dialogue.session.goAway()
  assert.deepEqual(dialogue.said(), ['GOAWAY 0 0 0'])
  assert.equal(dialogue.session.capacity, 0)
  dialogue.hears([accepted(1)], ['end 1 200'])
})

test('our table size is announced, and holds once the peer has acknowledged it', () => {
  const sized = (headerTableSize: number): Dialogue => {
    const dialogue = new Dialogue({ headerTableSize })
    const [ours] = parseFrames(dialogue.take().subarray(24))
    assert.equal(ours?.payload.readUInt16BE(12), 1)
    assert.equal(ours.payload.readUInt32BE(14), headerTableSize)
    dialogue.hears([settings()], ['settings'])
    dialogue.open()
    dialogue.open()
    return dialogue
  }
  const entering = Buffer.concat([OK, block(['a', 'b'])])
  entering[1] = 0x40
  const none = sized(0)
  none.hears([headers(1, entering, END_HEADERS | END_STREAM)], ['end 1 200'])
  none.peer(settingsAck())
  none.hears([accepted(3)], ['reset 3 failed 9 unprocessed', 'failed COMPRESSION_ERROR'])
  const shrunk = sized(0)
  shrunk.hears([settingsAck(), headers(1, Buffer.of(0x20, 0x88), END_HEADERS | END_STREAM)], ['end 1 200'])
  const large = sized(65_536)
  const grow = Buffer.of(0x3f, 0xe1, 0xff, 0x03, 0x88)
  large.hears([settingsAck(), headers(1, grow, END_HEADERS | END_STREAM)], ['end 1 200'])
  sized(65_536).hears(
    [headers(1, grow)],
    ['reset 1 failed 9 unprocessed', 'reset 3 failed 9 unprocessed', 'failed COMPRESSION_ERROR'],
  )
})

test('streams are listed oldest first', () => {
  const dialogue = Dialogue.established()
  const streams = Array.from({ length: 5 }, () => dialogue.open())
  dialogue.peer(accepted(1), accepted(5))
  assert.deepEqual(
    [...dialogue.session.streams()].map(({ id }) => id),
    [3, 7, 9],
  )
  assert.equal(dialogue.session.oldestStream(), streams[1])
  dialogue.peer(accepted(3), accepted(7), accepted(9))
  assert.equal(dialogue.session.oldestStream(), undefined)
})

test('buffers that were written are filled again, up to a limit', () => {
  const dialogue = Dialogue.established()
  const buffers = new Set<ArrayBufferLike>()
  for (let i = 0; i < 100; i++) {
    dialogue.session.ping()
    const bytes = dialogue.session.takeOutput()
    assert.ok(bytes !== undefined)
    buffers.add(bytes.buffer)
    dialogue.session.recycle(bytes)
  }
  assert.equal(dialogue.session.takeOutput(), undefined)
  assert.equal(buffers.size, 2)
  dialogue.session.recycle(new Uint8Array(10))
  dialogue.session.ping()
  assert.ok((dialogue.session.takeOutput()?.buffer.byteLength ?? 0) > 10)
})

test('options out of range are refused', () => {
  assert.throws(() => new Dialogue({ headerTableSize: 65_537 }), RangeError)
  assert.throws(() => new Dialogue({ headerTableSize: 1.5 }), RangeError)
  assert.throws(() => new Dialogue({ maxResponseBodyBytes: -1 }), RangeError)
})
