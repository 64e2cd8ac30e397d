import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '#src/protocol/http2/error-code.js'
import { Flag, FrameType } from '#src/protocol/http2/frame.js'
import {
  CONNECTION_WINDOW_BYTES,
  FLOOD_LIMITS,
  MAX_CONTINUATION_FRAMES,
  MAX_HEADER_BLOCK_BYTES,
  MAX_REPLY_BYTES,
} from '#src/protocol/http2/limits.js'
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

const WINDOW = 65_535
const MANY = settings([[Setting.MAX_CONCURRENT_STREAMS, 1000]])

function open(): Dialogue {
  return new Dialogue().hear(MANY)
}

function kinds(dialogue: Dialogue): string[] {
  return dialogue.written().map(({ type, streamId }) => `${type}:${streamId}`)
}

function failsWith(code: number, ...frames: readonly Uint8Array[]): void {
  const dialogue = open()
  dialogue.request()
  dialogue.written()
  dialogue.hear(...frames)
  assert.equal(dialogue.events.at(-1), `failed ${code}`)
  const goawayFrame = dialogue.written().at(-1)
  assert.equal(goawayFrame?.type, FrameType.GOAWAY)
  assert.equal(goawayFrame.payload.readUInt32BE(4), code)
  assert.equal(dialogue.session.capacity, 0)
  assert.equal(dialogue.session.openStreams, 0)
}

function resetsWith(code: number, ...frames: readonly Uint8Array[]): void {
  const dialogue = open()
  dialogue.request()
  dialogue.written()
  dialogue.hear(...frames)
  assert.equal(dialogue.events.at(-1), `1 reset ${code} protocol`)
  const last = dialogue.written().find(({ type }) => type === FrameType.RST_STREAM)
  assert.equal(last?.payload.readUInt32BE(0), code)
  // The connection goes on.
  dialogue.request()
  dialogue.hear(headers(3))
  assert.equal(dialogue.events.at(-1), '3 end 200')
}

