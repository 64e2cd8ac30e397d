import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message, MessageError, type MessageErrorCode } from 'apns-worker'

const TOKEN = 'a8cc97dc8faf36513348a12eb0b6c50ba76dc3dd9d1398b00688c29a6e4ea884'
const PAYLOAD = { aps: { alert: 'hello' } }

function refuses(make: () => unknown, code: MessageErrorCode, ...parts: readonly string[]): void {
  assert.throws(make, (error: unknown) => {
    assert.ok(error instanceof MessageError, String(error))
    assert.ok(error instanceof TypeError)
    assert.equal(error.code, code)
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" says ${part}`)
    return true
  })
}

function withOptions(options: Record<string, unknown>): () => Message {
  return () => new Message([TOKEN], PAYLOAD, options)
}

test('a token that is not one is named by its index and a shortened value', () => {
  refuses(
    () => new Message([TOKEN, `zz${TOKEN.slice(2)}`], PAYLOAD),
    'BAD_TOKEN',
    'tokens[1]',
    '"zzcc',
    '…',
    'not hex',
  )
  refuses(() => new Message([TOKEN, TOKEN, TOKEN.slice(1)], PAYLOAD), 'BAD_TOKEN', 'tokens[2]', 'odd', '63')
  refuses(() => new Message([''], PAYLOAD), 'BAD_TOKEN', 'tokens[0]', 'empty')
  refuses(() => new Message(['ab'.repeat(101)], PAYLOAD), 'BAD_TOKEN', 'tokens[0]', '202', '200')
  refuses(() => new Message([`${TOKEN.slice(0, 62)}\u{1F389}`], PAYLOAD), 'BAD_TOKEN', 'not hex')
  refuses(() => new Message([null as unknown as string], PAYLOAD), 'BAD_TOKEN', 'tokens[0]', 'null')
  refuses(() => new Message(TOKEN, PAYLOAD), 'BAD_TOKENS', 'single string')
  refuses(() => new Message(undefined as unknown as string[], PAYLOAD), 'BAD_TOKENS')
})

test('a bad token is an error with its index, and its whole value is not in the message', () => {
  const bad = `xx${TOKEN.slice(2)}`
  try {
    new Message([TOKEN, bad], PAYLOAD)
    assert.fail('it was accepted')
  } catch (error) {
    assert.ok(error instanceof MessageError)
    assert.equal(error.index, 1)
    assert.ok(!error.message.includes(bad))
  }
})

test('tokens of any case and of other lengths than 32 bytes are taken, and read back in lower case', () => {
  const tokens = [TOKEN.toUpperCase(), 'ab'.repeat(80), 'CD', TOKEN]
  const message = new Message(new Set(tokens), PAYLOAD)
  assert.deepEqual(
    message.tokens,
    tokens.map((token) => token.toLowerCase()),
  )
  assert.deepEqual(
    Array.from(message.notifications([7, 8, 9]), ({ token, ident }) => [token, ident]),
    [TOKEN, 'ab'.repeat(80), 'cd'].map((token, index) => [token, 7 + index]),
  )
  assert.equal([...message.notifications()].length, 4)
  assert.equal([...message.notifications()][0]?.ident, undefined)
})

test('an empty list is a message to nobody', () => {
  const message = new Message([], PAYLOAD)
  assert.equal(message.length, 0)
  assert.deepEqual([...message.notifications()], [])
})

test('a payload that JSON cannot hold is refused, with the path to the fault', () => {
  const refusesPayload = (payload: unknown, ...parts: readonly string[]): void =>
    refuses(() => new Message([TOKEN], payload as object), 'BAD_PAYLOAD', ...parts)
  refusesPayload('{"aps":{}}', 'not an object')
  refusesPayload(null, 'not an object')
  refusesPayload([PAYLOAD], 'not an object')
  refusesPayload({ aps: { badge: Number.NaN } }, 'payload.aps.badge', 'NaN')
  refusesPayload({ list: [1, { f() {} }] }, 'payload.list[1].f', 'function')
  refusesPayload({ id: 1n }, 'payload.id', 'bigint')
  refusesPayload({ list: [undefined] }, 'payload.list[0]', 'undefined')
  refusesPayload({ map: new Map([['a', 1]]) }, 'payload.map', 'Map')
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  refusesPayload(circular, 'contains itself')
})

test('an undefined member is left out, as JSON does', () => {
  const message = new Message([TOKEN], { aps: { alert: 'hi', badge: undefined }, when: new Date(0) })
  assert.deepEqual(message.payload, { aps: { alert: 'hi' }, when: '1970-01-01T00:00:00.000Z' })
})

