import { MessageError } from '../message-error.js'
import type { PushType } from '../push-type.js'
import { hasToJson, lookThrough } from './json.js'
import { checkPayload } from './rules.js'
import { unixSecondsOf } from './unix-time.js'

/**
 * @throws {MessageError} `BAD_PAYLOAD`
 */
export function checkIsObject(payload: unknown): asserts payload is object {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload))
    throw new MessageError('BAD_PAYLOAD', 'payload is not an object; give { aps: { … } }')
}

/**
 * The payload as it is sent: JSON, with the dates of `aps` in Unix seconds.
 *
 * @throws {MessageError} `BAD_PAYLOAD`, with the path of what is wrong
 */
export function encodePayload(payload: object, pushType: PushType): string {
  const found = lookThrough(payload)
  if (found === undefined) {
    checkPayload(payload, pushType, refuse)
    return jsonObjectOf(payload)
  }
  const text = encodeUnchecked(payload)
  // The rules are for what the receiver sees; that costs more, and Dates are rare.
  checkPayload(JSON.parse(text) as object, pushType, refuse)
  return text
}

/**
 * The same, whether its keys are right or not.
 *
 * @throws {MessageError} `BAD_PAYLOAD` for what JSON cannot hold
 */
export function encodeUnchecked(payload: object): string {
  const found = lookThrough(payload)
  if (typeof found === 'object') refuse(found.path.replace(/^\./, ''), found.problem)
  return jsonObjectOf(found === undefined ? payload : withUnixSeconds(payload))
}

function refuse(path: string, problem: string): never {
  throw new MessageError('BAD_PAYLOAD', `${inPayload(path)}: ${problem}`, { path: inPayload(path) })
}

/** `aps.badge` as `payload.aps.badge`. */
export function inPayload(path: string): string {
  return path === '' || path.startsWith('[') ? `payload${path}` : `payload.${path}`
}

/** The keys of `aps` that are points in time (Live Activities). */
const DATE_KEYS = ['timestamp', 'stale-date', 'dismissal-date'] as const

/** A payload in which Apple finds seconds where it would have found a Date of ours as text. */
function withUnixSeconds(payload: object): object {
  const aps = 'aps' in payload ? payload.aps : undefined
  // What JSON writes in place of these, nobody here changes.
  if (aps === null || typeof aps !== 'object' || hasToJson(aps) || hasToJson(payload)) return payload
  const seconds: Record<string, unknown> = { ...aps }
  for (const key of DATE_KEYS) {
    const value = seconds[key]
    if (!(value instanceof Date)) continue
    seconds[key] = unixSecondsOf(value)
    if (Number.isNaN(seconds[key])) refuse(`aps.${key}`, 'is not a valid date')
  }
  return { ...payload, aps: seconds }
}

/** How much of what is no payload an error shows. */
const SHOWN_CHARACTERS = 100

function jsonObjectOf(payload: object): string {
  const text = jsonOf(payload)
  if (text?.startsWith('{') === true) return text
  // Such as a boxed number, or something whose toJSON() makes a text of it.
  throw new MessageError(
    'BAD_PAYLOAD',
    `payload is ${text?.slice(0, SHOWN_CHARACTERS) ?? 'nothing'} in JSON, and not an object`,
  )
}

/** Undefined where JSON has nothing for it; a boxed bigint is an error there, however deep it lies. */
function jsonOf(payload: object): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch (cause) {
    throw new MessageError('BAD_PAYLOAD', 'payload cannot be written as JSON', { cause })
  }
}
