import { ApiProblem } from '../problem/api-problem.js'

/** Far more than any payload of Apple's has; nothing here recurses deeper. */
const MAX_DEPTH = 64
/** Integers with as many digits as this are exact, whatever they are. */
const EXACT_DIGITS = 15

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/**
 * Reads JSON, and refuses what most readers take without a word and lose or change: keys that an object has twice, numbers
 * that a double does not hold (RFC 8259, sections 4 and 6), and `__proto__`.
 *
 * @throws {ApiProblem} `MALFORMED_JSON`
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const { message } = error as SyntaxError
    throw new ApiProblem('MALFORMED_JSON', `the body is not JSON: ${withoutContent(message)}`, {
      cause: error,
    })
  }
  scan(text)
  return value
}

/** Newer versions of Node quote the text, which may have tokens in it. */
function withoutContent(message: string): string {
  const position = /position \d+/.exec(message)
  return position === null
    ? 'it ends too early, or is no JSON at all'
    : `unexpected character at ${position[0]}`
}

/** Looks through a text that is JSON. */
function scan(text: string): void {
  // The keys of each object that is open; undefined for an array.
  const open: (Set<string> | undefined)[] = []
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at)
        if (isKey) enter(open.at(-1), text.slice(at, end + 1))
        isKey = false
        at = end
        break
      }
      case 0x7b:
        open.push(new Set())
        isKey = true
        break
      case 0x5b:
        open.push(undefined)
        isKey = false
        break
      case 0x7d:
      case 0x5d:
        open.pop()
        isKey = false
        break
      case COMMA:
        isKey = open.at(-1) !== undefined
        break
      default:
        if (isDigit(text.charCodeAt(at))) at = endOfNumber(text, at)
    }
    if (open.length > MAX_DEPTH) refuse(`it is nested more than ${MAX_DEPTH} deep`)
  }
}

function enter(keys: Set<string> | undefined, quoted: string): void {
  const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  if (key === '__proto__') refuse('the key __proto__ is not taken')
  if (keys?.has(key) === true) refuse(`an object has the key ${JSON.stringify(shortened(key))} twice`)
  keys?.add(key)
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++
    if (escapes % 2 === 0) return end
  }
}

/** @returns where its last character is */
function endOfNumber(text: string, start: number): number {
  let end = start
  while (isInNumber(text.charCodeAt(end))) end++
  const digits = text.slice(start, end)
  if (!isKept(digits)) {
    refuse(`the number ${shortened(digits)} is too large to be kept as it is; send it as a string`)
  }
  return end - 1
}

/** A fraction is rounded by whoever reads it; an integer that is written in another way afterwards was an id. */
function isKept(digits: string): boolean {
  const value = Number(digits)
  if (!Number.isFinite(value)) return false
  return digits.length <= EXACT_DIGITS || !/^-?\d+$/.test(digits) || String(value) === digits
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isInNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x45 || code === 0x65 || code === 0x2b || code === 0x2d
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function refuse(why: string): never {
  throw new ApiProblem('MALFORMED_JSON', `the body is not taken: ${why}`)
}
