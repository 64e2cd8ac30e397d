import { MessageError } from '../message-error.js'
import type { PushType } from '../push-type.js'
import { findUnencodable, hasToJson, jsonOf } from './json.js'
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
  refuseUnencodable(payload)
  checkPayload(payload, pushType, refuse)
  return textOf(payload)
}

/** How much of what is no payload an error shows. */
const SHOWN_CHARACTERS = 100

function textOf(payload: object): string {
  const text = jsonOf(withUnixSeconds(payload))
  if (text?.startsWith('{') === true) return text
  // Such as a boxed number, or something whose toJSON() makes a text of it.
  throw new MessageError(
    'BAD_PAYLOAD',
    `payload is ${text?.slice(0, SHOWN_CHARACTERS) ?? 'nothing'} in JSON, and not an object`,
  )
}

/**
 * How many bytes a payload has when it is sent, whether its keys are right or not.
 *
 * @throws {MessageError} `BAD_PAYLOAD` for what JSON cannot hold
 */
export function encodedBytes(payload: object): number {
  refuseUnencodable(payload)
  return Buffer.byteLength(JSON.stringify(withUnixSeconds(payload)))
}

function refuseUnencodable(payload: object): void {
  const found = findUnencodable(payload)
  if (found !== undefined) refuse(found.path.replace(/^\./, ''), found.problem)
}

function refuse(path: string, problem: string): never {
  throw new MessageError('BAD_PAYLOAD', `${inPayload(path)}: ${problem}`, { path: inPayload(path) })
}

/** `aps.badge` as `payload.aps.badge`. */
export function inPayload(path: string): string {
  return path === '' || path.startsWith('[') ? `payload${path}` : `payload.${path}`
}

/** The payload itself, unless Apple would find a Date of ours in `aps` as text. */
export function withUnixSeconds(payload: object): object {
  const aps = 'aps' in payload ? payload.aps : undefined
  if (aps === null || typeof aps !== 'object' || !hasDate(aps)) return payload
  // What JSON writes in place of these, nobody here changes.
  if (hasToJson(payload) || hasToJson(aps)) return payload
  const seconds: Record<string, unknown> = { ...aps }
  for (const key of DATE_KEYS) {
    const value = seconds[key]
    if (value instanceof Date) seconds[key] = unixSecondsOf(value)
  }
  return { ...payload, aps: seconds }
}

/** The keys of `aps` that are points in time (Live Activities). */
const DATE_KEYS = ['timestamp', 'stale-date', 'dismissal-date'] as const

function hasDate(aps: { readonly [K in (typeof DATE_KEYS)[number]]?: unknown }): boolean {
  return (
    aps.timestamp instanceof Date ||
    aps['stale-date'] instanceof Date ||
    aps['dismissal-date'] instanceof Date
  )
}