test('a payload over the limit of its push type is refused with the size it has', () => {
  const payloadOf = (bytes: number): object => ({ x: 'a'.repeat(bytes - '{"x":""}'.length) })
  assert.equal(new Message([TOKEN], payloadOf(4096)).encodedPayload.length, 4096)
  refuses(() => new Message([TOKEN], payloadOf(4097)), 'PAYLOAD_TOO_LARGE', '4097', '4096', 'alert')
  assert.equal(new Message([TOKEN], payloadOf(5120), { pushType: 'voip' }).encodedPayload.length, 5120)
  refuses(
    () => new Message([TOKEN], payloadOf(5121), { pushType: 'voip' }),
    'PAYLOAD_TOO_LARGE',
    '5121',
    '5120',
    'voip',
  )
  // Bytes count, not characters.
  refuses(() => new Message([TOKEN], { x: '\u{1F389}'.repeat(1100) }), 'PAYLOAD_TOO_LARGE', '4408')
})

test('expiration is a Date or Unix seconds, and milliseconds are found out', () => {
  assert.equal(
    new Message([TOKEN], PAYLOAD, { expiration: new Date(1_700_000_000_900) }).expiration,
    1_700_000_000,
  )
  assert.equal(new Message([TOKEN], PAYLOAD, { expiration: 1_700_000_000.9 }).expiration, 1_700_000_000)
  assert.equal(new Message([TOKEN], PAYLOAD, { expiration: 0 }).expiration, 0)
  assert.equal(new Message([TOKEN], PAYLOAD).expiration, undefined)
  refuses(withOptions({ expiration: 1_700_000_000_000 }), 'BAD_EXPIRATION', 'milliseconds')
  refuses(withOptions({ expiration: -1 }), 'BAD_EXPIRATION')
  refuses(withOptions({ expiration: new Date(Number.NaN) }), 'BAD_EXPIRATION')
  refuses(withOptions({ expiration: '2027-01-01' }), 'BAD_EXPIRATION', '2027-01-01')
})

test('priority is a byte, and fits the push type that was named', () => {
  assert.equal(new Message([TOKEN], PAYLOAD, { priority: 5 }).priority, 5)
  refuses(withOptions({ priority: 256 }), 'BAD_PRIORITY', '256')
  refuses(withOptions({ priority: 'high' }), 'BAD_PRIORITY', 'high')
  refuses(withOptions({ priority: 10, pushType: 'background' }), 'BAD_PRIORITY', 'background', '5')
})

test('a payload that is not checked may be anything that JSON holds, within the size limit', () => {
  const odd = { aps: { badge: 'three', alert: 7 } }
  refuses(() => new Message([TOKEN], odd), 'BAD_PAYLOAD')
  refuses(() => new Message([TOKEN], odd, { unchecked: false }), 'BAD_PAYLOAD')
  assert.deepEqual(new Message([TOKEN], odd, { unchecked: true }).payload, odd)
  assert.deepEqual(new Message([TOKEN], {}, { unchecked: true, pushType: 'liveactivity' }).payload, {})
  refuses(() => new Message([TOKEN], { a: 1n }, { unchecked: true }), 'BAD_PAYLOAD')
  refuses(() => new Message([TOKEN], { a: 'x'.repeat(4096) }, { unchecked: true }), 'PAYLOAD_TOO_LARGE')
})

test('apnsId is a UUID of the caller’s, in lower case, for every notification', () => {
  const apnsId = '9D3220FE-444B-633E-D1F1-5D0DCB4F537A'
  const message = new Message([TOKEN, TOKEN], PAYLOAD, { apnsId })
  assert.equal(message.apnsId, apnsId.toLowerCase())
  for (const notification of message.notifications([7, 8]))
    assert.equal(notification.apnsId, apnsId.toLowerCase())
  assert.equal(new Message([TOKEN], PAYLOAD).apnsId, undefined)
  for (const wrong of ['', 'a', `${apnsId} `, apnsId.replaceAll('-', ''), 7]) {
    refuses(withOptions({ apnsId: wrong }), 'BAD_APNS_ID', JSON.stringify(wrong), 'UUID')
  }
})

test('collapseId has at most 64 bytes, not characters', () => {
  assert.equal(new Message([TOKEN], PAYLOAD, { collapseId: 'é'.repeat(32) }).collapseId, 'é'.repeat(32))
  refuses(withOptions({ collapseId: 'é'.repeat(33) }), 'BAD_COLLAPSE_ID', '66', '64')
  refuses(withOptions({ collapseId: '' }), 'BAD_COLLAPSE_ID')
  refuses(withOptions({ collapseId: 'a\r\nx: y' }), 'BAD_COLLAPSE_ID', 'control')
})

