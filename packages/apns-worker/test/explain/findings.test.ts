import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ExplainOptions,
  explain,
  Message,
  type MessageDraft,
  MessageError,
  PUSH_TYPES,
  type PushType,
} from 'apns-worker'

const NOW = 1_700_000_000
const OPTIONS: ExplainOptions = { topic: 'com.example.app', now: new Date(NOW * 1000) }
const TOKENS = ['ab']
const START = {
  event: 'start',
  timestamp: NOW,
  'content-state': { goals: 0 },
  'attributes-type': 'Match',
  attributes: {},
  alert: { title: 'a', body: 'b' },
}
const UPDATE = { event: 'update', timestamp: NOW, 'content-state': { goals: 0 } }
const END = { event: 'end', timestamp: NOW, 'content-state': {} }

/** Drafts may be wrong, in types too. */
interface Draft extends Omit<MessageDraft, 'payload'> {
  readonly payload: unknown
}

function findingsOf(draft: Draft, options: ExplainOptions = OPTIONS): string[] {
  const { findings } = explain(draft as MessageDraft, options)
  return findings.map(({ severity, where, problem }) => `${severity} ${where}: ${problem}`)
}

/** Checks that exactly these are found: `severity where`, and what their texts have to say. */
function finds(
  draft: Draft,
  expected: readonly (readonly [what: string, ...parts: string[]])[],
  options = OPTIONS,
): void {
  const found = findingsOf(draft, options)
  assert.deepEqual(
    found.map((line) => line.split(':')[0]),
    expected.map(([what]) => what),
    found.join('\n'),
  )
  for (const [index, [, ...parts]] of expected.entries())
    for (const part of parts) assert.ok(found[index]?.includes(part), `${found[index]} says ${part}`)
}

/** A payload for each push type that nobody objects to. */
const GOOD: Readonly<Record<PushType, Draft>> = {
  alert: {
    payload: {
      aps: { alert: { title: 'a', 'loc-key': 'k', 'loc-args': [] }, badge: 0, 'mutable-content': 1 },
    },
  },
  background: { payload: { aps: { 'content-available': 1 }, since: 1 } },
  complication: { payload: { temperature: 21 } },
  controls: { payload: { aps: { 'content-changed': true } }, expiration: 0 },
  fileprovider: { payload: { 'container-identifier': 'c', domain: 'd' } },
  liveactivity: { payload: { aps: UPDATE }, priority: 5 },
  location: { payload: { aps: {} }, expiration: NOW + 300 },
  mdm: { payload: { mdm: 'magic' }, topic: 'com.apple.mgmt.External.1234' },
  pushtotalk: { payload: { aps: {}, speaker: 'Ada' }, expiration: 0, priority: 10 },
  voip: { payload: { caller: 'Ada' }, expiration: 0 },
  widgets: { payload: { aps: { 'content-changed': true } } },
}

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

