import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONNECTION_WINDOW_BYTES } from '#src/protocol/http2/limits.js'
import { Dialogue } from './support/dialogue.js'
import {
  accepted,
  data,
  END_STREAM,
  headers,
  OK,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'

const FRAME = 16_384

const body = (length: number): Buffer => Buffer.alloc(length, 'b')

/** Takes the output a few times more than needed: what was granted may count only once. */
function takeOften(dialogue: Dialogue): string[] {
  const said = dialogue.said()
  for (let i = 0; i < 3; i++) {
    dialogue.session.ping()
    dialogue.take()
  }
  return said
}

/** Sends `bytes` of DATA, in frames as large as can be. */
function fill(dialogue: Dialogue, streamId: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= FRAME) dialogue.peer(data(streamId, body(Math.min(left, FRAME))))
}

test('what is granted to the connection counts once, however often the output is taken', () => {
  const dialogue = Dialogue.established()
  dialogue.session.cancel(dialogue.open())
  dialogue.take()
  const half = CONNECTION_WINDOW_BYTES / 2
  fill(dialogue, 1, half - 1)
  assert.deepEqual(dialogue.said(), [])
  dialogue.peer(data(1, 'x'))
  assert.deepEqual(takeOften(dialogue), [`WINDOW_UPDATE 0 ${half}`])
  fill(dialogue, 1, CONNECTION_WINDOW_BYTES)
  assert.equal(dialogue.session.closed, false)
  dialogue.hears([data(1, 'x')], ['failed FLOW_CONTROL_ERROR'])
})

test('what is granted to a stream counts once, however often the output is taken', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 1_000_000 })
  dialogue.open()
  dialogue.take()
  dialogue.peer(headers(1, OK), data(1, body(FRAME)), data(1, body(FRAME)))
  assert.deepEqual(takeOften(dialogue), ['WINDOW_UPDATE 1 32768'])
  dialogue.peer(...[1, 2, 3].map(() => data(1, body(FRAME))), data(1, body(FRAME - 1)))
  assert.equal(dialogue.session.openStreams, 1)
  dialogue.heard()
  dialogue.hears([data(1, 'x')], ['reset 1 protocol 3'])
})

test('a response in full windows: each byte of it is granted before the peer runs out', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 10_000_000 })
  dialogue.open()
  dialogue.take()
  dialogue.peer(headers(1, OK))
  let stream = 65_535
  let connection = CONNECTION_WINDOW_BYTES
  let received = 0
  while (received < 3 * CONNECTION_WINDOW_BYTES) {
    const size = Math.min(FRAME, stream, connection)
    assert.ok(size > 0, 'the peer waits for a window, we for the peer')
    stream -= size
    connection -= size
    received += size
    dialogue.peer(data(1, body(size)))
    for (const { type, streamId, payload } of dialogue.sent()) {
      assert.equal(type, 8)
      if (streamId === 0) connection += payload.readUInt32BE()
      else stream += payload.readUInt32BE()
    }
    assert.ok(stream <= 65_535 && connection <= CONNECTION_WINDOW_BYTES)
  }
  dialogue.peer(data(1, '', END_STREAM))
  assert.equal(dialogue.heard().at(-1), 'end 1 200')
})

test('a body that is sent in full waits for nothing any more', () => {
  const dialogue = Dialogue.established({}, [4, 10])
  dialogue.open(body(11))
  dialogue.peer(windowUpdate(1, 1))
  assert.equal(dialogue.said().at(-1), 'DATA 1 1 END')
  // Were it taken for one that waits, an empty window of the connection would keep the next one back.
  dialogue.peer(windowUpdate(1, 100), settings([4, 100_000]))
  dialogue.session.cancel(dialogue.open(body(65_524)))
  dialogue.take()
  assert.ok(dialogue.session.capacity > 0)
  dialogue.hears([accepted(1)], ['settings', 'end 1 200'])
  assert.deepEqual(dialogue.said(), [], 'a request that is complete is not cancelled')
})

test('a body that waits for its own stream is not one that waits for the connection', () => {
  const dialogue = Dialogue.established()
  const { session } = dialogue
  // Both windows end with the same byte.
  dialogue.open(body(70_000))
  dialogue.take()
  assert.ok(session.capacity > 0)
  dialogue.peer(windowUpdate(1, 1))
  assert.equal(session.capacity, 0)
  dialogue.peer(settings([4, 65_534]))
  assert.ok(session.capacity > 0)
  dialogue.peer(settings([4, 65_535]))
  assert.equal(session.capacity, 0)
  dialogue.take()
  dialogue.peer(windowUpdate(0, 2))
  assert.deepEqual(dialogue.said(), ['DATA 1 1'])
  assert.ok(session.capacity > 0)
})

test('what waits for the connection is sent in the order of waiting, as far as the window goes', () => {
  const dialogue = Dialogue.established({}, [4, 100_000])
  // The first empties the window; the second waits with it from one credit on, being opened while there was room.
  dialogue.open(body(65_535))
  const second = dialogue.open(body(100))
  dialogue.take()
  assert.equal(dialogue.session.capacity, 0)
  dialogue.peer(windowUpdate(0, 40))
  dialogue.hears([rstStream(1, 8)], ['reset 1 peer 8'])
  assert.deepEqual(dialogue.said(), [`DATA ${second.id} 40`])
  dialogue.peer(windowUpdate(0, 61))
  assert.deepEqual(dialogue.said(), [`DATA ${second.id} 60 END`])
  const third = dialogue.open(body(3))
  dialogue.peer(windowUpdate(0, 2))
  assert.deepEqual(
    dialogue.said().filter((each) => each.startsWith('DATA')),
    [`DATA ${third.id} 1`, `DATA ${third.id} 2 END`],
  )
})
