import type * as Apn from 'apns-worker/node-apn'

export type NodeApn = Pick<typeof Apn, 'Notification' | 'Provider' | 'MultiProvider' | 'token'>

/** How a notification is made; the same for node-apn itself and for ours. */
export type Build = (apn: NodeApn) => Apn.Notification

function made(properties: object): Build {
  return ({ Notification }) => new Notification(properties)
}

function changed(change: (note: Apn.Notification) => void): Build {
  return ({ Notification }) => {
    const note = new Notification()
    change(note)
    return note
  }
}

/** A value for a property that it is no value for, as JavaScript lets it happen. */
function set(note: Apn.Notification, property: string, value: unknown): void {
  Reflect.set(note, property, value)
}

const ALERT = { title: 'Goal!', body: '2:1', 'launch-image': 'goal.png' }
const SOUND = { critical: 1, name: 'horn.aiff', volume: 0.5 }

/** Every property with a value of its own kind; most are in `aps`, or in its alert. */
const VALUES: Readonly<Record<string, unknown>> = {
  alert: 'hello',
  body: 'hello',
  locKey: 'GAME',
  locArgs: ['Ann', 'Bob'],
  title: 'Title',
  subtitle: 'Subtitle',
  titleLocKey: 'TITLE',
  titleLocArgs: ['a'],
  subtitleLocKey: 'SUBTITLE',
  subtitleLocArgs: ['b'],
  action: 'Open',
  actionLocKey: 'OPEN',
  launchImage: 'launch.png',
  badge: 3,
  sound: 'ping.aiff',
  contentAvailable: 1,
  mutableContent: true,
  contentChanged: true,
  mdm: 'magic',
  urlArgs: ['x', 'y'],
  category: 'MESSAGE',
  threadId: 'thread',
  interruptionLevel: 'time-sensitive',
  targetContentIdentifier: 'window',
  relevanceScore: 0.75,
  timestamp: 1_700_000_000,
  staleDate: 1_700_000_100,
  event: 'update',
  contentState: { score: [2, 1] },
  dismissalDate: 1_700_000_200,
  filterCriteria: 'work',
  inputPushChannel: 'dHN0LXNyY2gtY2hubA==',
  inputPushToken: 1,
  attributesType: 'Match',
  attributes: { home: 'A', away: 'B' },
  payload: { match: 4711 },
  expiry: 1_700_000_300,
  priority: 5,
}

/** Those that have no chainable method beside them. */
const HEADERS: Readonly<Record<string, unknown>> = {
  topic: 'com.example.app',
  id: '9d3220fe-444b-633e-d1f1-5d0dcb4f537a',
  collapseId: 'match-4711',
  requestId: '0309f412-aa57-46a8-9ac6-b5aeca8c4594',
  channelId: 'dHN0LXNyY2gtY2hubA==',
  pushType: 'alert',
}

const OF_THE_WRONG_KIND = [undefined, null, '7', 7, true, {}, []]

/** What `null` and the like do to alerts and sounds, node-apn answers with a TypeError of its own. */
const FORGIVING = new Set(['sound', 'alert', 'body', 'payload', 'mdm'])