describe('the request', () => {
  const payload = { aps: { alert: 'a' } }

  it('needs a topic, unless a certificate names it', () => {
    finds({ payload }, [['error topic', 'is missing']], {})
    finds({ payload }, [], { credentials: 'certificate' })
  })

  it('to a topic with the suffix of another push type is suspicious', () => {
    finds({ payload }, [['warning topic', 'com.example.app.voip', 'voip']], { topic: 'com.example.app.voip' })
    finds({ payload, topic: 'com.example.app.voip', pushType: 'alert' }, [['error topic', 'does not fit']])
  })

  it('of device management goes to its own kind of topic', () => {
    finds({ payload: { mdm: 'magic' } }, [['warning topic', 'com.apple.mgmt']])
  })

  it('to no topic at all, or to a wrong one, is told once', () => {
    finds({ payload, topic: 'no topic' }, [['error topic', 'no topic']], {})
    const draft = { payload, topic: 'com.example.app.voip', pushType: 'alert' } as const
    finds(draft, [['error topic', 'does not fit']], {})
    assert.ok(explain(draft).headers.some(([name, value]) => name === 'apns-topic' && value === draft.topic))
  })

  it('of a website has arguments', () => {
    finds({ payload, topic: 'web.com.example' }, [['warning payload.aps.url-args', 'is missing']])
    finds({ payload: GOOD.background.payload, topic: 'web.com.example' }, [])
  })

  it('of priorities that the push type does not take fails', () => {
    finds({ payload: GOOD.background.payload, priority: 10 }, [
      ['error priority', '10', 'background', 'takes 5'],
    ])
    finds({ payload: { aps: UPDATE }, priority: 1 }, [['error priority', '1', 'liveactivity']])
    const message = new Message(TOKENS, { aps: { 'content-available': 1 } }, { priority: 10 })
    assert.deepEqual(
      explain(message, OPTIONS).findings.map(({ where }) => where),
      ['priority'],
    )
  })

  it('of priority 10 costs Live Activities their budget, where nobody is alerted', () => {
    for (const priority of [10, undefined])
      finds({ payload: { aps: UPDATE }, priority }, [['warning priority', 'budget']])
    finds({ payload: { aps: { ...UPDATE, alert: { title: 'a', body: 'b' } } } }, [])
  })

  it('of Push to Talk should not wait', () => {
    finds({ ...GOOD.pushtotalk, pushType: 'pushtotalk', priority: 5 }, [['warning priority', '5']])
  })

  it('may not be for a client certificate', () => {
    const found = (pushType: PushType): string[] =>
      findingsOf({ pushType, ...GOOD[pushType] }, { ...OPTIONS, credentials: 'certificate' })
    for (const [pushType, { clientCertificate }] of Object.entries(PUSH_TYPES) as [
      PushType,
      (typeof PUSH_TYPES)['alert'],
    ][]) {
      const [line, ...others] = found(pushType)
      assert.deepEqual(others, [])
      if (clientCertificate === true) assert.equal(line, undefined)
      else
        assert.ok(line?.startsWith(clientCertificate === false ? 'error pushType' : 'warning pushType'), line)
    }
  })
})

describe('the expiration', () => {
  const payload = { aps: { alert: 'a' } }

  it('that has passed means that nothing is sent', () => {
    finds({ payload, expiration: NOW }, [['error expiration', '2023-11-14T22:13:20.000Z', 'nothing is sent']])
    finds({ payload, expiration: NOW + 1 }, [])
  })

  it('of 0 is one attempt', () => {
    finds({ payload, expiration: 0 }, [['warning expiration', 'offline']])
    finds({ pushType: 'voip', ...GOOD.voip, expiration: 0 }, [])
  })

  it('later than in 30 days is no use', () => {
    finds({ payload, expiration: NOW + 30 * 86_400 }, [])
    finds({ payload, expiration: NOW + 30 * 86_400 + 1 }, [['warning expiration', '30 days']])
  })

  it('that is not given is 30 days, which is too long for some', () => {
    for (const pushType of ['controls', 'location', 'pushtotalk', 'voip'] as const)
      finds({ ...GOOD[pushType], pushType, expiration: undefined }, [
        ['warning expiration', '30 days', PUSH_TYPES[pushType].expirationAdvice],
      ])
  })

  it('that is not 0 is late for those that advise 0', () => {
    finds({ ...GOOD.pushtotalk, pushType: 'pushtotalk', expiration: NOW + 60 }, [
      ['warning expiration', '2023-11-14T22:14:20.000Z'],
    ])
  })
})