describe('a session', () => {
  it('begins with the preface, its settings and a larger window, and sends one request before the peer has spoken', () => {
    const dialogue = new Dialogue()
    assert.equal(dialogue.session.capacity, 1)
    dialogue.request('body')
    assert.equal(dialogue.session.capacity, 0)
    const [ours, window, head, body] = dialogue.written()
    assert.equal(ours?.type, FrameType.SETTINGS)
    assert.equal(ours.payload.readUInt16BE(0), Setting.ENABLE_PUSH)
    assert.equal(ours.payload.readUInt32BE(2), 0)
    assert.equal(window?.type, FrameType.WINDOW_UPDATE)
    assert.equal(head?.type, FrameType.HEADERS)
    assert.equal(head.flags, Flag.END_HEADERS)
    assert.equal(body?.payload.toString(), 'body')
    assert.equal(body.flags, Flag.END_STREAM)
  })

  it('reports head, body and trailers, and passes over informational heads', () => {
    const dialogue = new Dialogue({ responseFields: ['apns-id', 'x-late'] }).hear(MANY)
    dialogue.request()
    dialogue.hear(
      headers(1, fields([':status', '103'], ['apns-id', 'early']), Flag.END_HEADERS),
      headers(1, fields([':status', '410'], ['apns-id', 'x'], ['other', 'y']), Flag.END_HEADERS),
      data(1, '{"a":'),
      data(1, '1}'),
      headers(1, fields(['x-late', 'z'])),
    )
    assert.deepEqual(dialogue.events, [
      'settings',
      '1 field apns-id: x',
      '1 data {"a":',
      '1 data 1}',
      '1 field x-late: z',
      '1 end 410',
    ])
    assert.equal(dialogue.session.openStreams, 0)
  })

  it('puts a header block together from CONTINUATION frames', () => {
    const dialogue = open()
    dialogue.request()
    const block = fields([':status', '200'], ['a', 'b'])
    dialogue.hear(
      headers(1, block.subarray(0, 3), Flag.END_STREAM),
      frame(FrameType.CONTINUATION, 0, 1, block.subarray(3, 4)),
      frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(4)),
    )
    assert.equal(dialogue.events.at(-1), '1 end 200')
  })

  it('follows the stream limit, both ways and down to nothing', () => {
    const dialogue = open()
    assert.equal(dialogue.session.capacity, 1000)
    for (let count = 0; count < 3; count++) dialogue.request()
    dialogue.hear(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]))
    assert.equal(dialogue.session.capacity, 0)
    assert.throws(() => dialogue.request(), /capacity/)
    dialogue.hear(headers(1), headers(3), headers(5))
    assert.equal(dialogue.session.capacity, 1)
    dialogue.hear(settings([[Setting.MAX_CONCURRENT_STREAMS, 0]]))
    assert.equal(dialogue.session.capacity, 0)
    dialogue.hear(MANY)
    assert.equal(dialogue.session.capacity, 1000)
  })

  it('uses the windows fully and never exceeds them', () => {
    const dialogue = open()
    dialogue.written()
    const body = Buffer.alloc(WINDOW + 1000, 'x')
    dialogue.request(body)
    const sent = (): number =>
      dialogue
        .written()
        .reduce((sum, { type, payload }) => (type === FrameType.DATA ? sum + payload.length : sum), 0)
    assert.equal(sent(), WINDOW)
    assert.equal(dialogue.session.capacity, 999, 'a stream that waits for its own window keeps back no other')
    dialogue.request('for the connection')
    assert.equal(dialogue.session.capacity, 0, 'but nothing more while a body waits for the connection')
    dialogue.hear(windowUpdate(1, 1000))
    assert.equal(sent(), 0)
    dialogue.hear(windowUpdate(0, 400))
    assert.equal(sent(), 400)
    dialogue.hear(windowUpdate(0, 5000))
    assert.equal(sent(), 600 + 'for the connection'.length)
    assert.equal(dialogue.session.capacity, 998)
  })

  it('moves the windows of open streams with the initial window size, below zero too', () => {
    const dialogue = new Dialogue().hear(
      settings([
        [Setting.MAX_CONCURRENT_STREAMS, 10],
        [Setting.INITIAL_WINDOW_SIZE, 10],
      ]),
    )
    dialogue.request('0123456789abcdef')
    dialogue.written()
    dialogue.hear(settings([[Setting.INITIAL_WINDOW_SIZE, 4]]))
    dialogue.hear(windowUpdate(1, 6))
    assert.ok(!kinds(dialogue).includes('0:1'), 'the window is at 0 again, after -6')
    dialogue.hear(windowUpdate(1, 2))
    const [first] = dialogue.written()
    assert.equal(first?.payload.toString(), 'ab')
    dialogue.hear(settings([[Setting.INITIAL_WINDOW_SIZE, 100]]))
    assert.equal(
      dialogue
        .written()
        .find(({ type }) => type === FrameType.DATA)
        ?.payload.toString(),
      'cdef',
    )
  })

  it('answers SETTINGS and PING, and hears the answer to its own', () => {
    const dialogue = open()
    dialogue.written()
    dialogue.hear(settings(), frame(FrameType.PING, 0, 0, Buffer.from('12345678')))
    const [ack, pong] = dialogue.written()
    assert.deepEqual([ack?.type, ack?.flags, ack?.payload.length], [FrameType.SETTINGS, Flag.ACK, 0])
    assert.deepEqual(
      [pong?.type, pong?.flags, pong?.payload.toString()],
      [FrameType.PING, Flag.ACK, '12345678'],
    )
    dialogue.session.ping()
    const [ping] = dialogue.written()
    assert.equal(ping?.type, FrameType.PING)
    dialogue.hear(frame(FrameType.PING, Flag.ACK, 0, ping.payload))
    assert.equal(dialogue.events.at(-1), 'pong')
  })

  it('reports what a GOAWAY leaves out as unprocessed, waits for the rest, and opens no more', () => {
    const dialogue = open()
    for (let count = 0; count < 3; count++) dialogue.request()
    dialogue.hear(goaway(5, 0, '{"reason":"Shutdown"}'), goaway(1, 2))
    assert.deepEqual(dialogue.events.slice(1), [
      'goaway 5 0 {"reason":"Shutdown"}',
      '3 reset 2 goaway unprocessed',
      '5 reset 2 goaway unprocessed',
      'goaway 1 2',
    ])
    assert.equal(dialogue.session.capacity, 0)
    dialogue.hear(headers(1))
    assert.equal(dialogue.events.at(-1), '1 end 200')
  })

  it('reads a GOAWAY before SETTINGS', () => {
    const dialogue = new Dialogue()
    dialogue.request()
    dialogue.hear(goaway(0, 0, '{"reason":"BadCertificate"}'))
    assert.deepEqual(dialogue.events, [
      '1 reset 0 goaway unprocessed',
      'goaway 0 0 {"reason":"BadCertificate"}',
    ])
  })

  it('knows a refused stream from one that was reset', () => {
    const dialogue = open()
    dialogue.request()
    dialogue.request()
    dialogue.hear(
      frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.REFUSED_STREAM)),
      frame(FrameType.RST_STREAM, 0, 3, uint32(ErrorCode.CANCEL)),
    )
    assert.deepEqual(dialogue.events.slice(1), ['1 reset 7 peer unprocessed', '3 reset 8 peer'])
  })

  it('tells what is surely unsent when the transport is lost', () => {
    const dialogue = open()
    dialogue.request()
    dialogue.written()
    dialogue.request()
    dialogue.session.lost()
    assert.equal(dialogue.events.length, 3)
    assert.match(dialogue.events[1] ?? '', /^1 reset \d+ lost$/)
    assert.match(dialogue.events[2] ?? '', /^3 reset \d+ lost unprocessed$/)
    dialogue.session.lost()
    assert.equal(dialogue.events.length, 3)
  })

  it('cancels a stream, tolerates what still comes for it, and says no more of it', () => {
    const dialogue = open()
    const stream = dialogue.request()
    dialogue.written()
    dialogue.session.cancel(stream)
    assert.deepEqual(kinds(dialogue), [`${FrameType.RST_STREAM}:1`])
    dialogue.hear(
      headers(1, OK, Flag.END_HEADERS),
      data(1, 'late'),
      frame(FrameType.RST_STREAM, 0, 1, uint32(0)),
      windowUpdate(1, 5),
    )
    assert.deepEqual(dialogue.events, ['settings'])
  })

  it('takes a response that comes before the body was sent, and stops the body', () => {
    const dialogue = open()
    dialogue.request(Buffer.alloc(WINDOW + 1))
    dialogue.written()
    dialogue.hear(headers(1, fields([':status', '413'])))
    assert.equal(dialogue.events.at(-1), '1 end 413')
    assert.deepEqual(kinds(dialogue), [`${FrameType.RST_STREAM}:1`])
    assert.equal(dialogue.session.capacity, 1000)
  })

  it('ignores PRIORITY and frames of unknown types', () => {
    const dialogue = open()
    dialogue.request()
    dialogue.hear(
      frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5)),
      frame(0xfa, 0xff, 1, Buffer.from('?')),
      headers(1),
    )
    assert.deepEqual(dialogue.events, ['settings', '1 end 200'])
  })

  it('gives more window for what it has read', () => {
    const dialogue = open()
    dialogue.request()
    dialogue.hear(headers(1, OK, Flag.END_HEADERS))
    dialogue.written()
    for (let sent = 0; sent < 48_000; sent += 16_000) dialogue.hear(data(1, Buffer.alloc(16_000)))
    assert.ok(kinds(dialogue).includes(`${FrameType.WINDOW_UPDATE}:1`))
  })
})

