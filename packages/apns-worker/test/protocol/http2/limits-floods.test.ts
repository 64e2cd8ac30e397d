import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  FLOOD_FRAMES_PER_RESPONSE,
  FLOOD_LIMITS,
  FLOOD_PERIOD_MS,
  MAX_CONTINUATION_FRAMES,
} from '#src/protocol/http2/limits.js'
import { CALM, withOpenStream } from './session-open-stream.js'
import { Dialogue, TestRequest } from './support/dialogue.js'
import {
  accepted,
  block,
  continuation,
  data,
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

  test('each period begins anew, with nothing left of the answers in the one before', () => {
    const dialogue = withOpenStream()
    const flood = (frames: number): void => {
      for (let count = 0; count < frames; count++) {
        dialogue.peer(ping('12345678'))
        dialogue.take()
      }
    }
    // The first PING of a period begins it, whenever that is.
    for (const start of [1 + FLOOD_PERIOD_MS, 1 + 2 * FLOOD_PERIOD_MS, 7 * FLOOD_PERIOD_MS]) {
      dialogue.now = start
      flood(1)
      dialogue.peer(accepted(dialogue.open().id))
      dialogue.now = start + FLOOD_PERIOD_MS - 1
      flood(FLOOD_LIMITS.ping + FLOOD_FRAMES_PER_RESPONSE - 1)
      assert.equal(dialogue.session.closed, false)
    }
    flood(1)
    assert.equal(dialogue.heard().at(-1), CALM)
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
