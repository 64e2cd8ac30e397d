import { createHash } from 'node:crypto'

/** Of the format; another one gets another number, and this one is understood for ever. */
const VERSION = 1
/** Version, position, check: a multiple of three, so that base64 has one text for it. */
const POSITION_AT = 1
const CHECK_AT = 9
const BYTES = 12
const TEXT = /^[\w-]{16}$/

/** Before the first entry. */
export const START = 0

/**
 * A place in the log of dead tokens, as callers see it. It says nothing to them, so that it may mean something else one day;
 * the check tells it from other texts, typing errors and other lists' cursors among them.
 */
export function encodeCursor(position: number): string {
  const bytes = Buffer.alloc(BYTES)
  bytes[0] = VERSION
  bytes.writeBigUInt64BE(BigInt(position), POSITION_AT)
  checkOf(bytes).copy(bytes, CHECK_AT)
  return bytes.toString('base64url')
}

/** @returns undefined for what is no cursor of ours */
export function decodeCursor(text: string): number | undefined {
  if (!TEXT.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  if (bytes[0] !== VERSION || !checkOf(bytes).equals(bytes.subarray(CHECK_AT))) return undefined
  const position = Number(bytes.readBigUInt64BE(POSITION_AT))
  return Number.isSafeInteger(position) ? position : undefined
}

function checkOf(bytes: Buffer): Buffer {
  const hash = createHash('sha256').update('dead tokens').update(bytes.subarray(0, CHECK_AT))
  return hash.digest().subarray(0, BYTES - CHECK_AT)
}
