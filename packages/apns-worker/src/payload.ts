/**
 * The types of the payload: what Apple reads in it.
 *
 * Sources: Apple, "Generating a remote notification"; "Starting and updating Live Activities with ActivityKit push
 * notifications".
 */

import { MessageError } from './message-error.js'

/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** A text, or a key into the app's localisations (Live Activities only). */
export type LocalizableText = string | { readonly 'loc-key': string; readonly 'loc-args'?: readonly string[] }

export interface Alert {
  readonly title?: LocalizableText
  readonly subtitle?: string
  readonly body?: LocalizableText
  readonly 'launch-image'?: string
  readonly 'title-loc-key'?: string
  readonly 'title-loc-args'?: readonly string[]
  readonly 'subtitle-loc-key'?: string
  readonly 'subtitle-loc-args'?: readonly string[]
  readonly 'loc-key'?: string
  readonly 'loc-args'?: readonly string[]
  /** Live Activities only: their sound sits inside the alert. */
  readonly sound?: string
}

/** The sound of a critical alert. */
export interface CriticalSound {
  readonly critical?: 0 | 1
  readonly name?: string
  /** From 0 (silent) to 1 (full). */
  readonly volume?: number
}

export type InterruptionLevel = 'passive' | 'active' | 'time-sensitive' | 'critical'

/** The `aps` dictionary, with Apple's own key names. */
export interface Aps {
  readonly alert?: string | Alert
  readonly badge?: number
  readonly sound?: string | CriticalSound
  readonly 'thread-id'?: string
  readonly category?: string
  readonly 'content-available'?: 0 | 1
  readonly 'mutable-content'?: 0 | 1
  readonly 'target-content-id'?: string
  readonly 'interruption-level'?: InterruptionLevel
  readonly 'relevance-score'?: number
  readonly 'filter-criteria'?: string
  /** Unix seconds. */
  readonly 'stale-date'?: number
  readonly 'content-state'?: Readonly<Record<string, JsonValue>>
  /** Unix seconds; the newest wins. */
  readonly timestamp?: number
  readonly event?: 'start' | 'update' | 'end'
  /** Unix seconds. */
  readonly 'dismissal-date'?: number
  readonly 'attributes-type'?: string
  readonly attributes?: Readonly<Record<string, JsonValue>>
  /** Base64 channel id. */
  readonly 'input-push-channel'?: string
  readonly 'input-push-token'?: 1
  readonly 'content-changed'?: true
  readonly 'url-args'?: readonly string[]
  readonly 'ptt-push-type'?: 'service-update'
}

/**
 * The keys of `aps` as `sendAps` takes them: those of the original library and every other, in camelCase. Apple's
 * spelling follows from each name (`contentAvailable` is sent as `content-available`).
 */
export interface ApsFields {
  readonly alert?: Aps['alert'] | undefined
  readonly badge?: number | undefined
  readonly sound?: Aps['sound'] | undefined
  readonly contentAvailable?: boolean | undefined
  readonly category?: string | undefined
  readonly threadId?: string | undefined
  readonly mutableContent?: boolean | undefined
  readonly targetContentId?: string | undefined
  readonly interruptionLevel?: InterruptionLevel | undefined
  readonly relevanceScore?: number | undefined
  readonly filterCriteria?: string | undefined
  readonly staleDate?: Date | number | undefined
  readonly contentState?: Aps['content-state'] | undefined
  readonly timestamp?: Date | number | undefined
  readonly event?: Aps['event'] | undefined
  readonly dismissalDate?: Date | number | undefined
  readonly attributesType?: string | undefined
  readonly attributes?: Aps['attributes'] | undefined
  readonly inputPushChannel?: string | undefined
  readonly inputPushToken?: boolean | undefined
  readonly contentChanged?: boolean | undefined
  readonly urlArgs?: readonly string[] | undefined
  readonly pttPushType?: Aps['ptt-push-type'] | undefined
}

type Conversion = (value: unknown) => unknown

const asIs: Conversion = (value) => value
/** Apple's flags are the number 1; a false flag is left out, since its mere presence means something to some readers. */
const flag: Conversion = (value) => (value === true || value === 1 ? 1 : undefined)
const booleanFlag: Conversion = (value) => (value === true ? true : undefined)
const unixSeconds: Conversion = (value) =>
  value instanceof Date ? Math.floor(value.getTime() / 1000) : value

