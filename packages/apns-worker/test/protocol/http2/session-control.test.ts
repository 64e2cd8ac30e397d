import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dialogue } from './support/dialogue.js'
import {
  ACK,
  accepted,
  block,
  continuation,
  END_HEADERS,
  END_STREAM,
  goaway,
  headers,
  OK,
  PADDED,
  PRIORITY,
  ping,
  settings,
} from './support/frame-builder.js'

const PONG = ping('\0'.repeat(8), ACK)

test('as many answers as PINGs, and no more', () => {
  const dialogue = Dialogue.established()
  dialogue.session.ping()
  dialogue.session.ping()
  assert.deepEqual(dialogue.said(), ['PING 0', 'PING 0'])
  dialogue.hears([PONG], ['pong'])
  dialogue.hears([PONG, PONG], ['pong'])
  dialogue.session.ping()
  dialogue.hears([PONG, PONG], ['pong'])
})

test('the last of equal settings counts, and those that we do not know are passed over', () => {
  const dialogue = Dialogue.established({}, [3, 7], [0x99, 1], [3, 2], [6, 9], [2, 0])
  const { session } = dialogue
  assert.deepEqual([session.peerMaxConcurrentStreams, session.peerMaxHeaderListSize], [2, 9])
  dialogue.peer(settings([4, 10], [4, 20]))
  dialogue.take()
  dialogue.open(Buffer.alloc(30))
  assert.equal(dialogue.said().at(-1), 'DATA 1 20')
})

test('settings at the edges of what is valid', () => {
  for (const valid of [
    [4, 0],
    [4, 0x7fff_ffff],
    [5, 16_384],
    [5, 16_777_215],
    [1, 0xffff_ffff],
    [3, 0xffff_ffff],
    [6, 0xffff_ffff],
  ] as const) {
    const dialogue = Dialogue.established()
    dialogue.open(Buffer.from('x'))
    dialogue.hears([settings(valid), accepted(1)], ['settings', 'end 1 200'])
  }
})

test('a body larger than the largest frame that the peer may permit', () => {
  const dialogue = Dialogue.established({}, [4, 0x7fff_ffff], [5, 16_777_215])
  dialogue.open(Buffer.alloc(70_000))
  assert.deepEqual(dialogue.said().slice(1), ['DATA 1 65535'])
})

test('GOAWAY with the same last stream again, and one that is not ours to open', () => {
  const dialogue = Dialogue.established()
  for (let i = 0; i < 3; i++) dialogue.open()
  dialogue.hears([goaway(4, 0)], ['reset 5 goaway 0 unprocessed', 'goaway 4 0'])
  dialogue.hears([goaway(4, 0xff, 'why')], ['goaway 4 255 why'])
  // The highest bit is reserved, not part of the id.
  dialogue.hears([goaway(0x8000_0003, 0)], ['goaway 3 0'])
  dialogue.hears(
    [goaway(0, 11)],
    ['reset 1 goaway 11 unprocessed', 'reset 3 goaway 11 unprocessed', 'goaway 0 11'],
  )
})

test('late frames for what a GOAWAY ended are nobody’s business', () => {
  const dialogue = Dialogue.established({ responseFields: ['a'] })
  for (let i = 0; i < 2; i++) dialogue.open()
  dialogue.peer(goaway(1, 0))
  dialogue.heard()
  dialogue.hears([accepted(3), accepted(1)], ['end 1 200'])
})

test('one header block in pieces after the other', () => {
  const dialogue = Dialogue.established({ responseFields: ['a'] })
  for (const [id, value] of [
    [1, 'a long one'],
    [3, 'b'],
    [5, ''],
    [7, 'the longest of them all'],
  ] as const) {
    dialogue.open()
    const whole = block([':status', '200'], ['a', value])
    dialogue.hears(
      [
        headers(id, whole.subarray(0, 5), id === 3 ? END_STREAM : 0),
        ...Array.from(whole.subarray(5, 15), (byte) => continuation(id, Buffer.of(byte), 0)),
        continuation(id, whole.subarray(15)),
      ],
      [`field ${id} a=${value}`, ...(id === 3 ? ['end 3 200'] : [])],
    )
  }
  assert.deepEqual(
    Array.from(dialogue.session.streams(), ({ id }) => id),
    [1, 5, 7],
  )
})

test('a frame that has the obsolete priority and nothing of the block yet', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.hears([headers(1, Buffer.alloc(5), PRIORITY | END_STREAM), continuation(1, OK)], ['end 1 200'])
})

test('an empty value has no bytes, whatever follows it', () => {
  const dialogue = Dialogue.established({ responseFields: ['a'] })
  for (const [pad, id] of [
    [0x20, 1],
    [0x09, 3],
    [0x00, 5],
  ] as const) {
    dialogue.open()
    const padded = Buffer.concat([Buffer.of(4), OK, block(['a', '']), Buffer.alloc(4, pad)])
    dialogue.hears(
      [headers(id, padded, END_HEADERS | END_STREAM | PADDED)],
      [`field ${id} a=`, `end ${id} 200`],
    )
  }
})
