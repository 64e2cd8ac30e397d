/**
 * What a device ignores in the payload of a Live Activity. Apple, "Starting and updating Live Activities with ActivityKit push
 * notifications". APNs itself does not look at it.
 */
export type ActivityEvent = 'start' | 'update' | 'end'

/** The `aps` of a payload that has nothing wrong with it. */
export interface ActivityUpdate {
  readonly event: ActivityEvent
  /** Seconds since 1970. */
  readonly timestamp: number
}

export type Aps = Readonly<Record<string, unknown>>

/** Seconds since 1970 in the year 5138: a larger number is milliseconds by mistake. */
const LATEST_TIMESTAMP = 100_000_000_000
const NEEDED: Readonly<Record<ActivityEvent, readonly string[]>> = {
  start: ['content-state', 'attributes-type', 'attributes', 'alert'],
  update: ['content-state'],
  end: [],
}

/** What the payload says, or in words why nothing comes of it. */
export function readActivity(aps: Aps): ActivityUpdate | string {
  const { event, timestamp } = aps
  if (!isEvent(event)) return '"event" is none of start, update, end'
  if (typeof timestamp !== 'number') return '"timestamp" is missing'
  if (timestamp > LATEST_TIMESTAMP) return '"timestamp" is not in seconds'
  const missing = NEEDED[event].find((key) => aps[key] === undefined)
  if (missing !== undefined) return `"${missing}" is missing`
  if (event === 'start' && 'input-push-channel' in aps && 'input-push-token' in aps)
    return '"input-push-channel" and "input-push-token" exclude each other'
  return { event, timestamp }
}

/** The event of any payload, as far as it has one. */
export function eventOf(payload: unknown): unknown {
  return apsOf(payload)?.['event']
}

/** The `aps` of a payload, if it is an object. */
export function apsOf(payload: unknown): Aps | undefined {
  return isObject(payload) && isObject(payload['aps']) ? payload['aps'] : undefined
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEvent(value: unknown): value is ActivityEvent {
  return value === 'start' || value === 'update' || value === 'end'
}
