import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  DEFAULT_MAX_RESPONSE_BODY_BYTES,
  FLOOD_FRAMES_PER_RESPONSE,
  FLOOD_LIMITS,
  FLOOD_PERIOD_MS,
  MAX_CONTINUATION_FRAMES,
  MAX_HEADER_BLOCK_BYTES,
  MAX_HEADER_LIST_BYTES,
  MAX_HPACK_INTEGER,
  MAX_OPEN_STREAMS,
} from '#src/protocol/http2/limits.js'
import type { SessionOptions } from '#src/protocol/http2/session-options.js'
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
  ping,
  priority,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'

/** Each of limits.ts is hit here: the last thing allowed, and the first that is not. */
function withOpenStream(options: SessionOptions = {}): Dialogue {
  const dialogue = Dialogue.established(options)
  dialogue.session.cancel(dialogue.open())
  dialogue.open()
  dialogue.take()
  return dialogue
}

const CALM = 'failed ENHANCE_YOUR_CALM'

describe('a flood of frames that bring nothing', () => {
  const informational = headers(3, block([':status', '103']))
  const floods: readonly (readonly [what: string, kind: keyof typeof FLOOD_LIMITS, bytes: Buffer])[] = [
    ['SETTINGS', 'settings', settings()],
    ['acknowledgements of SETTINGS', 'settings', frame(4, 1, 0)],
    ['PING', 'ping', ping('12345678')],
    ['answers to a PING that was not sent', 'ping', ping('12345678', 1)],
    ['informational heads', 'empty', informational],
    ['RST_STREAM for a closed stream', 'reset', rstStream(1, 8)],
    ['PRIORITY', 'idle', priority(3)],
    ['unknown frames', 'idle', frame(0xfa, 0, 0)],
    ['WINDOW_UPDATE of the connection', 'idle', windowUpdate(0, 1)],
    ['WINDOW_UPDATE of a stream', 'idle', windowUpdate(3, 1)],
    ['WINDOW_UPDATE of a closed stream', 'idle', windowUpdate(1, 1)],
    ['DATA for a closed stream', 'idle', data(1, '')],
    ['HEADERS for a closed stream', 'idle', headers(1, OK)],
    ['GOAWAY', 'idle', goaway(3, 0)],
  ]
  for (const [what, kind, bytes] of floods) {
    test(what, () => {
      const dialogue = withOpenStream()
      // One of the SETTINGS was the greeting.
      const before = kind === 'settings' ? 1 : 0
      for (let count = before; count < FLOOD_LIMITS[kind]; count++) {
        dialogue.peer(bytes)
        dialogue.take()
      }
      assert.equal(dialogue.session.closed, false)
      dialogue.heard()
      dialogue.hears([bytes], ['reset 3 failed 11', CALM])
      assert.deepEqual(dialogue.said(), ['GOAWAY 0 0 11'])
    })
  }

  test('DATA without content, or with nothing but padding', () => {
    for (const empty of [data(3, ''), data(3, Buffer.from([2, 0, 0]), 0x8)]) {
      const dialogue = withOpenStream()
      dialogue.peer(headers(3, OK))
      for (let count = 0; count < FLOOD_LIMITS.empty; count++) dialogue.peer(empty)
      dialogue.hears([empty], ['reset 3 failed 11', CALM])
    }
  })

  test('CONTINUATION without content, each block within its own limits', () => {
    const dialogue = withOpenStream()
    const perBlock = MAX_CONTINUATION_FRAMES - 1
    const empty = continuation(1, Buffer.alloc(0), 0)
    const blocks = Math.floor(FLOOD_LIMITS.empty / perBlock)
    for (let count = 0; count < blocks; count++) {
      dialogue.peer(headers(1, OK, 0), ...new Array<Buffer>(perBlock).fill(empty), continuation(1, OK))
    }
    dialogue.peer(headers(1, OK, 0))
    for (let count = blocks * perBlock; count < FLOOD_LIMITS.empty; count++) dialogue.peer(empty)
    assert.equal(dialogue.session.closed, false)
    dialogue.hears([empty], ['reset 3 failed 11', CALM])
  })

  test('what is a flood in one period is not one in several', () => {
    const dialogue = withOpenStream()
    for (let count = 0; count < 5 * FLOOD_LIMITS.ping; count++) {
      dialogue.now += FLOOD_PERIOD_MS / FLOOD_LIMITS.ping
      dialogue.peer(ping('12345678'))
      dialogue.take()
    }
    assert.equal(dialogue.session.closed, false)
  })

  test('none of it hits a busy and honest server', () => {
    const dialogue = Dialogue.established()
    for (let answers = 0; answers < 50_000; answers++) {
      const { id } = dialogue.open(Buffer.from('x'))
      dialogue.peer(
        windowUpdate(0, 1),
        windowUpdate(id, 1),
        settings([3, answers % 2 === 0 ? 1 : 1000]),
        accepted(id),
      )
      if (answers % 100 === 0) dialogue.take()
    }
    assert.equal(dialogue.session.closed, false)
    assert.equal(dialogue.session.openStreams, 0)
  })

  test('nor 100,000 answers a second, each with a WINDOW_UPDATE, from one period to the next', () => {
    const dialogue = Dialogue.established({}, [3, 1000])
    const { session, log } = dialogue
    const stream = new TestRequest()
    const answer = Buffer.concat([windowUpdate(0, 300), windowUpdate(1, 300), accepted(1)])
    for (let answers = 0; answers < 200_000; answers++) {
      session.request(stream, stream)
      answer.writeUInt32BE(stream.id, 13 + 5)
      answer.writeUInt32BE(stream.id, 26 + 5)
      session.receive(answer, FLOOD_PERIOD_MS - 1000 + answers / 100)
      if (answers % 1000 === 999) {
        const output = session.takeOutput()
        if (output !== undefined) session.recycle(output)
        assert.equal(log.events.splice(0).length, 1000)
      }
    }
    assert.deepEqual([session.closed, session.openStreams], [false, 0])
  })

  test('nor one with small windows, since a WINDOW_UPDATE that lets a body go brings something', () => {
    const size = 3 * FLOOD_LIMITS.idle
    const dialogue = Dialogue.established({}, [4, 0])
    dialogue.open(Buffer.alloc(size))
    for (let count = 0; count < size; count++) {
      dialogue.peer(windowUpdate(1, 1))
      if (count % 1000 === 999) dialogue.take()
    }
    dialogue.hears([accepted(1)], ['end 1 200'])
    // But where the connection's window is empty, nothing goes.
    dialogue.peer(settings([4, 100_000]))
    dialogue.open(Buffer.alloc(100_000))
    dialogue.take()
    dialogue.heard()
    // The one answer adds a little.
    const allowed = FLOOD_LIMITS.idle + FLOOD_FRAMES_PER_RESPONSE
    for (let count = 0; count < allowed; count++) dialogue.peer(windowUpdate(3, 1))
    assert.equal(dialogue.session.closed, false)
    dialogue.hears([windowUpdate(3, 1)], ['reset 3 failed 11', CALM])
  })

  test('a server that answers may send more', () => {
    const dialogue = withOpenStream()
    const answers = 500
    for (let count = 0; count < answers; count++) {
      const { id } = dialogue.open()
      dialogue.peer(count % 2 === 0 ? accepted(id) : rstStream(id, 7))
      dialogue.take()
    }
    for (let count = 1; count < FLOOD_LIMITS.settings + answers * FLOOD_FRAMES_PER_RESPONSE; count++) {
      dialogue.peer(settings())
      dialogue.take()
    }
    assert.equal(dialogue.session.closed, false)
    dialogue.peer(settings())
    assert.equal(dialogue.heard().at(-1), CALM)
  })
})

