import type { LiveActivityAlert } from '../live-activity/payload.js'
import { MessageError } from '../message-error.js'
import type { Alert, CriticalSound } from './alert.js'
import type { Aps, InterruptionLevel } from './aps.js'
import { unixSecondsOf } from './unix-time.js'

/**
 * The keys of `aps` as `sendAps` takes them: those of the original library and every other, in camelCase. Apple's
 * spelling follows from each name (`contentAvailable` is sent as `content-available`).
 */
export interface ApsFields {
  readonly alert?: string | Alert | LiveActivityAlert | undefined
  readonly badge?: number | undefined
  readonly sound?: string | CriticalSound | undefined
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
const unixSeconds: Conversion = (value) => (value instanceof Date ? unixSecondsOf(value) : value)

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