describe('the payload', () => {
  const cases: readonly (readonly [payload: object, ...(readonly string[])])[] = [
    // Keys.
    [{ aps: { alert: 'a', bagde: 1 } }, 'warning payload.aps.bagde', 'badge was meant?'],
    [
      { aps: { alert: 'a', contentAvailable: 1 } },
      'warning payload.aps.contentAvailable',
      'content-available was meant?',
    ],
    [{ aps: { alert: 'a', Sound: 'x' } }, 'warning payload.aps.Sound', 'sound was meant?'],
    [{ aps: { alert: 'a', mine: 1 } }, 'warning payload.aps.mine', 'belongs beside aps'],
    [
      { aps: { alert: 'a', 'content-state': {} } },
      'warning payload.aps.content-state',
      'but with liveactivity',
    ],
    [{ aps: { alert: 'a', event: 'x' } }, 'warning payload.aps.event', 'liveactivity'],
    [
      { aps: {}, alert: 'a' },
      'warning payload.alert',
      'payload.aps.alert',
      'warning payload.aps',
      'nothing to show',
    ],
    [{ aps: { alert: 'a' }, badge: 1 }, 'warning payload.badge', 'payload.aps.badge'],
    [
      { 'content-available': 1 },
      'error payload.aps',
      'is missing',
      'warning payload.content-available',
      'aps',
    ],
    // Values.
    [{ aps: { alert: 'a', 'content-available': true } }, 'warning payload.aps.content-available', 'number 1'],
    [
      { aps: { alert: { body: 'a' }, 'mutable-content': '1' } },
      'warning payload.aps.mutable-content',
      'number 1',
    ],
    [{ aps: { badge: -1 } }, 'warning payload.aps.badge', '-1'],
    [{ aps: { badge: 1.5 } }, 'warning payload.aps.badge', '1.5'],
    [{ aps: { badge: true } }, 'warning payload.aps.badge', 'true'],
    [{ aps: { alert: 'a', 'relevance-score': 1.1 } }, 'warning payload.aps.relevance-score', '1.1'],
    [
      { aps: { alert: 'a', 'interruption-level': 'critical' } },
      'warning payload.aps.interruption-level',
      'entitlement',
    ],
    [
      { aps: { sound: { critical: 1, name: 'default' } } },
      'warning payload.aps.sound.critical',
      'entitlement',
    ],
    [{ aps: { sound: { name: 'default' } } }, 'warning payload.aps.sound.critical', 'is not 1'],
    [
      { aps: { sound: { critical: 1, volume: 2 } } },
      'warning payload.aps.sound.critical',
      'entitlement',
      'warning payload.aps.sound.name',
      'is missing',
      'warning payload.aps.sound.volume',
      '2',
    ],
    // Alerts.
    [{ aps: { alert: {} } }, 'warning payload.aps.alert', 'no text'],
    [{ aps: { alert: { title: '' } } }, 'warning payload.aps.alert', 'no text'],
    [
      { aps: { alert: { body: 'a', message: 'b' } } },
      'warning payload.aps.alert.message',
      'no key of Apple’s',
    ],
    [
      { aps: { alert: { body: 'a', titleLocKey: 'b' } } },
      'warning payload.aps.alert.titleLocKey',
      'title-loc-key was meant?',
    ],
    [{ aps: { alert: { body: 'a', 'summary-arg': 'b' } } }, 'warning payload.aps.alert.summary-arg', 'today'],
    [{ aps: { alert: { body: 'a', 'loc-args': [] } } }, 'warning payload.aps.alert.loc-args', 'loc-key'],
    [
      { aps: { alert: { body: 'a', 'title-loc-args': [] } } },
      'warning payload.aps.alert.title-loc-args',
      'title-loc-key',
    ],
    [
      { aps: { alert: { body: 'a', 'subtitle-loc-args': [] } } },
      'warning payload.aps.alert.subtitle-loc-args',
      'subtitle-loc-key',
    ],
    [
      { aps: { alert: 'a', 'mutable-content': 1 } },
      'warning payload.aps.mutable-content',
      'object with text',
    ],
    // What it is for.
    [{ aps: {} }, 'warning payload.aps', 'nothing to show'],
    [
      { aps: { 'content-changed': true } },
      'error pushType',
      'widgets or controls',
      'warning payload.aps.content-changed',
      'controls and widgets',
    ],
    [{}, 'error payload.aps', 'is missing'],
  ]
  for (const [payload, ...expected] of cases) {
    it(`${JSON.stringify(payload)}: ${expected.filter((_, index) => index % 2 === 0).join(', ')}`, () => {
      const pairs = Array.from(
        { length: expected.length / 2 },
        (_, index) => [expected[2 * index] ?? '', expected[2 * index + 1] ?? ''] as const,
      )
      finds({ payload }, pairs)
      finds({ payload, pushType: 'alert' }, pairs)
    })
  }

  it('of a website is for websites', () => {
    const payload = { aps: { alert: { body: 'a', action: 'View' } } }
    finds({ payload, topic: 'com.example.app' }, [['warning payload.aps.alert.action', 'websites']])
  })

  it('of a background push shows nothing, and wakes the app', () => {
    const background = (aps: object): Draft => ({ payload: { aps }, pushType: 'background' })
    finds(background({ 'content-available': 1, alert: 'a', sound: 's' }), [
      ['error payload.aps.alert', 'shows nothing'],
      ['error payload.aps.sound', 'shows nothing'],
    ])
    finds(background({}), [['error payload.aps.content-available', 'not 1']])
    finds({ payload: {}, pushType: 'background' }, [['error payload.aps', 'is missing']])
  })

  it('of widgets and controls says that content has changed', () => {
    for (const pushType of ['widgets', 'controls'] as const) {
      finds(
        {
          pushType,
          payload: { aps: { 'content-changed': 1 } },
          expiration: pushType === 'widgets' ? undefined : 0,
        },
        [['error payload.aps.content-changed', 'is not true']],
      )
      finds({ pushType, payload: {}, expiration: pushType === 'widgets' ? undefined : 0 }, [
        ['error payload.aps', 'content-changed'],
      ])
    }
  })

  it('of device management and File Providers has no aps', () => {
    finds({ ...GOOD.mdm, payload: { mdm: 'm', aps: {} }, pushType: 'mdm' }, [['warning payload.aps', 'mdm']])
    finds({ payload: { 'container-identifier': 'c', aps: {} }, pushType: 'fileprovider' }, [
      ['warning payload.aps', 'fileprovider'],
    ])
    finds({ payload: {}, pushType: 'fileprovider' }, [['warning payload.container-identifier', 'is missing']])
  })
})

