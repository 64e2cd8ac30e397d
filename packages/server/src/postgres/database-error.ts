import { OutboxError, type OutboxErrorCode } from '../outbox/outbox-error.js'

/**
 * SQLSTATEs (PostgreSQL's manual, appendix A) that are about the database rather than the statement, and what they mean to
 * us; the first two characters are a class, and the longest that fits counts.
 */
const MEANINGS: Readonly<Record<string, readonly [OutboxErrorCode, string]>> = {
  '08': ['STORE_UNAVAILABLE', 'the connection to it failed'],
  '22021': ['BAD_ARGUMENT', 'its texts cannot have the character U+0000'],
  '22P05': ['BAD_ARGUMENT', 'its texts cannot have the character U+0000'],
  '25006': ['STORE_READ_ONLY', 'it takes no writes: it is a replica, or was made read-only'],
  '28': ['STORE_UNAVAILABLE', 'it refused our name or password'],
  '3D000': ['STORE_UNAVAILABLE', 'it has no such database; create it first'],
  '3F000': ['STORE_UNAVAILABLE', 'the schema apns_worker is not there'],
  '40': ['STORE_BUSY', 'others were changing the same at the same time, again and again'],
  '42501': ['STORE_UNAVAILABLE', 'our role lacks a privilege'],
  '53': ['STORE_UNAVAILABLE', 'it is short of resources'],
  '53100': ['STORE_FULL', 'its disk is full'],
  '53300': ['STORE_BUSY', 'it has too many connections already'],
  '54': ['STORE_UNAVAILABLE', 'a limit of the database was exceeded'],
  '55': ['STORE_BUSY', 'what we need is locked'],
  '57014': ['STORE_BUSY', 'a statement took too long and was ended'],
  '57': ['STORE_UNAVAILABLE', 'it is being shut down, started or restarted'],
  '58': ['STORE_UNAVAILABLE', 'its machine failed to read or write'],
  XX001: ['STORE_CORRUPT', 'it is damaged'],
  XX002: ['STORE_CORRUPT', 'an index of it is damaged'],
}

/** They end the connection, or say that another one may have more luck. */
const ABOUT_CONNECTION = /^(?:08|25006|53300|57(?!014))/

/** Worth doing again from the beginning: others were in the way. */
const IN_THE_WAY = /^(?:40001|40P01|55P03)$/

/** No class begins with an E; Node's EPIPE has five characters too. */
const SQLSTATE = /^(?!E)[0-9A-Z]{5}$/

/** What the database says went wrong; undefined where it said nothing, and the connection failed. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && SQLSTATE.test(code) ? code : undefined
}

/** Whether the connection on which this happened is of no more use. What our own work threw says nothing of it. */
export function endsConnection(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined ? isConnectionFailure(error) : ABOUT_CONNECTION.test(state)
}

/** What PgBouncer says to whoever asks for a setting that it does not know to be the same for all. */
export function refusesSettings(error: unknown): boolean {
  return sqlStateOf(error) === '08P01' && String(error).includes('unsupported startup parameter')
}

export function isWorthRepeating(error: unknown): boolean {
  return IN_THE_WAY.test(sqlStateOf(error) ?? '')
}

/**
 * What the client threw, as an {@link OutboxError}. The password is nowhere in it.
 *
 * @returns the error as it is where it is ours, or a mistake in this program
 */
export function databaseError(error: unknown): unknown {
  if (error instanceof OutboxError) return error
  const state = sqlStateOf(error)
  if (state !== undefined) {
    const meaning = MEANINGS[state] ?? MEANINGS[state.slice(0, 2)]
    if (meaning === undefined) return error
    return new OutboxError(meaning[0], `the database: ${meaning[1]} (SQLSTATE ${state})`, { cause: error })
  }
  if (isPoolExhausted(error)) {
    return new OutboxError(
      'STORE_BUSY',
      'all of this process’s connections to the database are in use; raise maxConnections, or look for what is slow',
      { cause: error },
    )
  }
  if (!isConnectionFailure(error)) return error
  return new OutboxError('STORE_UNAVAILABLE', `the database cannot be reached: ${textOf(error)}`, {
    cause: error,
  })
}

/** Node's own errors have a code such as ECONNREFUSED; those of the client have none, and say it in words. */
const CLIENTS_WORDS =
  /^(?:Connection terminated|Client was closed|Client has encountered a connection error|timeout expired|Query read timeout|The server does not support SSL|SASL|self-signed certificate|Cannot use a pool)/

function isConnectionFailure(error: unknown): boolean {
  if (error instanceof AggregateError) return true
  if (!(error instanceof Error) || error instanceof OutboxError) return false
  if ('code' in error && typeof error.code === 'string') return true
  return CLIENTS_WORDS.test(error.message)
}

/** What the pool says to whoever has waited for another's connection for too long: nothing is wrong with any of them. */
function isPoolExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError) return textOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
