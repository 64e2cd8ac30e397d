import { MessageError } from './message-error.js'
import { checkIsObject, encodeUnchecked } from './payload/encode.js'
import { hasToJson } from './payload/json.js'
import { isDictionary } from './payload/value-checks.js'
import { PUSH_TYPES } from './push-type.js'

export interface FitOptions {
  /** What stands for the part that was cut; default `…`. It is left out where there is no room for it. */
  readonly ellipsis?: string | undefined
}

export interface FittedAlert<P> {
  /** The same object, if it fitted; otherwise a copy with a shorter body. */
  readonly payload: P
  /** Its size now, encoded. */
  readonly payloadBytes: number
  readonly cut: {
    /** The end of the body, which is gone; '' if all of it fitted. */
    readonly text: string
    /** How many characters that is, as a reader counts them. */
    readonly graphemes: number
    /** How many bytes it took in the encoded payload. */
    readonly bytes: number
  }
}

/**
 * Shortens an alert's body (`aps.alert`, or `aps.alert.body`) until the encoded payload fits. It is cut between characters
 * as a reader sees them: an emoji with all its parts, a letter with its accents. White space before the cut goes, too.
 *
 * @param limit bytes; default 4096, the limit of all push types but `voip`
 * @throws {MessageError} `PAYLOAD_TOO_LARGE` when it does not fit with an empty body either, or has none; `BAD_PAYLOAD` for
 *   what JSON cannot hold; `BAD_OPTION`
 */
export function fitAlert<P extends object>(
  payload: P,
  limit: number = PUSH_TYPES.alert.payloadBytes,
  { ellipsis = '…' }: FitOptions = {},
): FittedAlert<P> {
  checkIsObject(payload)
  if (!(limit >= 0)) throw new MessageError('BAD_OPTION', `limit is ${String(limit)}; give a number of bytes`)
  if (typeof ellipsis !== 'string') throw new MessageError('BAD_OPTION', 'ellipsis is not a string')
  const payloadBytes = encodedBytes(payload)
  if (payloadBytes <= limit) return { payload, payloadBytes, cut: { text: '', graphemes: 0, bytes: 0 } }

  const body = bodyOf(payload)
  if (body === undefined) throw tooLarge(`has ${payloadBytes} bytes, and no alert body to shorten`, limit)
  const bytesWithout = encodedBytes(withBody(payload, ''))
  if (bytesWithout > limit) throw tooLarge(`has ${bytesWithout} bytes even with an empty alert body`, limit)
  const room = limit - bytesWithout
  const mark = bytesInJson(ellipsis) <= room ? ellipsis : ''
  const { kept, graphemes } = cutToFit(body, room - bytesInJson(mark))
  const text = body.slice(kept.length)
  const fitted = withBody(payload, kept + mark)
  return {
    payload: fitted,
    payloadBytes: encodedBytes(fitted),
    cut: { text, graphemes, bytes: bytesInJson(text) },
  }
}

function tooLarge(problem: string, limit: number): MessageError {
  return new MessageError('PAYLOAD_TOO_LARGE', `payload ${problem}; at most ${limit} are allowed`)
}

type Dictionary = Readonly<Record<string, unknown>>

function bodyOf(payload: object): string | undefined {
  const aps = 'aps' in payload ? payload.aps : undefined
  if (!isCopied(payload) || !isCopied(aps)) return undefined
  const { alert } = aps
  if (typeof alert === 'string') return alert
  const body = isCopied(alert) ? alert['body'] : undefined
  return typeof body === 'string' ? body : undefined
}

/** Whether it is a dictionary of which a copy says the same in JSON. */
function isCopied(value: unknown): value is Dictionary {
  return isDictionary(value) && !hasToJson(value)
}

/** A copy with another body, for a payload that has one. */
function withBody<P extends object>(payload: P, body: string): P {
  const { aps } = payload as { aps?: Dictionary }
  const alert = aps?.['alert']
  const shortened = typeof alert === 'string' ? body : { ...(alert as Dictionary), body }
  return { ...payload, aps: { ...aps, alert: shortened } }
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** As many of a text's graphemes as have room, and how many have not. */
function cutToFit(text: string, room: number): { kept: string; graphemes: number } {
  const kept: string[] = []
  let left = room
  let graphemes = 0
  for (const { segment } of GRAPHEMES.segment(text)) {
    if (graphemes === 0) left -= bytesInJson(segment)
    if (left >= 0) kept.push(segment)
    else graphemes++
  }
  while (kept.length > 0 && kept.at(-1)?.trim() === '') {
    kept.pop()
    graphemes++
  }
  return { kept: kept.join(''), graphemes }
}

/**
 * @throws {MessageError} `BAD_PAYLOAD` for what JSON cannot hold
 */
function encodedBytes(payload: object): number {
  return Buffer.byteLength(encodeUnchecked(payload))
}

/** What a text adds to the encoded payload: UTF-8, with quotation marks and the like escaped. */
function bytesInJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - QUOTATION_MARKS
}

const QUOTATION_MARKS = 2