const APS_KEYS: Readonly<Record<keyof ApsFields, readonly [key: keyof Aps, convert: Conversion]>> = {
  alert: ['alert', asIs],
  badge: ['badge', asIs],
  sound: ['sound', asIs],
  contentAvailable: ['content-available', flag],
  category: ['category', asIs],
  threadId: ['thread-id', asIs],
  mutableContent: ['mutable-content', flag],
  targetContentId: ['target-content-id', asIs],
  interruptionLevel: ['interruption-level', asIs],
  relevanceScore: ['relevance-score', asIs],
  filterCriteria: ['filter-criteria', asIs],
  staleDate: ['stale-date', unixSeconds],
  contentState: ['content-state', asIs],
  timestamp: ['timestamp', unixSeconds],
  event: ['event', asIs],
  dismissalDate: ['dismissal-date', unixSeconds],
  attributesType: ['attributes-type', asIs],
  attributes: ['attributes', asIs],
  inputPushChannel: ['input-push-channel', asIs],
  inputPushToken: ['input-push-token', flag],
  contentChanged: ['content-changed', booleanFlag],
  urlArgs: ['url-args', asIs],
  pttPushType: ['ptt-push-type', asIs],
}

function isApsField(name: string): name is keyof ApsFields {
  return Object.hasOwn(APS_KEYS, name)
}

/**
 * The `aps` dictionary for these fields; only those that were given are in it, as in the original library.
 *
 * @throws {MessageError} `BAD_PAYLOAD` for a field that there is not: it would be lost otherwise
 */
export function apsFrom(fields: ApsFields): Aps {
  const aps: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    if (!isApsField(name)) throw new MessageError('BAD_PAYLOAD', `aps has no field ${name}${hintFor(name)}`)
    const [key, convert] = APS_KEYS[name]
    const converted = convert(value)
    if (converted !== undefined) aps[key] = converted
  }
  return aps
}

function hintFor(name: string): string {
  const meant = Object.entries(APS_KEYS).find(([, [key]]) => key === name)
  return meant === undefined
    ? '; what the app wants besides aps belongs into a Message'
    : `; in camelCase it is ${meant[0]}`
}

/** The path to the first value that JSON cannot hold, with what is wrong with it; undefined if all is well. */
export function findUnencodable(value: unknown, depth = 0): { path: string; problem: string } | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', problem: `${value} is not a JSON number` }
    case 'object':
      if (value === null) return undefined
      if (depth > MAX_DEPTH)
        return { path: '', problem: `is nested more than ${MAX_DEPTH} deep, or contains itself` }
      return findUnencodableMember(value, depth)
    default:
      return { path: '', problem: `a ${typeof value} is not JSON` }
  }
}

/** Deeper than any payload of 5 kB of sense; a value that contains itself ends here too. */
const MAX_DEPTH = 200

function findUnencodableMember(value: object, depth: number): { path: string; problem: string } | undefined {
  if (hasToJson(value)) return findUnencodable(value.toJSON(), depth + 1)
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
    return { path: '', problem: `a ${value.constructor.name} is not JSON` }
  }
  if (Array.isArray(value)) return findUnencodableElement(value, depth)
  // `for in` makes no list of the keys; what it finds beyond an object's own is not encoded, and not looked at.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    const found = findUnencodable(value[key as keyof typeof value], depth + 1)
    if (found !== undefined) return { path: `.${key}${found.path}`, problem: found.problem }
  }
  return undefined
}

/** Whether JSON holds something else in its place. */
function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function findUnencodableElement(
  list: readonly unknown[],
  depth: number,
): { path: string; problem: string } | undefined {
  for (let index = 0; index < list.length; index++) {
    const element = list[index]
    // As an element, JSON would make it null.
    if (element === undefined) return { path: `[${index}]`, problem: 'undefined is not JSON' }
    const found = findUnencodable(element, depth + 1)
    if (found !== undefined) return { path: `[${index}]${found.path}`, problem: found.problem }
  }
  return undefined
}