describe('a Live Activity', () => {
  const cases: readonly (readonly [aps: object, key: string, part: string])[] = [
    [{ ...START, timestamp: NOW + 61 }, 'timestamp', '61 s from now'],
    [{ ...START, 'stale-date': NOW }, 'stale-date', 'has passed'],
    [{ ...START, 'dismissal-date': NOW }, 'dismissal-date', 'at the end only'],
    [{ ...END, 'dismissal-date': NOW + 4 * 3600 + 1 }, 'dismissal-date', 'four hours'],
    [{ ...START, 'input-push-channel': 'c' }, 'input-push-channel', 'iOS 18'],
    [{ event: 'end', timestamp: NOW }, 'content-state', 'Apple advises'],
    [{ ...END, attributes: {} }, 'attributes', 'at the start only'],
    [{ ...END, 'attributes-type': 'A' }, 'attributes-type', 'at the start only'],
    [{ ...END, 'input-push-token': 1 }, 'input-push-token', 'at the start only'],
    [{ ...START, 'input-push-token': true }, 'input-push-token', 'number 1'],
    [{ ...START, sound: 'default' }, 'sound', 'but with alert'],
    [
      { ...START, alert: { ...START.alert, 'title-loc-key': 'k' } },
      'alert.title-loc-key',
      'no key of Apple’s',
    ],
    [{ ...START, alert: { sound: 'default' } }, 'alert', 'no text'],
    [{ ...START, 'content-state': { a: [{ at: new Date(0) }] } }, 'content-state.a[0].at', 'swiftDate'],
    [{ ...START, attributes: { at: '2026-01-01T00:00:00Z' } }, 'attributes.at', 'since 2001'],
  ]
  for (const [aps, key, part] of cases) {
    it(`${key}: ${part}`, () => finds({ payload: { aps } }, [[`warning payload.aps.${key}`, part]]))
  }

  it('has one source of updates', () => {
    finds({ payload: { aps: { ...START, 'input-push-channel': 'c', 'input-push-token': 1 } } }, [
      ['warning payload.aps.input-push-channel', 'iOS 18'],
      ['warning payload.aps.input-push-token', 'exclude'],
    ])
  })

  it('may have texts that only look like dates', () => {
    finds(
      {
        payload: {
          aps: { ...START, 'content-state': { at: '2026-01-01', text: 'On 2026-01-01T00:00:00Z' } },
        },
      },
      [],
    )
  })

  it('has texts of its own kind', () => {
    const alert = { ...START.alert, 'title-loc-args': [] }
    finds({ payload: { aps: { ...START, alert } } }, [['warning payload.aps.alert.title-loc-args', 'no key']])
  })

  it('is none of another push type', () => {
    finds({ payload: { aps: { alert: 'a', 'dismissal-date': NOW } } }, [
      ['warning payload.aps.dismissal-date', 'liveactivity'],
    ])
  })

  it('has a relevance score of any size', () => {
    finds({ payload: { aps: { ...START, 'relevance-score': 75 } } }, [])
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