function* propertyCases(): Generator<[string, Build]> {
  for (const [name, value] of Object.entries(VALUES)) {
    yield [`${name} of its own kind`, changed((note) => set(note, name, value))]
    yield [`${name} in the constructor`, made({ [name]: value })]
    const setter = `set${name.charAt(0).toUpperCase()}${name.slice(1)}`
    yield [
      `${setter}, which chains`,
      changed((note) => {
        const method: unknown = Reflect.get(note, setter)
        if (typeof method !== 'function') throw new TypeError(`there is no ${setter}`)
        const same: unknown = method.call(note, value)
        if (same !== note) throw new TypeError(`${setter} does not chain`)
      }),
    ]
    yield [
      `${name} after a text`,
      changed((note) => set(Object.assign(note, { alert: 'text' }), name, value)),
    ]
    yield [
      `${name} beside an alert`,
      changed((note) => set(Object.assign(note, { alert: { ...ALERT } }), name, value)),
    ]
    if (FORGIVING.has(name)) continue
    for (const wrong of OF_THE_WRONG_KIND) {
      const shown = JSON.stringify(wrong) ?? 'undefined'
      yield [`${name} set to ${shown}`, changed((note) => set(note, name, wrong))]
      yield [
        `${name} set, then to ${shown}`,
        changed((note) => {
          set(note, name, value)
          set(note, name, wrong)
        }),
      ]
    }
  }
  for (const [name, value] of Object.entries(HEADERS)) {
    yield [name, changed((note) => set(note, name, value))]
    yield [`${name} in the constructor`, made({ [name]: value })]
    yield [`an empty ${name}`, made({ [name]: '' })]
  }
}

/** By name: everything that a notification can be told. */
export const NOTIFICATION_CASES: ReadonlyMap<string, Build> = new Map<string, Build>([
  ...propertyCases(),
  ['nothing', made({})],
  ['an alert object', made({ alert: ALERT })],
  ['an alert taken away', changed((note) => Object.assign(note, { alert: 'x' }, { alert: undefined }))],
  ['a body after a title', changed((note) => Object.assign(note, { title: 'Title' }, { body: 'Body' }))],
  ['a title taken away', changed((note) => Object.assign(note, { title: 'Title' }, { title: undefined }))],
  ['a critical sound', made({ sound: SOUND })],
  ['a critical sound without a volume', made({ sound: { critical: 1, name: 'horn.aiff' } })],
  ['a sound that is a number', made({ sound: 7 })],
  ['a sound taken away', changed((note) => Object.assign(note, { sound: 'x' }, { sound: undefined }))],
  ['a badge of 0', made({ badge: 0 })],
  ['a device management object', made({ mdm: { magic: 1 }, alert: 'x' })],
  ['device management beside an alert', made({ mdm: 'magic', alert: 'x', payload: { a: 1 } })],
  ['aps itself', changed((note) => Object.assign(note.aps, { category: 'A', custom: [1] }))],
  ['aps replaced', made({ alert: 'x', aps: { badge: 1 } })],
  ['aps with nothing in it', made({ aps: { badge: undefined }, payload: { a: 1 } })],
  ['a payload with an aps of its own', made({ payload: { aps: { alert: 'lost' }, a: 1 } })],
  [
    'a payload with an aps of its own, and an alert',
    made({ payload: { aps: { alert: 'lost' } }, alert: 'kept' }),
  ],
  ['a payload that is changed', changed((note) => Object.assign(note.payload, { a: { b: null } }))],
  ['a raw payload', made({ rawPayload: { aps: { alert: 'raw' }, a: 1 }, alert: 'lost' })],
  ['a raw payload without aps', made({ rawPayload: { 'container-identifier': 'c', domain: 'd' } })],
  ['a raw payload of null', made({ rawPayload: null, alert: 'kept' })],
  ['an expiry of 0', made({ expiry: 0 })],
  ['a negative expiry', made({ expiry: -5 })],
  ['a priority that is no number', made({ priority: 'high' })],
  ['a priority of 1', made({ priority: 1 })],
  ['characters of several bytes', made({ alert: '📧 ✉ Grüße', payload: { schlüssel: '\u2028' } })],
  [
    'dates and other values that JSON changes',
    made({ payload: { at: new Date(0), no: Number.NaN, un: undefined } }),
  ],
  ['a property that there is not', made({ nonsense: 1, alert: 'x' })],
])

/** What a notification comes to. */
export interface CompiledCase {
  readonly headers: object
  readonly payload: unknown
  readonly length: number
  readonly body: unknown
}

export function compiled(note: Apn.Notification): CompiledCase {
  const payload: unknown = JSON.parse(note.compile())
  return { headers: note.headers(), payload, length: note.length(), body: note.body }
}