describe('a malformed response resets its stream', () => {
  const cases: Readonly<Record<string, Buffer>> = {
    'no :status': fields(['a', 'b']),
    'two of them': fields([':status', '200'], [':status', '200']),
    'a :status of two digits': fields([':status', '20']),
    'a :status that is no number': fields([':status', '2x0']),
    'a switch of protocols': fields([':status', '101']),
    'a pseudo-field of requests': fields([':status', '200'], [':path', '/']),
    'a pseudo-field after others': fields(['a', 'b'], [':status', '200']),
    'a name in upper case': fields([':status', '200'], ['Apns-Id', 'x']),
    'a field of HTTP/1 connections': fields([':status', '200'], ['connection', 'close']),
    'a line break in a value': fields([':status', '200'], ['a', 'b\r\nc']),
  }
  for (const [what, block] of Object.entries(cases)) {
    it(what, () => resetsWith(ErrorCode.PROTOCOL_ERROR, headers(1, block)))
  }

  it('data before the head', () => resetsWith(ErrorCode.PROTOCOL_ERROR, data(1, 'x')))
  it('a second head', () =>
    resetsWith(ErrorCode.PROTOCOL_ERROR, headers(1, OK, Flag.END_HEADERS), headers(1, OK, Flag.END_HEADERS)))
  it('a WINDOW_UPDATE of nothing', () => resetsWith(ErrorCode.PROTOCOL_ERROR, windowUpdate(1, 0)))
  it('a window beyond 31 bits', () => resetsWith(ErrorCode.FLOW_CONTROL_ERROR, windowUpdate(1, 0x7fff_ffff)))
  it('a body beyond the limit', () =>
    resetsWith(
      ErrorCode.ENHANCE_YOUR_CALM,
      headers(1, OK, Flag.END_HEADERS),
      ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_000))),
    ))
  it('a header list beyond the limit', () => {
    // One field of 4,000 bytes in the table, then references of a byte each (CVE-2016-1544).
    const value = Buffer.alloc(4000, 'v')
    const insert = Buffer.concat([Buffer.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e), value])
    resetsWith(ErrorCode.ENHANCE_YOUR_CALM, headers(1, Buffer.concat([OK, insert, Buffer.alloc(20, 0xbe)])))
  })
})

