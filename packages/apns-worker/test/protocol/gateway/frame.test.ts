import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message } from 'apns-worker'
import { ErrorResponseParser } from '#src/protocol/gateway/error-response.js'
import { encodeFrame, type FrameFormat, frameBytes, writeFrame } from '#src/protocol/gateway/frame.js'

const FIELDS = {
  token: Buffer.from('aabbcc', 'hex'),
  payload: Buffer.from('{}'),
  ident: 0x01020304,
  expiration: 0x0a0b0c0d,
  priority: 5,
}

test('a simple frame is command 0: token and payload', () => {
  assert.equal(Buffer.from(encodeFrame('simple', FIELDS)).toString('hex'), '000003aabbcc00027b7d')
})

test('an enhanced frame is command 1: ident and expiration before them', () => {
  assert.equal(
    Buffer.from(encodeFrame('enhanced', FIELDS)).toString('hex'),
    '01010203040a0b0c0d0003aabbcc00027b7d',
  )
  const bare = { ...FIELDS, ident: undefined, expiration: undefined }
  assert.equal(
    Buffer.from(encodeFrame('enhanced', bare)).toString('hex'),
    '01000000007fffffff0003aabbcc00027b7d',
    'no expiration is the far future: 0 would mean "do not store"',
  )
})

test('a notification gives its frame in each format', () => {
  const [notification] = new Message(
    ['aabbcc'],
    {},
    { expiration: FIELDS.expiration, priority: 5 },
  ).notifications([FIELDS.ident])
  assert.ok(notification)
  for (const format of ['simple', 'enhanced', 'items'] as const) {
    assert.deepEqual(notification.frame({ format }), encodeFrame(format, FIELDS))
  }
  assert.deepEqual(notification.frame(), notification.frame({ format: 'items' }))
})

test('frames are written one behind the other, each as long as it was said to be', () => {
  const formats: readonly FrameFormat[] = ['items', 'simple', 'enhanced']
  const buffer = Buffer.alloc(200)
  let at = 0
  for (const format of formats) {
    const end = writeFrame(buffer, at, format, FIELDS)
    assert.equal(end - at, frameBytes(format, FIELDS))
    assert.deepEqual(new Uint8Array(buffer.subarray(at, end)), new Uint8Array(encodeFrame(format, FIELDS)))
    at = end
  }
})

test('an error response is read however it is chopped, and nothing after it', () => {
  const bytes = Buffer.from('0808fffefdfc99', 'hex')
  const expected = { status: 8, ident: 0xfffefdfc }
  assert.deepEqual(new ErrorResponseParser().receive(bytes), expected)
  const parser = new ErrorResponseParser()
  for (const byte of bytes.subarray(0, 5)) assert.equal(parser.receive(Buffer.of(byte)), undefined)
  assert.deepEqual(parser.receive(bytes.subarray(5)), expected)
})

test('bytes that can be no error response are garbage from the first on', () => {
  assert.equal(new ErrorResponseParser().receive(Buffer.of(7)), 'garbage')
  assert.equal(new ErrorResponseParser().receive(Buffer.from('HTTP/1.1 400')), 'garbage')
  assert.equal(new ErrorResponseParser().receive(Buffer.alloc(0)), undefined)
})
