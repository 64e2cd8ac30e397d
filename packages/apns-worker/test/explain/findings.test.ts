import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explain, Message, MessageError, PUSH_TYPES, type PushType } from 'apns-worker'
import fc from 'fast-check'
import { printedSeed } from '../protocol/http2/support/seed.js'
import { type Draft, END, finds, GOOD, NOW, OPTIONS, START, TOKENS, UPDATE } from './finds.js'

const SEED = printedSeed()

describe('nothing is found', () => {
  for (const [pushType, draft] of Object.entries(GOOD) as [PushType, Draft][]) {
    it(`in a good push of type ${pushType}`, () => {
      finds({ tokens: TOKENS, pushType, ...draft }, [])
      const { payload, ...options } = draft
      const message = new Message(TOKENS, payload as object, { pushType, ...options })
      assert.deepEqual(explain(message, OPTIONS).findings, [])
    })
  }

  it('in the start and the end of an activity', () => {
    finds({ payload: { aps: { ...START, 'input-push-token': 1, 'stale-date': NOW + 1 } } }, [])
    finds({ payload: { aps: { ...END, 'dismissal-date': NOW - 1 } } }, [])
    finds(
      { payload: { aps: { ...UPDATE, alert: { title: 'a', body: { 'loc-key': 'k' }, sound: 's' } } } },
      [],
    )
  })

  it('in what is as late as it may be', () => {
    finds({ payload: { aps: { ...START, timestamp: NOW + 60 } } }, [])
    finds({ payload: { aps: { ...END, 'dismissal-date': NOW + 4 * 3600 } } }, [])
  })

  it('in flags that are off, in a push that only wakes the app, in keys of the app’s that are called like Apple’s', () => {
    finds({ payload: { aps: { alert: 'a', 'content-available': 0, 'mutable-content': 0 } } }, [])
    finds({ payload: { aps: { 'content-available': 1 } }, pushType: 'alert' }, [])
    finds({ payload: { aps: { alert: 'a' }, alert: 'b', category: 'c' } }, [])
  })

  it('in a website’s notification', () => {
    const aps = { alert: { title: 'a', body: 'b', action: 'View' }, 'url-args': [] }
    finds({ payload: { aps }, topic: 'web.com.example' }, [])
  })
})

describe('every error of a message is found, and all of them at once', () => {
  const good = { aps: { alert: 'a' } }
  const WRONG: readonly (readonly [draft: Draft, expected: readonly (readonly [string, ...string[]])[]])[] = [
    [
      { payload: 'text' },
      [
        ['error payload', 'not an object'],
        ['error payload.aps', 'is missing'],
      ],
    ],
    [{ payload: new Date(0) }, [['error payload', 'in JSON, and not an object'], ['error payload.aps']]],
    [
      { payload: { aps: { alert: 'a', x: Object(5n) } } },
      [['error payload', 'cannot be written as JSON'], ['warning payload.aps.x']],
    ],
    [{ payload: { aps: { badge: 1n, alert: 'a' } } }, [['error payload.aps.badge', 'a bigint is not JSON']]],
    [
      { payload: { aps: { alert: { title: 5, 'loc-key': 'k', 'loc-args': ['a', 5] }, badge: '1' } } },
      [
        ['error payload.aps.alert.title', 'a number is not a string'],
        ['error payload.aps.alert.loc-args[1]', 'a number'],
        ['error payload.aps.badge', 'a string is not a number'],
      ],
    ],
    [
      { payload: { aps: { event: 'start', timestamp: NOW * 1000 } } },
      [
        ['error payload.aps.timestamp', 'milliseconds'],
        ['error payload.aps.content-state', 'is missing'],
        ['error payload.aps.attributes', 'is missing'],
        ['error payload.aps.alert', 'is missing'],
        ['error payload.aps.attributes-type', 'is missing'],
        ['warning payload.aps.timestamp', 'from now'],
      ],
    ],
    [{ payload: { aps: { alert: 'x'.repeat(5000) } } }, [['error payload', '5020 bytes', '4096']]],
    [{ payload: good, topic: 'no topic' }, [['error topic', '"no topic"']]],
    [
      { payload: good, topic: 'com.example.app.voip', pushType: 'liveactivity' },
      [
        ['error topic', 'com.example.app.voip does not fit'],
        ['error payload.aps.event', 'is missing'],
        ['error payload.aps.timestamp', 'is missing'],
        ['error payload.aps.alert', 'an object'],
      ],
    ],
    [{ payload: good, pushType: 'Alert' as PushType }, [['error pushType', '"Alert"']]],
    [{ payload: good, expiration: NOW * 1000 }, [['error expiration', 'milliseconds']]],
    [{ payload: good, priority: 3.5 }, [['error priority', '3.5']]],
    [
      { payload: GOOD.background.payload, pushType: 'background', priority: 10 },
      [['error priority', '10', 'takes 5']],
    ],
    [{ payload: good, collapseId: 'x'.repeat(65) }, [['error collapseId', '65 bytes']]],
    [{ payload: good, apnsId: 'one' }, [['error apnsId', '"one"', 'UUID']]],
    [{ payload: good, ambiguous: 'maybe' as 'drop' }, [['error ambiguous', '"maybe"']]],
    [{ payload: good, tokens: ['ab', 'zz'] }, [['error tokens', 'tokens[1]', 'not hex']]],
    [
      { payload: good, tokens: ['zz'], expiration: -1, collapseId: '', priority: 999 },
      [['error expiration'], ['error priority'], ['error collapseId'], ['error tokens']],
    ],
  ]
  for (const [draft, expected] of WRONG) {
    it(expected.map(([what]) => what).join(', '), () => {
      finds(draft, expected)
      const { payload, tokens = [], ...options } = draft
      assert.throws(() => new Message(tokens, payload as object, options), MessageError)
    })
  }
})

