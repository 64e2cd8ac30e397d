// The compiler is the test: each line below `@ts-expect-error` is a payload that must not compile, for the reason given.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AlertPayload, Message, type Payloads, type PushType, type SafariPayload } from 'apns-worker'

test('alerts', () => {
  const payload = {
    aps: {
      alert: {
        title: 'Goal!',
        'subtitle-loc-key': 'SCORE',
        'subtitle-loc-args': ['2', '1'],
        'loc-key': 'SCORER',
        'launch-image': 'goal.png',
      },
      badge: 0,
      sound: { critical: 1, name: 'goal.aiff', volume: 0.5 },
      'thread-id': 'match',
      category: 'MATCH',
      'mutable-content': 1,
      'target-content-id': 'main',
      'interruption-level': 'time-sensitive',
      'relevance-score': 0.5,
      'filter-criteria': 'football',
    },
    match: 4711,
    list: [{ a: null }],
  } satisfies AlertPayload
  assert.deepEqual(new Message([], payload).payload, payload)
  ;({ aps: { alert: 'hello', sound: 'default' } }) satisfies AlertPayload
  ;({ aps: {} }) satisfies AlertPayload

  // @ts-expect-error an alert push has an aps dictionary
  ;({ alert: 'hello' }) satisfies AlertPayload
  // @ts-expect-error no such key
  ;({ aps: { bagde: 1 } }) satisfies AlertPayload
  // @ts-expect-error Apple's own spelling is content-available
  ;({ aps: { contentAvailable: 1 } }) satisfies AlertPayload
  // @ts-expect-error a flag is the number 1, not a boolean
  ;({ aps: { 'content-available': true } }) satisfies AlertPayload
  // @ts-expect-error an alert is text or an object
  ;({ aps: { alert: 5 } }) satisfies AlertPayload
  // @ts-expect-error no such key of an alert
  ;({ aps: { alert: { message: 'hello' } } }) satisfies AlertPayload
  // @ts-expect-error the title of an ordinary alert has its key beside it, as title-loc-key
  ;({ aps: { alert: { title: { 'loc-key': 'GOAL' } } } }) satisfies AlertPayload
  // @ts-expect-error the sound of an ordinary notification is beside its alert
  ;({ aps: { alert: { title: 'Goal!', sound: 'default' } } }) satisfies AlertPayload
  // @ts-expect-error arguments are strings
  ;({ aps: { alert: { 'loc-key': 'SCORE', 'loc-args': ['a', 2] } } }) satisfies AlertPayload
  // @ts-expect-error arguments are a list
  ;({ aps: { alert: { 'title-loc-key': 'SCORE', 'title-loc-args': 'a' } } }) satisfies AlertPayload
  // @ts-expect-error a badge is a number
  ;({ aps: { badge: '3' } }) satisfies AlertPayload
  // @ts-expect-error critical is 0 or 1
  ;({ aps: { sound: { critical: true, name: 'default' } } }) satisfies AlertPayload
  // @ts-expect-error there is no such level
  ;({ aps: { 'interruption-level': 'urgent' } }) satisfies AlertPayload
  // @ts-expect-error a score is a number
  ;({ aps: { 'relevance-score': 'high' } }) satisfies AlertPayload
  // @ts-expect-error a thread's id is a string
  ;({ aps: { 'thread-id': 4711 } }) satisfies AlertPayload
  // @ts-expect-error this belongs to Live Activities
  ;({ aps: { 'content-state': {} } }) satisfies AlertPayload
})

test('websites', () => {
  ;({
    aps: { alert: { title: 'News', body: 'Read it', action: 'View' }, 'url-args': [] },
  }) satisfies SafariPayload
  // @ts-expect-error url-args has to be there even when it is empty
  ;({ aps: { alert: { title: 'News', body: 'Read it' } } }) satisfies SafariPayload
  // @ts-expect-error url-args are strings
  ;({ aps: { alert: { title: 'News', body: 'Read it' }, 'url-args': [5] } }) satisfies SafariPayload
  // @ts-expect-error a website's alert is an object
  ;({ aps: { alert: 'News', 'url-args': [] } }) satisfies SafariPayload
})

test('every push type has a payload', () => {
  const payloads: Payloads = {
    alert: { aps: { alert: 'hello' } },
    background: { aps: { 'content-available': 1 }, since: 5 },
    complication: { temperature: 21 },
    controls: { aps: { 'content-changed': true } },
    fileprovider: { 'container-identifier': 'NSFileProviderWorkingSetContainerItemIdentifier', domain: 'd' },
    liveactivity: { aps: { event: 'end', timestamp: new Date() } },
    location: { aps: {} },
    mdm: { mdm: 'magic' },
    pushtotalk: { aps: { 'ptt-push-type': 'service-update' }, speaker: 'Ada' },
    voip: { caller: 'Ada' },
    widgets: { aps: { 'content-changed': true } },
  }
  // Exactly the eleven: neither more nor less than the push types.
  payloads satisfies Record<PushType, object>
  for (const [pushType, payload] of Object.entries(payloads) as [PushType, object][])
    assert.equal(new Message([], payload, { pushType }).pushType, pushType)

    // @ts-expect-error a background push shows nothing
  ;({ aps: { 'content-available': 1, alert: 'hello' } }) satisfies Payloads['background']
  // @ts-expect-error a background push plays nothing
  ;({ aps: { 'content-available': 1, sound: 'default' } }) satisfies Payloads['background']
  // @ts-expect-error a background push says so
  ;({ aps: {} }) satisfies Payloads['background']
  // @ts-expect-error content-changed is true, not 1
  ;({ aps: { 'content-changed': 1 } }) satisfies Payloads['controls']
  // @ts-expect-error without content-changed a widget is not reloaded
  ;({ aps: {} }) satisfies Payloads['widgets']
  // @ts-expect-error a File Provider push has no aps
  ;({ 'container-identifier': 'x', aps: {} }) satisfies Payloads['fileprovider']
  // @ts-expect-error a File Provider push names the container
  ;({ domain: 'd' }) satisfies Payloads['fileprovider']
  // @ts-expect-error an MDM push has no aps
  ;({ mdm: 'magic', aps: {} }) satisfies Payloads['mdm']
  // @ts-expect-error the PushMagic is a string
  ;({ mdm: 5 }) satisfies Payloads['mdm']
  // @ts-expect-error there is only one such type
  ;({ aps: { 'ptt-push-type': 'talk' } }) satisfies Payloads['pushtotalk']
  // @ts-expect-error the rules of aps hold with VoIP, too
  ;({ aps: { badge: '1' }, caller: 'Ada' }) satisfies Payloads['voip']
})
