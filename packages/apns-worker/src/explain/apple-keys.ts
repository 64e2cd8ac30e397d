/** Which keys Apple reads in `aps`, and in an alert, with each push type. The compiler sees to it that none is missing. */
import type { Alert } from '../payload/alert.js'
import type { NotificationAps } from '../payload/aps.js'
import type { PushType } from '../push-type.js'

const NOTIFICATION = {
  alert: true,
  badge: true,
  sound: true,
  'thread-id': true,
  category: true,
  'content-available': true,
  'mutable-content': true,
  'target-content-id': true,
  'interruption-level': true,
  'relevance-score': true,
  'filter-criteria': true,
  'url-args': true,
} satisfies Record<keyof NotificationAps, true>

const LIVE_ACTIVITY = [
  'event',
  'timestamp',
  'content-state',
  'alert',
  'stale-date',
  'relevance-score',
  'dismissal-date',
  'attributes-type',
  'attributes',
  'input-push-channel',
  'input-push-token',
]

const ALERT = {
  title: true,
  subtitle: true,
  body: true,
  'launch-image': true,
  'title-loc-key': true,
  'title-loc-args': true,
  'subtitle-loc-key': true,
  'subtitle-loc-args': true,
  'loc-key': true,
  'loc-args': true,
  action: true,
} satisfies Record<keyof Alert, true>

const NOTIFICATION_KEYS: ReadonlySet<string> = new Set(Object.keys(NOTIFICATION))
const ALERT_KEYS: ReadonlySet<string> = new Set(Object.keys(ALERT))
const LIVE_ALERT_KEYS: ReadonlySet<string> = new Set(['title', 'body', 'sound'])

/** The push types with an `aps` dictionary of their own; all others take that of a notification. */
const OF_THEIR_OWN: Partial<Record<PushType, ReadonlySet<string>>> = {
  background: new Set(['content-available']),
  controls: new Set(['content-changed']),
  liveactivity: new Set(LIVE_ACTIVITY),
  pushtotalk: new Set(['ptt-push-type']),
  widgets: new Set(['content-changed']),
}

/** What is read in `aps` with a push type. */
export function apsKeysOf(pushType: PushType): ReadonlySet<string> {
  return OF_THEIR_OWN[pushType] ?? NOTIFICATION_KEYS
}

/** What is read in an alert with a push type. */
export function alertKeysOf(pushType: PushType): ReadonlySet<string> {
  return pushType === 'liveactivity' ? LIVE_ALERT_KEYS : ALERT_KEYS
}

/** The push types that read a key in `aps`, where it is only some of them. */
export function readersOf(key: string): readonly string[] {
  if (NOTIFICATION_KEYS.has(key)) return ['alert']
  return Object.entries(OF_THEIR_OWN).flatMap(([pushType, keys]) => (keys.has(key) ? [pushType] : []))
}

/** Apple's key in `aps` that was probably meant: written in another way, or with letters swapped. */
export function similarKey(key: string): string | undefined {
  const all = [NOTIFICATION_KEYS, ...Object.values(OF_THEIR_OWN)].flatMap((keys) => [...keys])
  return withLettersOf(key, all)
}

/** The same for an alert. */
export function similarAlertKey(key: string): string | undefined {
  return withLettersOf(key, ALERT_KEYS)
}

function withLettersOf(key: string, keys: Iterable<string>): string | undefined {
  const letters = lettersOf(key)
  for (const known of keys) if (lettersOf(known) === letters) return known
  return undefined
}

function lettersOf(key: string): string {
  const letters = key.toLowerCase().replaceAll(/[^a-z]/g, '')
  return letters.split('').toSorted().join('')
}
