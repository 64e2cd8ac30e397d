import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ApsFields, MessageError, type MessageOptions } from 'apns-worker'
import { managerWith, ScriptedBackend, tokens } from './support/test-backends.js'

function sent(fields?: ApsFields, options?: MessageOptions): Record<string, unknown> {
  const { apns, backend } = managerWith(ScriptedBackend)
  apns.sendAps(tokens(1), fields, options)
  const [notification] = backend.take()
  assert.ok(notification)
  return notification.message.payload
}

test('only what is given is in aps', () => {
  assert.deepEqual(sent(), { aps: {} })
  assert.deepEqual(sent({ alert: 'hello' }), { aps: { alert: 'hello' } })
  assert.deepEqual(sent({ alert: undefined, badge: undefined, sound: 'default' }), {
    aps: { sound: 'default' },
  })
})

test('what the original library takes is sent as it sent it', () => {
  const fields = {
    alert: { title: 'a', 'loc-args': ['b'] },
    badge: 3,
    sound: 'bingo',
    contentAvailable: true,
    category: 'INVITE',
  }
  assert.deepEqual(sent(fields), {
    aps: {
      alert: { title: 'a', 'loc-args': ['b'] },
      badge: 3,
      sound: 'bingo',
      'content-available': 1,
      category: 'INVITE',
    },
  })
})

test('a badge of 0 and an empty alert are something, a false flag is nothing', () => {
  assert.deepEqual(sent({ badge: 0, alert: '', sound: '' }), { aps: { badge: 0, alert: '', sound: '' } })
  assert.deepEqual(
    sent({ contentAvailable: false, mutableContent: false, contentChanged: false, inputPushToken: false }),
    { aps: {} },
  )
})

/** Every field, with a value, Apple's key for it, and the value that Apple gets. */
const FIELDS: {
  readonly [K in keyof Required<ApsFields>]: readonly [NonNullable<ApsFields[K]>, string, unknown]
} = {
  alert: ['a', 'alert', 'a'],
  badge: [1, 'badge', 1],
  sound: [{ critical: 1, name: 's', volume: 0.5 }, 'sound', { critical: 1, name: 's', volume: 0.5 }],
  contentAvailable: [true, 'content-available', 1],
  category: ['c', 'category', 'c'],
  threadId: ['t', 'thread-id', 't'],
  mutableContent: [true, 'mutable-content', 1],
  targetContentId: ['t', 'target-content-id', 't'],
  interruptionLevel: ['time-sensitive', 'interruption-level', 'time-sensitive'],
  relevanceScore: [0.5, 'relevance-score', 0.5],
  filterCriteria: ['f', 'filter-criteria', 'f'],
  staleDate: [new Date(1_700_000_000_999), 'stale-date', 1_700_000_000],
  contentState: [{ score: 1 }, 'content-state', { score: 1 }],
  timestamp: [1_700_000_000, 'timestamp', 1_700_000_000],
  event: ['update', 'event', 'update'],
  dismissalDate: [new Date(1_700_000_000_000), 'dismissal-date', 1_700_000_000],
  attributesType: ['A', 'attributes-type', 'A'],
  attributes: [{ team: 'x' }, 'attributes', { team: 'x' }],
  inputPushChannel: ['Y2g=', 'input-push-channel', 'Y2g='],
  inputPushToken: [true, 'input-push-token', 1],
  contentChanged: [true, 'content-changed', true],
  urlArgs: [['a', 'b'], 'url-args', ['a', 'b']],
  pttPushType: ['service-update', 'ptt-push-type', 'service-update'],
}

for (const [name, [value, key, encoded]] of Object.entries(FIELDS)) {
  test(`${name} is sent as ${key}`, () => {
    assert.deepEqual(sent({ [name]: value }), { aps: { [key]: encoded } })
  })
}

test('a field that there is not is an error, and not lost', () => {
  const refused = (fields: object, ...parts: readonly string[]): void =>
    assert.throws(
      () => sent(fields),
      (error: unknown) =>
        error instanceof MessageError &&
        error.code === 'BAD_PAYLOAD' &&
        parts.every((part) => error.message.includes(part)),
    )
  refused({ bagde: 1 }, 'bagde')
  refused({ 'content-available': 1 }, 'content-available', 'contentAvailable')
  refused({ constructor: 1 }, 'constructor')
})

test('a date that is none is an error that names the key', () => {
  assert.throws(() => sent({ staleDate: new Date(Number.NaN) }), /stale-date/)
})

test('options of the message go along', () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  apns.sendAps(tokens(1), { contentAvailable: true }, { priority: 5, expiration: 0, collapseId: 'c' })
  const [notification] = backend.take()
  const { message } = notification ?? {}
  assert.equal(message?.pushType, 'background')
  assert.equal(message.priority, 5)
  assert.equal(message.expiration, 0)
  assert.equal(message.collapseId, 'c')
})
