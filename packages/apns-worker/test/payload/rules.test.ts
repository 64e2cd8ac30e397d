import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message, MessageError, type MessageOptions } from 'apns-worker'

function refuses(payload: object, path: string, problem: string, options?: MessageOptions): void {
  assert.throws(
    () => new Message([], payload, options),
    (error: unknown) => {
      assert.ok(error instanceof MessageError, String(error))
      assert.equal(error.code, 'BAD_PAYLOAD')
      assert.equal(error.path, path)
      assert.ok(error.message.startsWith(`${path}: `), error.message)
      assert.ok(error.message.includes(problem), error.message)
      return true
    },
  )
}

function takes(payload: object, options?: MessageOptions): Record<string, unknown> {
  return new Message([], payload, options).payload
}

describe('a payload whose keys of Apple’s have values of another type is refused, with the path', () => {
  const cases: readonly [aps: unknown, path: string, problem: string][] = [
    ['hello', 'payload.aps', 'a string is not an object'],
    [[1], 'payload.aps', 'a list'],
    [{ alert: 5 }, 'payload.aps.alert', 'a number is neither a string nor an object'],
    [{ alert: ['a'] }, 'payload.aps.alert', 'a list'],
    [{ alert: { title: 5 } }, 'payload.aps.alert.title', 'a number is not a string'],
    [{ alert: { title: { 'loc-key': 'k' } } }, 'payload.aps.alert.title', 'an object is not a string'],
    [{ alert: { subtitle: true } }, 'payload.aps.alert.subtitle', 'a boolean'],
    [{ alert: { body: [] } }, 'payload.aps.alert.body', 'a list'],
    [{ alert: { 'launch-image': 1 } }, 'payload.aps.alert.launch-image', 'a number'],
    [{ alert: { action: 1 } }, 'payload.aps.alert.action', 'a number'],
    [{ alert: { 'loc-key': 1 } }, 'payload.aps.alert.loc-key', 'a number'],
    [{ alert: { 'title-loc-key': 1 } }, 'payload.aps.alert.title-loc-key', 'a number'],
    [{ alert: { 'subtitle-loc-key': 1 } }, 'payload.aps.alert.subtitle-loc-key', 'a number'],
    [{ alert: { 'loc-args': 'a' } }, 'payload.aps.alert.loc-args', 'not a list of strings'],
    [{ alert: { 'loc-args': ['a', 2] } }, 'payload.aps.alert.loc-args[1]', 'a number is not a string'],
    [{ alert: { 'loc-args': [null] } }, 'payload.aps.alert.loc-args[0]', 'null is not a string'],
    [{ alert: { 'title-loc-args': [{}] } }, 'payload.aps.alert.title-loc-args[0]', 'an object'],
    [{ alert: { 'subtitle-loc-args': [1] } }, 'payload.aps.alert.subtitle-loc-args[0]', 'a number'],
    [{ badge: '3' }, 'payload.aps.badge', 'a string is not a number'],
    [{ sound: 1 }, 'payload.aps.sound', 'a number is neither a string nor an object'],
    [{ sound: { name: 1 } }, 'payload.aps.sound.name', 'a number'],
    [{ sound: { volume: 'full' } }, 'payload.aps.sound.volume', 'a string is not a number'],
    [{ 'thread-id': 42 }, 'payload.aps.thread-id', 'a number is not a string'],
    [{ category: 1 }, 'payload.aps.category', 'a number'],
    [{ 'target-content-id': 1 }, 'payload.aps.target-content-id', 'a number'],
    [{ 'filter-criteria': {} }, 'payload.aps.filter-criteria', 'an object'],
    [{ 'interruption-level': 'urgent' }, 'payload.aps.interruption-level', 'passive, active, time-sensitive'],
    [{ 'relevance-score': '1' }, 'payload.aps.relevance-score', 'a string is not a number'],
    [{ 'url-args': 'a' }, 'payload.aps.url-args', 'not a list of strings'],
    [{ 'url-args': ['a', 1] }, 'payload.aps.url-args[1]', 'a number'],
  ]
  for (const [aps, path, problem] of cases) {
    it(`${path} of ${JSON.stringify(aps)}`, () => refuses({ aps }, path, problem))
  }

  it('whatever the push type', () => {
    refuses({ aps: { alert: 1 } }, 'payload.aps.alert', 'a number', { pushType: 'voip' })
    refuses({ aps: { badge: 'x' } }, 'payload.aps.badge', 'a string', { topic: 'com.example.app.voip' })
  })

  it('a mobile device management push without its magic', () => {
    refuses({}, 'payload.mdm', 'is missing', { pushType: 'mdm' })
    refuses({ aps: { alert: 'hello' } }, 'payload.mdm', 'is missing', { pushType: 'mdm' })
    refuses({ mdm: 5 }, 'payload.mdm', 'a number is not a string')
  })
})

