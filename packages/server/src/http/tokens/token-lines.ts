import type { TokenEntry } from '../../outbox/packed-tokens.js'
import { LineError } from './line-splitter.js'

/** Reads a line, and gives the token that is in it, if there is one. */
export type LineReader = (line: string, number: number) => TokenEntry | undefined

const MAX_TOKEN_CHARACTERS = 200
/** 1 at the code of each hexadecimal digit. */
const IS_HEX_DIGIT = new Uint8Array(128)
for (const digit of '0123456789abcdefABCDEF') IS_HEX_DIGIT[digit.charCodeAt(0)] = 1

/** `text/plain`: one token a line; empty lines are passed over. */
export const readPlainLine: LineReader = (line, number) => {
  const token = line.trim()
  return token === '' ? undefined : checkedToken(token, number)
}

/**
 * `text/csv` (RFC 4180), without line breaks within fields: the first line has the names of the columns, of which `token` is
 * needed, `registeredAt` is read, and all others are not.
 */
export function csvReader(): LineReader {
  let columns: { readonly token: number; readonly registeredAt: number } | undefined
  return (line, number) => {
    if (line.trim() === '') return undefined
    const fields = fieldsOf(line, number)
    if (columns === undefined) {
      columns = { token: fields.indexOf('token'), registeredAt: fields.indexOf('registeredAt') }
      if (columns.token < 0) throw new LineError(number, 'names the columns, and none of them is token')
      return undefined
    }
    const token = checkedToken(fields[columns.token] ?? '', number)
    const registeredAt = columns.registeredAt < 0 ? '' : (fields[columns.registeredAt] ?? '')
    return registeredAt === '' ? token : { token, registeredAtMs: momentOf(registeredAt, number) }
  }
}

function checkedToken(token: string, line: number): string {
  if (isToken(token)) return token
  // Without the text itself: a list with the columns mixed up may have anything in it.
  throw new LineError(
    line,
    `has no device token: these are hex-encoded bytes, and this has ${token.length} characters`,
  )
}

/** A regular expression takes a tenth of all that a token costs, from the request to Apple. */
function isToken(text: string): boolean {
  const { length } = text
  if (length === 0 || length % 2 !== 0 || length > MAX_TOKEN_CHARACTERS) return false
  for (let at = 0; at < length; at++) if (IS_HEX_DIGIT[text.charCodeAt(at)] !== 1) return false
  return true
}

function momentOf(text: string, line: number): number {
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : isoMoment(text)
  if (Number.isFinite(milliseconds)) return milliseconds
  throw new LineError(
    line,
    'has a registeredAt that is neither Unix seconds nor an ISO 8601 date with its time zone',
  )
}

function isoMoment(text: string): number {
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN
}

function fieldsOf(line: string, number: number): string[] {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim())
  const fields: string[] = []
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y
  for (;;) {
    const found = field.exec(line)
    if (found === null) throw new LineError(number, 'has a quote that is out of place')
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2]?.trim() ?? '')
    if (found[3] === '') return fields
  }
}
