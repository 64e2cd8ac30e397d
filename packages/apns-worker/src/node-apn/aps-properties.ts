import type { Aps, ApsSound, NotificationAlertOptions } from './aps.js'

/** The properties of a notification that stand for a key of `aps`, or of its alert. */
export interface ApsProperties {
  alert: string | NotificationAlertOptions | undefined
  /** The alert's text. */
  body: string | undefined
  locKey: string | undefined
  locArgs: string[] | undefined
  title: string | undefined
  subtitle: string | undefined
  titleLocKey: string | undefined
  titleLocArgs: string[] | undefined
  subtitleLocKey: string | undefined
  subtitleLocArgs: string[] | undefined
  action: string | undefined
  actionLocKey: string | undefined
  launchImage: string | undefined
  badge: number | undefined
  sound: string | ApsSound | undefined
  /** True or 1 sets `content-available`; anything else takes it away. */
  contentAvailable: boolean | number | undefined
  /** True or 1 sets `mutable-content`; anything else takes it away. */
  mutableContent: boolean | number | undefined
  /** True or 1 sets `content-changed`; anything else takes it away. */
  contentChanged: boolean | number | undefined
  urlArgs: string[] | undefined
  category: string | undefined
  threadId: string | undefined
  targetContentIdentifier: string | undefined
  interruptionLevel: string | undefined
  relevanceScore: number | undefined
  filterCriteria: string | undefined
  /** Unix seconds; the newest wins. */
  timestamp: number | undefined
  /** Unix seconds. */
  staleDate: number | undefined
  event: string | undefined
  contentState: object | undefined
  /** Unix seconds. */
  dismissalDate: number | undefined
  inputPushChannel: string | undefined
  inputPushToken: number | undefined
  attributesType: string | undefined
  attributes: object | undefined
}

/** How a property is read from `aps` and written to it. */
export interface ApsProperty {
  read(aps: Aps): unknown
  write(aps: Aps, value: unknown): void
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number'
const isObject: Check = (value) => typeof value === 'object'
const isSound: Check = (value) => {
  if (value === null || typeof value !== 'object') return isText(value)
  const { name, critical, volume } = value as Record<keyof ApsSound, unknown>
  return isText(name) && isNumber(critical) && isNumber(volume)
}

/** A key of its own. A value of another type is ignored, as users of node-apn are used to; undefined takes the key away. */
function keyed(key: keyof Aps, check: Check): ApsProperty {
  return {
    read: (aps) => aps[key],
    write: (aps, value) => {
      if (value === undefined || check(value)) Reflect.set(aps, key, value)
    },
  }
}

function flag(key: 'content-available' | 'mutable-content' | 'content-changed', on: 1 | true): ApsProperty {
  return {
    read: (aps) => aps[key],
    write: (aps, value) => Reflect.set(aps, key, value === true || value === 1 ? on : undefined),
  }
}

/** A key of the alert, which becomes an object for it: a text that was there is its body. */
function ofAlert(key: keyof NotificationAlertOptions): ApsProperty {
  return {
    read: ({ alert }) => (isAlertObject(alert) ? alert[key] : undefined),
    write: (aps, value) => {
      if (!isAlertObject(aps.alert)) aps.alert = { body: aps.alert }
      Reflect.set(aps.alert, key, value)
    },
  }
}

function isAlertObject(alert: Aps['alert'] | null): alert is NotificationAlertOptions {
  return alert !== null && typeof alert === 'object'
}

/** The alert as a text, or the text of the alert; read, an alert without one is given whole, as node-apn does. */
const BODY: ApsProperty = {
  read: ({ alert }) => (isAlertObject(alert) ? (alert.body ?? alert) : alert),
  write: (aps, value) => {
    if (isAlertObject(aps.alert)) Reflect.set(aps.alert, 'body', value)
    else Reflect.set(aps, 'alert', value)
  },
}

export const APS_PROPERTIES: Readonly<Record<keyof ApsProperties, ApsProperty>> = {
  alert: keyed('alert', () => true),
  body: BODY,
  locKey: ofAlert('loc-key'),
  locArgs: ofAlert('loc-args'),
  title: ofAlert('title'),
  subtitle: ofAlert('subtitle'),
  titleLocKey: ofAlert('title-loc-key'),
  titleLocArgs: ofAlert('title-loc-args'),
  subtitleLocKey: ofAlert('subtitle-loc-key'),
  subtitleLocArgs: ofAlert('subtitle-loc-args'),
  action: ofAlert('action'),
  actionLocKey: ofAlert('action-loc-key'),
  launchImage: ofAlert('launch-image'),
  badge: keyed('badge', isNumber),
  sound: keyed('sound', isSound),
  contentAvailable: flag('content-available', 1),
  mutableContent: flag('mutable-content', 1),
  contentChanged: flag('content-changed', true),
  urlArgs: keyed('url-args', Array.isArray),
  category: keyed('category', isText),
  threadId: keyed('thread-id', isText),
  targetContentIdentifier: keyed('target-content-id', isText),
  interruptionLevel: keyed('interruption-level', isText),
  relevanceScore: keyed('relevance-score', isNumber),
  filterCriteria: keyed('filter-criteria', isText),
  timestamp: keyed('timestamp', isNumber),
  staleDate: keyed('stale-date', isNumber),
  event: keyed('event', isText),
  contentState: keyed('content-state', isObject),
  dismissalDate: keyed('dismissal-date', isNumber),
  inputPushChannel: keyed('input-push-channel', isText),
  inputPushToken: keyed('input-push-token', isNumber),
  attributesType: keyed('attributes-type', isText),
  attributes: keyed('attributes', isObject),
}