describe('what is not surely wrong is taken', () => {
  const cases: readonly (readonly [what: string, payload: object])[] = [
    ['keys that Apple does not know', { aps: { alert: 'a', colour: 5, contentAvailable: true }, alert: 5 }],
    [
      'keys of an alert that Apple does not know',
      { aps: { alert: { body: 'a', 'summary-arg-count': 1, x: [] } } },
    ],
    ['nothing in aps', { aps: {} }],
    ['no aps', { anything: [1] }],
    ['null for nothing', { aps: { alert: null, badge: null, sound: null, 'url-args': null } }],
    ['null for nothing in an alert', { aps: { alert: { title: null, 'loc-args': null } } }],
    ['aps that is null', { aps: null }],
    ['flags of every kind', { aps: { alert: 'a', 'content-available': true, 'mutable-content': '1' } }],
    ['a badge that is on', { aps: { badge: true } }],
    ['numbers out of range', { aps: { badge: -1.5, 'relevance-score': 7, sound: { volume: 11 } } }],
    [
      'keys of Live Activities in another push',
      { aps: { alert: 'a', timestamp: 'now', attributes: 1, event: 5 } },
    ],
    ['a key of the app’s that is called mdm', { aps: { alert: 'a' }, mdm: true }],
    ['an alert that is a key of the app’s', { aps: {}, alert: 1 }],
  ]
  for (const [what, payload] of cases) it(what, () => assert.deepEqual(takes(payload), payload))

  it('an object that JSON writes as a string where a string belongs', () => {
    const payload = {
      aps: { alert: { title: new Date(0) }, category: new URL('a:b') },
    }
    assert.deepEqual(takes(payload), JSON.parse(JSON.stringify(payload)))
    const args = { aps: { alert: { 'loc-key': 'k', 'loc-args': ['a', new URL('a:b')] } } }
    assert.deepEqual(takes(args), JSON.parse(JSON.stringify(args)))
    refuses({ aps: { category: { toJSON: () => 5 } } }, 'payload.aps.category', 'not a string')
  })

  it('a payload, or a part of it, that JSON writes in its own way', () => {
    const update = { event: 'update', timestamp: 1_700_000_000, 'content-state': {} }
    const own = { aps: update }
    assert.deepEqual(takes({ toJSON: () => own }, { pushType: 'liveactivity' }), own)
    assert.deepEqual(takes({ aps: { toJSON: () => update } }, { pushType: 'liveactivity' }), own)
    class OwnJson {
      readonly timestamp = new Date()
      readonly aps = { timestamp: new Date() }
      readonly #json: object
      constructor(json: object) {
        this.#json = json
      }
      toJSON(): object {
        return this.#json
      }
    }
    assert.deepEqual(takes(new OwnJson(own), { pushType: 'liveactivity' }), own)
    assert.deepEqual(takes({ aps: new OwnJson(update) }, { pushType: 'liveactivity' }), own)
    refuses({ when: new Date(), aps: { badge: 1n } }, 'payload.aps.badge', 'a bigint')
    refuses({ toJSON: () => ({ aps: { badge: '1' } }) }, 'payload.aps.badge', 'a string')
    // Its own JSON would not have the seconds.
    const dated = { timestamp: new Date(), toJSON: () => ({ ...update, timestamp: new Date() }) }
    refuses({ aps: dated }, 'payload.aps.timestamp', 'a string', { pushType: 'liveactivity' })
  })

  it('an undefined key', () => {
    assert.deepEqual(takes({ aps: { alert: undefined, badge: undefined } }), { aps: {} })
  })
})

describe('the dates of aps', () => {
  it('are written as whole Unix seconds, and the payload is left as it is', () => {
    const when = new Date(1_700_000_000_900)
    const payload = {
      aps: { event: 'end', timestamp: when, 'stale-date': when, 'dismissal-date': when, 'content-state': {} },
      when,
    }
    const copy = structuredClone(payload)
    assert.deepEqual(takes(payload), {
      aps: {
        event: 'end',
        timestamp: 1_700_000_000,
        'stale-date': 1_700_000_000,
        'dismissal-date': 1_700_000_000,
        'content-state': {},
      },
      when: when.toISOString(),
    })
    assert.deepEqual(payload, copy)
  })

  for (const key of ['timestamp', 'stale-date', 'dismissal-date']) {
    it(`are written so when only ${key} is one`, () => {
      const aps = { event: 'end', timestamp: 1_700_000_000, [key]: new Date(1_800_000_000_000) }
      assert.deepEqual(takes({ aps }), { aps: { ...aps, [key]: 1_800_000_000 } })
    })
  }

  it('may be numbers, of fractions too', () => {
    const aps = { event: 'end', timestamp: 1_700_000_000.5 }
    assert.deepEqual(takes({ aps }), { aps })
  })
})