describe('a broken rule of the connection ends it', () => {
  const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM } =
    ErrorCode
  it('a push', () =>
    failsWith(
      PROTOCOL_ERROR,
      frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.concat([uint32(2), OK])),
    ))
  it('a stream that was never opened', () => failsWith(PROTOCOL_ERROR, headers(3)))
  it('a stream of the wrong parity', () => failsWith(PROTOCOL_ERROR, headers(2)))
  it('CONTINUATION out of place', () =>
    failsWith(PROTOCOL_ERROR, frame(FrameType.CONTINUATION, Flag.END_HEADERS, 1, OK)))
  it('a header block that is interrupted', () =>
    failsWith(PROTOCOL_ERROR, headers(1, OK, Flag.END_STREAM), frame(FrameType.PING, 0, 0, Buffer.alloc(8))))
  it('an interrupted header block, by a frame of an unknown type', () =>
    failsWith(PROTOCOL_ERROR, headers(1, OK, 0), frame(0xfa, 0, 0)))
  it('a header block that is none', () => failsWith(COMPRESSION_ERROR, headers(1, Buffer.of(0x80))))
  it('a frame that is too large', () => failsWith(FRAME_SIZE_ERROR, data(1, Buffer.alloc(16_385))))
  it('a PING of seven bytes', () => failsWith(FRAME_SIZE_ERROR, frame(FrameType.PING, 0, 0, Buffer.alloc(7))))
  it('an acknowledgement with settings', () =>
    failsWith(FRAME_SIZE_ERROR, frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))))
  it('ENABLE_PUSH from a server', () => failsWith(PROTOCOL_ERROR, settings([[Setting.ENABLE_PUSH, 1]])))
  it('an initial window beyond 31 bits', () =>
    failsWith(FLOW_CONTROL_ERROR, settings([[Setting.INITIAL_WINDOW_SIZE, 0x8000_0000]])))
  it('a maximum frame size below the least', () =>
    failsWith(PROTOCOL_ERROR, settings([[Setting.MAX_FRAME_SIZE, 16_383]])))
  it('a WINDOW_UPDATE of nothing', () => failsWith(PROTOCOL_ERROR, windowUpdate(0, 0)))
  it('a window beyond 31 bits', () => failsWith(FLOW_CONTROL_ERROR, windowUpdate(0, 0x7fff_ffff)))
  it('a GOAWAY that takes back the first', () => failsWith(PROTOCOL_ERROR, goaway(1), goaway(3)))
  it('something before SETTINGS', () => {
    const dialogue = new Dialogue().hear(frame(FrameType.PING, 0, 0, Buffer.alloc(8)))
    assert.deepEqual(dialogue.events, [`failed ${PROTOCOL_ERROR}`])
  })
  it('a flood of PING', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      ...Array<Buffer>(FLOOD_LIMITS.ping + 50).fill(frame(FrameType.PING, 0, 0, Buffer.alloc(8))),
    ))
  it('a flood of SETTINGS', () =>
    failsWith(ENHANCE_YOUR_CALM, ...Array<Buffer>(FLOOD_LIMITS.settings + 50).fill(settings())))
  it('a flood of empty DATA', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      headers(1, OK, Flag.END_HEADERS),
      ...Array<Buffer>(FLOOD_LIMITS.empty + 50).fill(data(1, '')),
    ))
  it('a flood of informational heads', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      ...Array<Buffer>(FLOOD_LIMITS.empty + 50).fill(
        headers(1, fields([':status', '103']), Flag.END_HEADERS),
      ),
    ))
  it('a flood of frames that mean nothing', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      ...Array<Buffer>(FLOOD_LIMITS.idle + 50).fill(frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))),
    ))
  it('a header block in too many pieces', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      headers(1, Buffer.of(0), 0),
      ...Array<Buffer>(MAX_CONTINUATION_FRAMES + 1).fill(frame(FrameType.CONTINUATION, 0, 1, Buffer.of(0))),
    ))
  it('a header block without an end', () =>
    failsWith(
      ENHANCE_YOUR_CALM,
      headers(1, Buffer.alloc(16_000), 0),
      ...Array<Buffer>(Math.ceil(MAX_HEADER_BLOCK_BYTES / 16_000)).fill(
        frame(FrameType.CONTINUATION, 0, 1, Buffer.alloc(16_000)),
      ),
    ))

  it('but none of this hits a busy and honest server', () => {
    const dialogue = open()
    for (let answers = 0; answers < 100_000; answers++) {
      const { id } = dialogue.request('x')
      dialogue.hear(windowUpdate(0, 1), windowUpdate(id, 1), headers(id))
      if (answers % 100 === 0) dialogue.written()
    }
    assert.equal(dialogue.events.filter((event) => event.startsWith('failed')).length, 0)
    assert.equal(dialogue.session.openStreams, 0)
  })

  it('nor does as much data as the window of the connection holds, which is granted again', () => {
    const dialogue = open()
    for (let id = 1; id < 60; id += 2) dialogue.request()
    dialogue.hear(...Array.from({ length: 30 }, (_, index) => headers(2 * index + 1, OK, Flag.END_HEADERS)))
    const frames = Math.ceil(CONNECTION_WINDOW_BYTES / 16_384) + 1
    for (let count = 0; count < frames; count++)
      dialogue.hear(data(2 * (count % 30) + 1, Buffer.alloc(16_384)))
    assert.ok(!dialogue.events.some((event) => event.startsWith('failed')))
    assert.ok(kinds(dialogue).includes(`${FrameType.WINDOW_UPDATE}:0`))
  })

  it('and what it answers while nobody reads stays bounded', () => {
    const dialogue = open()
    dialogue.written()
    for (let count = 0; count < FLOOD_LIMITS.ping; count++)
      dialogue.hear(frame(FrameType.PING, 0, 0, Buffer.alloc(8)))
    assert.ok(dialogue.session.pendingOutput <= MAX_REPLY_BYTES + 1024)
  })
})
