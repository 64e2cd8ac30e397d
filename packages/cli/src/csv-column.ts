import { readDeviceToken, shorten } from './device-token.js'
import { UsageError } from './usage-error.js'

/** Where the tokens are in the lines of a list. */
export type ColumnPlan =
  /** The line is the token. */
  | { readonly kind: 'whole-line'; readonly skipFirst: boolean }
  /** The token is one of the values that the delimiter separates. */
  | {
      readonly kind: 'column'
      readonly index: number
      readonly delimiter: string
      readonly skipFirst: boolean
    }

const DELIMITERS = [',', ';', '\t'] as const
/** Today's tokens; a shorter number might be any other column. */
const USUAL_TOKEN_DIGITS = 64
/** From the surest name to the vaguest. */
const HEADER_NAMES = [/^(device|apns|push|ios)?[ _-]*tokens?$/i, /token/i]

/**
 * Decides from its first line how a list is laid out: one token a line, or comma-, semicolon- or tab-separated values
 * with the tokens in one column, with or without a header.
 *
 * @param firstLine the first line that is neither blank nor a comment
 * @param column what the user asked for: a header's name, or a number from 1
 * @throws {UsageError} when the column cannot be told
 */
export function planColumn(firstLine: string, column?: string): ColumnPlan {
  const delimiter = DELIMITERS.find((each) => firstLine.includes(each))
  if (column !== undefined) return planNamedColumn(firstLine, delimiter ?? ',', column)
  if (delimiter === undefined) {
    return { kind: 'whole-line', skipFirst: HEADER_NAMES.some((name) => name.test(firstLine.trim())) }
  }
  const values = splitValues(firstLine, delimiter).map((value) => value.trim())
  for (const name of HEADER_NAMES) {
    const index = values.findIndex((value) => name.test(value))
    if (index >= 0) return { kind: 'column', index, delimiter, skipFirst: true }
  }
  const index = values.findIndex(isUsualToken)
  if (index >= 0) return { kind: 'column', index, delimiter, skipFirst: false }
  throw new UsageError(
    `no column of ${shorten(firstLine)} is named like a token or holds one; name it with --column`,
  )
}

function planNamedColumn(firstLine: string, delimiter: string, column: string): ColumnPlan {
  const values = splitValues(firstLine, delimiter).map((value) => value.trim())
  const named = values.findIndex((value) => value.toLowerCase() === column.toLowerCase())
  if (named >= 0) return { kind: 'column', index: named, delimiter, skipFirst: true }
  if (!/^[1-9]\d*$/.test(column)) {
    throw new UsageError(`there is no column ${shorten(column)}; the first line is ${shorten(firstLine)}`)
  }
  const index = Number(column) - 1
  // A header is what holds no token where the lines below it do.
  const skipFirst = !('token' in readDeviceToken(values[index] ?? ''))
  return { kind: 'column', index, delimiter, skipFirst }
}

function isUsualToken(value: string): boolean {
  const reading = readDeviceToken(value)
  return 'token' in reading && reading.token.length >= USUAL_TOKEN_DIGITS
}

/** One value of a line; undefined when the line has not so many. */
export function valueAt(line: string, delimiter: string, index: number): string | undefined {
  // Without quotes there is nothing to parse; most lists have none.
  return line.includes('"') ? splitValues(line, delimiter)[index] : line.split(delimiter)[index]
}

/** The values of a line by RFC 4180: in quotes where needed, with a quote doubled. A value does not span lines. */
export function splitValues(line: string, delimiter: string): string[] {
  const values: string[] = []
  let at = 0
  while (at <= line.length) {
    const quoted = line[at] === '"' ? closingQuote(line, at + 1) : -1
    if (quoted >= 0) values.push(line.slice(at + 1, quoted).replaceAll('""', '"'))
    const from = quoted >= 0 ? quoted + 1 : at
    const end = line.indexOf(delimiter, from)
    const stop = end < 0 ? line.length : end
    if (quoted < 0) values.push(line.slice(at, stop))
    at = stop + 1
  }
  return values
}

function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at
  }
  return -1
}
