import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message, MessageError, type MessageOptions } from 'apns-worker'

const LIVE: MessageOptions = { pushType: 'liveactivity' }
const NOW = 1_700_000_000
const ALERT = { title: 'Kick-off', body: { 'loc-key': 'TEAMS', 'loc-args': ['A', 'B'] }, sound: 'default' }
const EVENTS = {
  start: {
    event: 'start',
    timestamp: NOW,
    'content-state': { goals: 0 },
    'attributes-type': 'MatchAttributes',
    attributes: { home: 'A' },
    alert: ALERT,
  },
  update: { event: 'update', timestamp: NOW, 'content-state': { goals: 1 } },
  end: { event: 'end', timestamp: NOW },
} as const

function messageOf(aps: object, options = LIVE): Message {
  return new Message([], { aps }, options)
}

function refuses(aps: object, path: string, problem: string, options = LIVE): void {
  assert.throws(
    () => messageOf(aps, options),
    (error: unknown) => {
      assert.ok(error instanceof MessageError, String(error))
      assert.equal(error.path, `payload.${path}`)
      assert.ok(error.message.includes(problem), error.message)
      return true
    },
  )
}

describe('a Live Activity push', () => {
  for (const aps of Object.values(EVENTS)) {
    it(`of event ${aps.event} is taken with what it needs, and its push type is told from it`, () => {
      assert.deepEqual(messageOf(aps).payload, { aps })
      assert.equal(messageOf(aps, {}).pushType, 'liveactivity')
    })

    for (const key of Object.keys(aps)) {
      it(`of event ${aps.event} is refused without ${key}`, () => {
        const { [key]: _left, ...rest } = aps as Record<string, unknown>
        refuses(rest, `aps.${key}`, 'is missing')
        refuses({ ...rest, [key]: null }, `aps.${key}`, 'is missing')
      })
    }
  }

  it('is refused without aps', () => {
    assert.throws(() => new Message([], {}, LIVE), /payload\.aps: is missing/)
  })

  const { update, start, end } = EVENTS
  const cases: readonly [aps: object, path: string, problem: string][] = [
    [{ ...update, event: 'updated' }, 'aps.event', 'start, update or end'],
    [{ ...update, timestamp: NOW * 1000 }, 'aps.timestamp', 'seconds, not milliseconds'],
    [{ ...update, timestamp: new Date(Number.NaN) }, 'aps.timestamp', 'valid date'],
    [{ ...update, timestamp: '2026-01-01' }, 'aps.timestamp', 'a string is neither a Date nor Unix seconds'],
    [{ ...update, 'stale-date': -1 }, 'aps.stale-date', 'before 1970'],
    [{ ...update, 'stale-date': '1' }, 'aps.stale-date', 'a string'],
    [{ ...end, 'dismissal-date': Date.now() }, 'aps.dismissal-date', 'milliseconds'],
    [{ ...update, 'content-state': [] }, 'aps.content-state', 'a list is not an object'],
    [{ ...end, 'content-state': 'over' }, 'aps.content-state', 'a string is not an object'],
    [{ ...start, attributes: 5 }, 'aps.attributes', 'a number is not an object'],
    [{ ...start, 'attributes-type': 5 }, 'aps.attributes-type', 'a number is not a string'],
    [{ ...start, 'input-push-channel': 5 }, 'aps.input-push-channel', 'a number is not a string'],
    [{ ...update, 'relevance-score': 'high' }, 'aps.relevance-score', 'a string is not a number'],
    [{ ...update, alert: 'goal' }, 'aps.alert', 'is an object: { title, body, sound }'],
    [{ ...update, alert: 5 }, 'aps.alert', 'a number'],
    [{ ...update, alert: { title: 5 } }, 'aps.alert.title', 'a number is not a string'],
    [{ ...update, alert: { title: {} } }, 'aps.alert.title.loc-key', 'is missing'],
    [{ ...update, alert: { body: { 'loc-key': 1 } } }, 'aps.alert.body.loc-key', 'a number'],
    [
      { ...update, alert: { body: { 'loc-key': 'k', 'loc-args': ['a', 1] } } },
      'aps.alert.body.loc-args[1]',
      'a number is not a string',
    ],
    [{ ...update, alert: { sound: 1 } }, 'aps.alert.sound', 'a number'],
  ]
  for (const [aps, path, problem] of cases) {
    it(`is refused for its ${path}: ${problem}`, () => refuses(aps, path, problem))
  }

  it('has its rules wherever the push type is known from', () => {
    const { 'content-state': _state, ...incomplete } = update
    refuses(incomplete, 'aps.content-state', 'is missing', {})
    refuses({ event: 'updated', 'content-state': {} }, 'aps.event', 'start, update or end', {})
    refuses(incomplete, 'aps.content-state', 'is missing', {
      topic: 'com.example.app.push-type.liveactivity',
    })
  })

  it('may have a relevance score above 1, and keys that Apple does not know', () => {
    messageOf({ ...update, 'relevance-score': 75, colour: 'red' })
  })

  it('may be kept from being one, by its push type', () => {
    assert.equal(messageOf({ ...update, alert: 'goal' }, { pushType: 'alert' }).pushType, 'alert')
  })
})