describe('whatever the payload', () => {
  const key = fc.constantFrom(
    'alert',
    'badge',
    'sound',
    'event',
    'timestamp',
    'content-state',
    'content-available',
    'title',
    'body',
    'loc-key',
    'loc-args',
    'x',
  )
  const leaf = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, 'update', 'end', NOW, 1, new Date(0)),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }))
  const payload = fc.record(
    { aps: fc.oneof(value, fc.dictionary(key, value, { maxKeys: 6 })), mdm: value },
    { requiredKeys: [] },
  )
  const pushType = fc.constantFrom(undefined, ...(Object.keys(PUSH_TYPES) as PushType[]))

  it('a message is refused for what explain finds first, and explained as what it was made of', () => {
    const property = fc.property(payload, pushType, (given, type) => {
      const { findings, errors } = explain({ payload: given, pushType: type }, OPTIONS)
      try {
        const message = new Message([], given, { pushType: type })
        assert.deepEqual(explain(message, OPTIONS).findings, findings)
      } catch (error) {
        if (!(error instanceof MessageError)) throw error
        const [first] = errors
        assert.equal(`${first?.where}: ${first?.problem}`, error.message)
      }
    })
    fc.assert(property, { seed: SEED, numRuns: 1000 })
  })
})

describe('findings', () => {
  it('name a page of Apple’s, and errors come first', () => {
    const { findings } = explain(
      { payload: { aps: { x: 1, alert: 5, y: 1 } }, priority: 3, expiration: 0 },
      OPTIONS,
    )
    assert.deepEqual(
      findings.map(({ severity, page }) => [severity, page]),
      [
        ['error', 'Generating a remote notification'],
        ['error', 'Sending notification requests to APNs'],
        ['warning', 'Sending notification requests to APNs'],
        ['warning', 'Generating a remote notification'],
        ['warning', 'Generating a remote notification'],
      ],
    )
  })

  it('are about the message: what its tokens throw is thrown', () => {
    const tokens: Iterable<string> = {
      [Symbol.iterator]() {
        throw new RangeError('no list')
      },
    }
    assert.throws(() => explain({ payload: {}, tokens }), /no list/)
  })

  it('of the present are measured by the clock', () => {
    const payload = { aps: { alert: 'a' } }
    const seconds = Math.floor(Date.now() / 1000)
    assert.equal(explain({ payload, expiration: seconds - 60 }, { topic: 'a.b' }).errors.length, 1)
    assert.equal(explain({ payload, expiration: seconds + 3600 }, { topic: 'a.b' }).errors.length, 0)
  })
})