describe('header blocks', () => {
  test('in too many frames', () => {
    const dialogue = withOpenStream()
    dialogue.peer(headers(3, OK, END_STREAM))
    for (let count = 0; count < MAX_CONTINUATION_FRAMES; count++)
      dialogue.peer(continuation(3, block(['a', 'b']), 0))
    assert.equal(dialogue.session.closed, false)
    dialogue.hears([continuation(3, block(['a', 'b']), 0)], ['reset 3 failed 11', CALM])
  })

  test('in as many as are allowed', () => {
    const dialogue = withOpenStream()
    dialogue.peer(headers(3, OK, END_STREAM))
    for (let count = 1; count < MAX_CONTINUATION_FRAMES; count++)
      dialogue.peer(continuation(3, Buffer.alloc(0), 0))
    dialogue.hears([continuation(3, Buffer.alloc(0))], ['end 3 200'])
  })

  test('of too many bytes', () => {
    const dialogue = withOpenStream()
    dialogue.peer(headers(3, Buffer.alloc(16_384), 0))
    for (let length = 2 * 16_384; length <= MAX_HEADER_BLOCK_BYTES; length += 16_384) {
      dialogue.peer(continuation(3, Buffer.alloc(16_384), 0))
    }
    assert.equal(dialogue.session.closed, false)
    dialogue.hears([continuation(3, Buffer.alloc(1), 0)], ['reset 3 failed 11', CALM])
  })

  test('that say too much, plainly', () => {
    const dialogue = withOpenStream({ responseFields: ['a'] })
    const most = MAX_HEADER_LIST_BYTES - (7 + 3 + 32) - (1 + 32)
    const exact = Buffer.concat([OK, block(['a', 'v'.repeat(most)])])
    dialogue.hears([headers(3, exact, END_HEADERS)], [`field 3 a=${'v'.repeat(most)}`])
    const over = block([':status', '200'], ['a', 'v'.repeat(most + 1)])
    const other = dialogue.open()
    dialogue.take()
    dialogue.hears([headers(other.id, over)], [`reset ${other.id} protocol 11`])
    assert.deepEqual(dialogue.said(), [`RST_STREAM ${other.id} 11`])
    dialogue.hears([data(3, '', END_STREAM)], ['end 3 200'])
  })

  test('that expand: one large entry, and references to it of one byte each', () => {
    const dialogue = Dialogue.established({ responseFields: ['a'] })
    dialogue.open()
    const entering = block(['a', 'v'.repeat(4000)])
    entering[0] = 0x40
    const bomb = Buffer.concat([OK, entering, Buffer.alloc(10_000, 0xbe)])
    dialogue.peer(headers(1, bomb))
    const events = dialogue.heard()
    assert.equal(events.at(-1), 'reset 1 protocol 11')
    // No string is made of what is beyond the limit.
    assert.equal(events.length, 1 + Math.floor(MAX_HEADER_LIST_BYTES / 4033))
  })

  test('with an integer that is larger than any use for it', () => {
    const dialogue = withOpenStream()
    const bytes: number[] = []
    let rest = MAX_HPACK_INTEGER + 1 - 31
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
    dialogue.peer(headers(3, Buffer.of(0x3f, ...bytes, rest)))
    assert.match(dialogue.log.error?.message ?? '', /an integer that is too large \(COMPRESSION_ERROR\)/)
  })
})

test('a body beyond the limit resets its stream', () => {
  const dialogue = withOpenStream()
  dialogue.peer(headers(3, OK))
  for (let length = 0; length < DEFAULT_MAX_RESPONSE_BODY_BYTES; length += 16_384) {
    dialogue.peer(data(3, Buffer.alloc(16_384)))
    dialogue.take()
  }
  dialogue.heard()
  dialogue.hears([data(3, 'x')], ['reset 3 protocol 11'])
  assert.deepEqual(dialogue.said(), ['RST_STREAM 3 11'])
  const small = Dialogue.established({ maxResponseBodyBytes: 3 })
  small.open()
  small.hears([headers(1, OK), data(1, 'abc'), data(1, 'd')], ['data 1 abc', 'reset 1 protocol 11'])
})

test('requests open at a time, whatever the peer permits', () => {
  const dialogue = Dialogue.established({}, [3, 0xffff_ffff])
  while (dialogue.session.openStreams < MAX_OPEN_STREAMS) {
    dialogue.open()
    if (dialogue.session.pendingOutput > 100_000) dialogue.take()
  }
  assert.equal(dialogue.session.capacity, 0)
  dialogue.peer(accepted(1))
  assert.equal(dialogue.session.capacity, 1)
})