test('the topic fits the push type', () => {
  const topicAndType = (topic: string, pushType?: string): (() => Message) => withOptions({ topic, pushType })
  assert.equal(topicAndType('com.example.app.voip', 'voip')().topic, 'com.example.app.voip')
  assert.equal(topicAndType('com.example.app', 'voip')().topic, 'com.example.app.voip')
  refuses(topicAndType('com.example.app.voip', 'alert'), 'BAD_TOPIC', 'alert', 'voip')
  refuses(topicAndType('com.example.app.voip', 'pushtotalk'), 'BAD_TOPIC', 'pushtotalk', 'voip')
  refuses(topicAndType('com example'), 'BAD_TOPIC', 'com example')
  refuses(topicAndType('com.example\r\nauthorization: x'), 'BAD_TOPIC')
  refuses(withOptions({ pushType: 'Alert' }), 'BAD_PUSH_TYPE', 'Alert', 'liveactivity')
  refuses(withOptions({ pushType: 'constructor' }), 'BAD_PUSH_TYPE')
})

test('the push type follows from the topic, or from the payload', () => {
  const typeOf = (payload: object, topic?: string): string =>
    new Message([TOKEN], payload, { topic }).pushType
  assert.equal(typeOf(PAYLOAD), 'alert')
  assert.equal(typeOf({ aps: { 'content-available': 1 } }), 'background')
  assert.equal(typeOf({ aps: { 'content-available': 1, badge: 1 } }), 'alert')
  assert.equal(typeOf({ mdm: 'magic' }), 'mdm')
  assert.equal(typeOf(PAYLOAD, 'com.example.app.voip'), 'voip')
  assert.equal(typeOf({ aps: {} }, 'com.example.app.push-type.widgets'), 'widgets')
})

test('a message is immutable: changing what was passed in changes nothing', () => {
  const tokens = [TOKEN]
  const payload = { aps: { alert: { title: 'one' } } }
  const message = new Message(tokens, payload)
  tokens[0] = 'ff'
  payload.aps.alert.title = 'two'
  assert.deepEqual(message.tokens, [TOKEN])
  assert.deepEqual(message.payload, { aps: { alert: { title: 'one' } } })
  const copy = message.payload as { aps: { alert: unknown } }
  copy.aps.alert = 'three'
  assert.deepEqual(message.payload, { aps: { alert: { title: 'one' } } })
})

test('apns-ids are canonical UUIDs in lower case, one for each ident, and lead back to the message', () => {
  const message = new Message([TOKEN, TOKEN], PAYLOAD)
  const [first, second] = [...message.notifications([0, 0xffff_ffff])]
  assert.match(
    first?.apnsId ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{4}00000000$/,
  )
  assert.ok(second)
  assert.ok(second.apnsId.endsWith('ffffffff'))
  assert.ok(second.apnsId.startsWith(message.idPrefix))
  assert.notEqual(new Message([TOKEN], PAYLOAD).idPrefix, message.idPrefix)
})

test('ambiguous is resend or drop', () => {
  assert.equal(new Message([TOKEN], PAYLOAD).ambiguous, 'resend')
  assert.equal(new Message([TOKEN], PAYLOAD, { ambiguous: 'drop' }).ambiguous, 'drop')
  refuses(withOptions({ ambiguous: 'maybe' }), 'BAD_OPTION', 'maybe')
})

test('a payload that becomes something else than an object in JSON is refused', () => {
  const strange = (payload: object, ...parts: readonly string[]): void =>
    refuses(() => new Message([TOKEN], payload), 'BAD_PAYLOAD', ...parts)
  strange(new Date(0), 'payload is "1970-01-01T00:00:00.000Z" in JSON')
  strange(Object(5), 'payload is 5 in JSON')
  strange({ toJSON: () => undefined }, 'payload is nothing in JSON')
  strange({ aps: Object(5n) }, 'payload cannot be written as JSON')
})

test('what is wrong is told of values that cannot be written as text', () => {
  const bare = Object.create(null) as unknown
  refuses(withOptions({ topic: 5n }), 'BAD_TOPIC', 'topic 5n')
  refuses(withOptions({ expiration: bare }), 'BAD_EXPIRATION', '[Object: null prototype] {}')
  refuses(withOptions({ priority: bare }), 'BAD_PRIORITY', '[Object: null prototype] {}')
  refuses(withOptions({ pushType: 5n }), 'BAD_PUSH_TYPE', '5n')
  refuses(withOptions({ ambiguous: 5n }), 'BAD_OPTION', '5n')
  refuses(withOptions({ topic: 'x y'.repeat(1000) }), 'BAD_TOPIC', '…')
})
