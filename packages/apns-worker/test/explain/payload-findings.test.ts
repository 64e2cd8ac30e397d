import { describe, it } from 'node:test'
import { type Draft, END, finds, GOOD, NOW, START } from './finds.js'

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
