import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dialogue } from './support/dialogue.js'
import {
  accepted,
  block,
  data,
  END_HEADERS,
  END_STREAM,
  goaway,
  headers,
  OK,
} from './support/frame-builder.js'

test('handlers may cancel the stream they hear of, open others, and take the output', () => {
  const dialogue = Dialogue.established({ responseFields: ['a', 'b'] })
  const { session, log } = dialogue
  for (let i = 0; i < 3; i++) dialogue.open()
  log.hook = (event, stream) => {
    if (stream !== undefined && /^(field 1 a|data 3)/.test(event)) session.cancel(stream)
    if (event === 'end 5 200') {
      dialogue.open(Buffer.from('x'))
      session.takeOutput()
    }
  }
  dialogue.hears(
    [headers(1, block([':status', '200'], ['a', '1'], ['b', '2']), END_HEADERS | END_STREAM)],
    ['field 1 a=1'],
  )
  dialogue.hears([headers(3, OK), data(3, 'a'), data(3, 'b', END_STREAM)], ['data 3 a'])
  dialogue.hears([accepted(5), accepted(7)], ['end 5 200', 'end 7 200'])
})

test('a handler that closes the session in the middle of a chunk ends it there', () => {
  const dialogue = Dialogue.established()
  for (let i = 0; i < 3; i++) dialogue.open()
  dialogue.log.hook = (event) => {
    if (event === 'end 1 200') dialogue.session.lost(5)
  }
  dialogue.hears([accepted(1), accepted(3)], ['end 1 200', 'reset 3 lost 10', 'reset 5 lost 10 unprocessed'])
})

test('a handler that throws fails the connection, and the error comes out', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.open()
  dialogue.log.hook = (event) => {
    if (event.startsWith('end')) throw new Error('mine')
  }
  assert.throws(() => dialogue.peer(accepted(1)), /mine/)
  assert.deepEqual(dialogue.heard(), ['end 1 200', 'reset 3 failed 2 unprocessed', 'failed INTERNAL_ERROR'])
})

test('a head that throws fails the connection, since the tables differ from then on', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  assert.throws(() => dialogue.open(undefined, ['Upper', 'x']), /"Upper" is no HTTP\/2 field name/)
  assert.deepEqual(dialogue.heard(), ['reset 1 failed 2 unprocessed', 'failed INTERNAL_ERROR'])
  assert.equal(dialogue.session.capacity, 0)
})

test('a handler that closes the session upon a GOAWAY hears no more', () => {
  const dialogue = Dialogue.established()
  dialogue.open()
  dialogue.open()
  dialogue.log.hook = (event) => {
    if (event.includes('goaway')) dialogue.session.lost()
  }
  dialogue.hears([goaway(1, 0)], ['reset 3 goaway 0 unprocessed', 'reset 1 lost 10 unprocessed'])
})

test('a handler may cancel streams that a failing session has yet to report, and hears no more of them', () => {
  const dialogue = Dialogue.established()
  const [, second] = [dialogue.open(), dialogue.open(), dialogue.open()]
  dialogue.take()
  dialogue.log.hook = (event) => {
    if (event.startsWith('reset 1') && second !== undefined) dialogue.session.cancel(second)
  }
  dialogue.hears([data(2, '')], ['reset 1 failed 1', 'reset 5 failed 1', 'failed PROTOCOL_ERROR'])
  assert.deepEqual([dialogue.said(), dialogue.session.openStreams], [['GOAWAY 0 0 1'], 0])
})
