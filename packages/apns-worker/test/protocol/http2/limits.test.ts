import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  DEFAULT_MAX_RESPONSE_BODY_BYTES,
  MAX_CONTINUATION_FRAMES,
  MAX_HEADER_BLOCK_BYTES,
  MAX_HEADER_LIST_BYTES,
  MAX_HPACK_INTEGER,
  MAX_OPEN_STREAMS,
} from '#src/protocol/http2/limits.js'
import { CALM, withOpenStream } from './session-open-stream.js'
import { Dialogue } from './support/dialogue.js'
import {
  accepted,
  block,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  headers,
  OK,
} from './support/frame-builder.js'

/* Each of limits.ts is hit here and in the other limits tests: the last thing allowed, and the first that is not. */

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

test('no body at all, where none is wanted', () => {
  const dialogue = Dialogue.established({ maxResponseBodyBytes: 0 })
  dialogue.open()
  dialogue.open()
  dialogue.hears([headers(1, OK), data(1, '', END_STREAM)], ['end 1 200'])
  dialogue.hears([headers(3, OK), data(3, 'x', END_STREAM)], ['reset 3 protocol 11'])
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
