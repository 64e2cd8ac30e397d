import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FLOOD_LIMITS,
  FLOOD_PERIOD_MS,
  MAX_REPLY_BYTES,
  MAX_SPARE_BUFFERS,
  OUTPUT_BUFFER_BYTES,
} from '#src/protocol/http2/limits.js'
import { CALM } from './session-open-stream.js'
import { Dialogue } from './support/dialogue.js'
import { accepted, data, headers, OK, ping, settings } from './support/frame-builder.js'

test('a peer that makes us answer and never reads', () => {
  const dialogue = Dialogue.established()
  // The responses give it the right to many PINGs, but not to have the answers piled up.
  for (let count = 0; count < 2000; count++) dialogue.peer(accepted(dialogue.open().id))
  dialogue.take()
  dialogue.heard()
  let most = 0
  for (let count = 0; count < MAX_REPLY_BYTES && !dialogue.session.closed; count++) {
    most = Math.max(most, dialogue.session.pendingOutput)
    dialogue.peer(ping('12345678'))
  }
  assert.deepEqual(dialogue.heard(), [CALM])
  assert.ok(most <= MAX_REPLY_BYTES)
  assert.deepEqual(dialogue.said(), ['GOAWAY 0 0 11'])
})

test('answers of every kind are counted, to the byte', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 1_000_000 })
  const { session } = dialogue
  const reset = dialogue.open()
  const granted = dialogue.open()
  dialogue.take()
  const part = data(granted.id, Buffer.alloc(16_384))
  dialogue.peer(headers(reset.id, Buffer.alloc(0)), headers(granted.id, OK), part, part)
  dialogue.peer(ping('12345678'))
  const acknowledgements = (MAX_REPLY_BYTES - 2 * 13 - 17) / 9
  assert.ok(Number.isInteger(acknowledgements))
  for (let count = 0; count < acknowledgements; count++) {
    dialogue.now += FLOOD_PERIOD_MS / FLOOD_LIMITS.settings
    dialogue.peer(settings())
  }
  assert.deepEqual([session.closed, session.pendingOutput], [false, MAX_REPLY_BYTES])
  dialogue.heard()
  dialogue.hears([settings()], [`reset ${granted.id} failed 11`, CALM])
})

test('resets that nobody reads', () => {
  const dialogue = Dialogue.established()
  const most = Math.floor(MAX_REPLY_BYTES / 13)
  for (let count = 0; count <= most; count++) dialogue.open()
  dialogue.take()
  for (let count = 0; count < most; count++) dialogue.peer(headers(2 * count + 1, Buffer.alloc(0)))
  assert.equal(dialogue.heard().length, most)
  const last = 2 * most + 1
  dialogue.hears([headers(last, Buffer.alloc(0))], [`reset ${last} failed 11`, CALM])
  assert.deepEqual(dialogue.said(), ['GOAWAY 0 0 11'])
})

test('spare buffers: as many as are allowed, and none that had to grow', () => {
  const dialogue = Dialogue.established({}, [4, 1_000_000])
  const { session } = dialogue
  const take = (bytes?: Buffer): Uint8Array => {
    if (bytes === undefined) session.ping()
    else dialogue.session.cancel(dialogue.open(bytes, ['x', '\x01'.repeat(OUTPUT_BUFFER_BYTES)]))
    const output = session.takeOutput()
    assert.ok(output !== undefined)
    return output
  }
  const written = Array.from({ length: MAX_SPARE_BUFFERS + 2 }, () => take())
  const grown = take(Buffer.from('x'))
  assert.ok(grown.buffer.byteLength > OUTPUT_BUFFER_BYTES)
  for (const output of [grown, ...written]) session.recycle(output)
  const known = new Set([grown, ...written].map(({ buffer }) => buffer))
  const reused = Array.from({ length: 6 }, () => known.has(take().buffer))
  // The first was in use already.
  assert.deepEqual(reused, [false, ...new Array<boolean>(MAX_SPARE_BUFFERS).fill(true), false, false, false])
})
