import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { frameFault } from '#src/protocol/http2/frame-rules.js'
import { Dialogue } from './support/dialogue.js'
import {
  accepted,
  block,
  continuation,
  data,
  END_HEADERS,
  frame,
  goaway,
  headers,
  OK,
  ping,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from './support/frame-builder.js'

/** What a peer may not say to a client with stream 1 open; the code of RFC 9113 section 7 that it gets for it. */
const FAULTS: Readonly<Record<string, readonly Buffer[]>> = {
  PROTOCOL_ERROR: [
    frame(0x5, END_HEADERS, 1, Buffer.concat([uint32(2), OK])),
    headers(3, OK),
    headers(2, OK),
    headers(0x7fff_ffff, OK),
    data(3, 'x'),
    data(2, 'x'),
    rstStream(3, 0),
    windowUpdate(3, 1),
    windowUpdate(2, 1),
    windowUpdate(0, 0),
    data(0, 'x'),
    headers(0, OK),
    continuation(0, OK),
    continuation(1, OK),
    Buffer.concat([headers(1, OK, 0), ping('12345678')]),
    Buffer.concat([headers(1, OK, 0), headers(1, OK)]),
    Buffer.concat([headers(1, OK, 0), frame(0xfa, 0, 1)]),
    Buffer.concat([headers(1, OK, 0), continuation(3, OK)]),
    frame(0x0, 0x8, 1, Buffer.of(4, 1, 2, 3)),
    frame(0x1, 0x8 | END_HEADERS, 1, Buffer.of(1)),
    frame(0x1, 0x28 | END_HEADERS, 1, Buffer.of(1, 0, 0, 0, 0, 9)),
    settings([2, 1]),
    settings([2, 2]),
    settings([5, 16_383]),
    settings([5, 16_777_216]),
    frame(0x4, 0, 1),
    frame(0x6, 0, 1, '12345678'),
    frame(0x7, 0, 1, uint32(0, 0)),
    Buffer.concat([goaway(1, 0), goaway(3, 0)]),
    frame(0x2, 0, 0, Buffer.alloc(5)),
    frame(0x3, 0, 0, uint32(0)),
  ],
  FRAME_SIZE_ERROR: [
    data(1, Buffer.alloc(16_385)),
    frame(0xfa, 0, 0, Buffer.alloc(16_385)).subarray(0, 9),
    frame(0x0, 0x8, 1),
    frame(0x1, 0x8 | END_HEADERS, 1),
    frame(0x1, 0x20 | END_HEADERS, 1, Buffer.alloc(4)),
    frame(0x2, 0, 1, Buffer.alloc(4)),
    frame(0x3, 0, 1, Buffer.alloc(5)),
    frame(0x4, 0, 0, Buffer.alloc(7)),
    frame(0x4, 1, 0, Buffer.alloc(6)),
    frame(0x6, 0, 0, Buffer.alloc(7)),
    frame(0x7, 0, 0, Buffer.alloc(7)),
    frame(0x8, 0, 0, Buffer.alloc(5)),
    frame(0x5, END_HEADERS, 1, Buffer.alloc(3)),
  ],
  FLOW_CONTROL_ERROR: [windowUpdate(0, 0x7fff_ffff), settings([4, 0x8000_0000])],
  COMPRESSION_ERROR: [
    headers(1, Buffer.of(0x80)),
    headers(1, block([':status', '200']).subarray(0, 9)),
    Buffer.concat([headers(1, Buffer.of(0x88, 0xbe), 0), continuation(1, Buffer.of(0x88))]),
  ],
}

for (const [code, list] of Object.entries(FAULTS)) {
  describe(code, () => {
    for (const bytes of list) {
      test(bytes.subarray(0, 40).toString('hex'), () => {
        const dialogue = Dialogue.established()
        dialogue.open()
        dialogue.take()
        dialogue.peer(bytes)
        assert.equal(dialogue.heard().at(-1), `failed ${code}`)
        assert.match(
          dialogue.said().at(-1) ?? '',
          new RegExp(`^GOAWAY 0 0 ${dialogue.log.error?.errorCode}$`),
        )
        const { session } = dialogue
        assert.deepEqual([session.closed, session.capacity, session.openStreams], [true, 0, 0])
        dialogue.hears([accepted(1)], [])
      })
    }
  })
}

test('the peer begins with SETTINGS, or with GOAWAY', () => {
  for (const first of [
    ping('12345678'),
    settingsAck(),
    windowUpdate(0, 1),
    headers(1, OK),
    frame(0xfa, 0, 0),
  ]) {
    const dialogue = new Dialogue()
    dialogue.hears([first], ['failed PROTOCOL_ERROR'])
  }
  new Dialogue().hears([Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], ['failed FRAME_SIZE_ERROR'])
})

test('an initial window size that moves an open stream beyond 31 bits', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.take()
  dialogue.peer(windowUpdate(1, 0x7fff_ffff - 65_535), settings([4, 65_536]))
  assert.deepEqual(dialogue.heard(), ['reset 1 failed 3', 'failed FLOW_CONTROL_ERROR'])
})

test('a frame of a type that RFC 9113 does not know has no rules', () => {
  for (const type of [0xa, 0x10, 0xff]) assert.equal(frameFault(type, 0xff, 0, 3), 0)
})
