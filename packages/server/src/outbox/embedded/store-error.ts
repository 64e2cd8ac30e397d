import { OutboxError, type OutboxErrorCode } from '../outbox-error.js'

/** SQLite's primary result codes (sqlite.org/rescode.html) that are about the file, and what they mean to us. */
const MEANINGS: Readonly<Record<number, readonly [OutboxErrorCode, string]>> = {
  5: ['STORE_BUSY', 'another process has been writing to it for too long'],
  6: ['STORE_BUSY', 'it is locked'],
  8: ['STORE_READ_ONLY', 'it may not be written to; look at its permissions, and those of its folder'],
  10: ['STORE_UNAVAILABLE', 'the disk failed to read or write'],
  11: ['STORE_CORRUPT', 'it is damaged; put it aside, and restore a copy or start with a new one'],
  13: ['STORE_FULL', 'the disk is full, or the file as large as it may become'],
  14: ['STORE_UNAVAILABLE', 'it cannot be opened; look whether its folder exists, and at the permissions'],
  23: ['STORE_UNAVAILABLE', 'access to it was denied'],
  26: ['STORE_CORRUPT', 'it is not a database, or damaged'],
}

/**
 * What a driver threw, as an {@link OutboxError}.
 *
 * @returns the error as it is where it is ours, or says nothing about the file: a mistake in this program
 */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof OutboxError) return error
  const code = resultCode(error)
  const meaning = code === undefined ? undefined : MEANINGS[code & 0xff]
  if (meaning === undefined) return error
  return new OutboxError(meaning[0], `the store ${path}: ${meaning[1]}`, { cause: error })
}

/** Each driver has its own place for SQLite's number; libsql has none but its text when a file cannot be opened. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { errcode, rawCode } = error as { errcode?: unknown; rawCode?: unknown }
  if (typeof errcode === 'number') return errcode
  if (typeof rawCode === 'number') return rawCode
  const said = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error.message)?.[1]
  return said === undefined ? undefined : Number(said)
}
