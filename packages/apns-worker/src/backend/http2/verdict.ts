import type { Failure } from '../../error.js'
import { classify } from '../../reason.js'

/**
 * What an answer means for its notification, and for everything else.
 *
 * - `refused`: it will not be delivered.
 * - `later`: to be sent again after a delay.
 * - `renew`: to be sent again with a new provider token.
 * - `reconnect`: to be sent again over another connection.
 * - `stop`: the configuration is wrong; it goes back to the queue, and the line stops.
 */
export interface Verdict {
  readonly kind: 'refused' | 'later' | 'renew' | 'reconnect' | 'stop'
  readonly failure: Failure
}

/** What Apple says in the body of a refusal. */
interface Refusal {
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined
}

/** How much of a body that is not Apple's JSON goes into an error. */
const MAX_QUOTE_LENGTH = 200

/** The verdict on an answer other than 200. */
export function verdictOn(httpStatus: number, body: string): Verdict {
  const refusal = parseRefusal(body)
  const reason = refusal?.reason ?? `HTTP ${httpStatus}`
  const { class: klass, status, description, action } = classify(httpStatus, reason)
  const failure: Failure = {
    code: klass === 'configuration' ? 'configuration' : 'refused',
    reason,
    status,
    httpStatus,
    description:
      refusal === undefined && body !== '' ? `${description} It said: ${quote(body)}` : description,
    action,
    timestamp: refusal?.timestamp === undefined ? undefined : new Date(refusal.timestamp),
  }
  switch (klass) {
    case 'token':
    case 'request':
      return { kind: 'refused', failure }
    case 'configuration':
      return { kind: 'stop', failure }
    case 'renew':
      return { kind: 'renew', failure }
    case 'connection':
      return { kind: 'reconnect', failure }
    case 'later':
      return { kind: 'later', failure }
    default:
      return klass satisfies never
  }
}

/** The refusal in a response's body, or in the debug data of GOAWAY; undefined if it is not Apple's JSON. */
export function parseRefusal(body: string): Refusal | undefined {
  if (!body.startsWith('{')) return undefined
  let parsed: unknown
  try {
    // The bytes were kept as Latin-1, one character each; reasons are ASCII, anything else is UTF-8.
    parsed = JSON.parse(Buffer.from(body, 'latin1').toString())
  } catch {
    return undefined
  }
  if (
    parsed === null ||
    typeof parsed !== 'object' ||
    !('reason' in parsed) ||
    typeof parsed.reason !== 'string'
  )
    return undefined
  const timestamp = 'timestamp' in parsed && isTime(parsed.timestamp) ? parsed.timestamp : undefined
  return { reason: parsed.reason, timestamp }
}

/** The largest time that a Date can hold, in milliseconds. */
const MAX_TIME_MS = 8.64e15

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= MAX_TIME_MS
}

function quote(body: string): string {
  const text = Buffer.from(body, 'latin1').toString()
  return JSON.stringify(text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text)
}
