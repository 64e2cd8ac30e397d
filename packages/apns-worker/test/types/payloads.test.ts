// The compiler is the test: each line below `@ts-expect-error` is a payload that must not compile, for the reason given.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Alert,
  type AlertPayload,
  type CriticalSound,
  Message,
  type Payloads,
  type PushType,
  type SafariPayload,
} from 'apns-worker'

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
  // @ts-expect-error this belongs to widgets and controls
  ;({ aps: { alert: 'hello', 'content-changed': true } }) satisfies AlertPayload
  // @ts-expect-error this belongs to Push to Talk
  ;({ aps: { alert: 'hello', 'ptt-push-type': 'service-update' } }) satisfies AlertPayload
})

test('localised alerts', () => {
  const alert: Alert = {
    ...{ 'title-loc-key': 'GOAL', 'title-loc-args': ['Ada'] },
    ...{ 'subtitle-loc-key': 'MINUTE', 'subtitle-loc-args': ['90'] },
    ...{ 'loc-key': 'SCORE', 'loc-args': ['2', '1'] },
  }
  assert.deepEqual(new Message([], { aps: { alert } }).payload, { aps: { alert } })
  // @ts-expect-error a key is a string
  ;({ 'loc-key': ['SCORE'] }) satisfies Alert
  // @ts-expect-error Apple's own spelling is title-loc-key
  ;({ titleLocKey: 'GOAL' }) satisfies Alert
  // @ts-expect-error the body's key has no name before it
  ;({ 'body-loc-key': 'SCORE' }) satisfies Alert
  // @ts-expect-error arguments are strings
  ;({ 'subtitle-loc-key': 'MINUTE', 'subtitle-loc-args': [90] }) satisfies Alert
  // @ts-expect-error a title is text
  ;({ title: 7 }) satisfies Alert
  // @ts-expect-error the image is the name of a file
  ;({ 'launch-image': { name: 'goal.png' } }) satisfies Alert
})

test('critical sounds', () => {
  const sound: CriticalSound = { critical: 1, name: 'alarm.aiff', volume: 1 }
  assert.deepEqual(new Message([], { aps: { sound } }).payload, { aps: { sound } })
  // @ts-expect-error a volume is a number
  ;({ critical: 1, volume: 'loud' }) satisfies CriticalSound
  // @ts-expect-error critical is 0 or 1
  ;({ critical: 2 }) satisfies CriticalSound
  // @ts-expect-error a name is a string
  ;({ critical: 1, name: 1 }) satisfies CriticalSound
  // @ts-expect-error no such key
  ;({ critical: 1, file: 'alarm.aiff' }) satisfies CriticalSound
  // @ts-expect-error a sound is a name or a critical one
  ;({ aps: { sound: true } }) satisfies AlertPayload
})

test('filter criteria, and the rest of what tells notifications apart', () => {
  const aps = { alert: 'a', 'filter-criteria': 'work', 'target-content-id': 'main', category: 'MATCH' }
  assert.deepEqual(new Message([], { aps } satisfies AlertPayload).payload, { aps })
  // @ts-expect-error filter criteria are a string
  ;({ aps: { 'filter-criteria': ['work'] } }) satisfies AlertPayload
  // @ts-expect-error Apple's own spelling is filter-criteria
  ;({ aps: { filterCriteria: 'work' } }) satisfies AlertPayload
  // @ts-expect-error a window's id is a string
  ;({ aps: { 'target-content-id': 1 } }) satisfies AlertPayload
  // @ts-expect-error a category is a string
  ;({ aps: { category: ['MATCH'] } }) satisfies AlertPayload
  // @ts-expect-error a flag is the number 1, not a boolean
  ;({ aps: { 'mutable-content': true } }) satisfies AlertPayload
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
  // @ts-expect-error a website's alert has a body
  ;({ aps: { alert: { title: 'News' }, 'url-args': [] } }) satisfies SafariPayload
  const aps = { alert: { title: 'News', body: 'Read it' }, 'url-args': [] }
  // @ts-expect-error a website has no data of its own to hand over
  ;({ aps, article: 42 }) satisfies SafariPayload
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
})

test('what each push type does not take', () => {
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
  // @ts-expect-error a control is reloaded for nothing else
  ;({ aps: { 'content-changed': true, alert: 'hello' } }) satisfies Payloads['controls']
  // @ts-expect-error without content-changed a control is not reloaded
  ;({ aps: {} }) satisfies Payloads['controls']
  // @ts-expect-error content-changed is true, or not there
  ;({ aps: { 'content-changed': false } }) satisfies Payloads['widgets']
  // @ts-expect-error a widget is handed no data
  ;({ aps: { 'content-changed': true }, score: 3 }) satisfies Payloads['widgets']
  // @ts-expect-error the domain is a string
  ;({ 'container-identifier': 'x', domain: 1 }) satisfies Payloads['fileprovider']
  // @ts-expect-error the question for a location has its aps
  ;({ question: 'where?' }) satisfies Payloads['location']
  // @ts-expect-error a talk has its aps
  ;({ speaker: 'Ada' }) satisfies Payloads['pushtotalk']
  // @ts-expect-error a talk is heard, and shows no alert
  ;({ aps: { alert: 'Ada is talking' } }) satisfies Payloads['pushtotalk']
  // @ts-expect-error an activity says which event it is
  ;({ aps: { timestamp: 1, 'content-state': {} } }) satisfies Payloads['liveactivity']
  // @ts-expect-error the rules of aps hold with complications, too
  ;({ aps: { sound: 1 }, temperature: 21 }) satisfies Payloads['complication']
  // @ts-expect-error there is only one such type
  ;({ aps: { 'ptt-push-type': 'talk' } }) satisfies Payloads['pushtotalk']
  // @ts-expect-error the rules of aps hold with VoIP, too
  ;({ aps: { badge: '1' }, caller: 'Ada' }) satisfies Payloads['voip']
})
