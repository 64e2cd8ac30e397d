import type { PostgresOutboxConfig } from '../config/server-config.js'
import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'
import type { Session } from '../postgres/statement.js'
import { ServerError } from './server-error.js'

/** An outbox that is shared; with the database where those meet who share it, where there is one. */
export type OpenedOutbox = Outbox & { readonly database?: Session }

/** Opens an outbox that is shared. @throws {OutboxError} with one of the `STORE_` codes */
export type OpenOutbox = (config: PostgresOutboxConfig) => Promise<OpenedOutbox>

/**
 * On PostgreSQL. Nothing of it is loaded before.
 *
 * @throws {ServerError} `PACKAGE_MISSING`
 */
export const openPostgres: OpenOutbox = async (config) => {
  const { openPostgresOutbox } = await import('../outbox/postgres/postgres-outbox.js')
  try {
    return await openPostgresOutbox(config)
  } catch (error) {
    if (!isMissingPackage(error)) throw error
    throw new ServerError(
      'PACKAGE_MISSING',
      'the configuration has an outbox, which needs the package pg: npm install pg',
      { cause: error },
    )
  }
}

/** It is an optional dependency, and may have been left out. */
function isMissingPackage(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
}

/** Errors that another attempt would end with as well. */
const FINAL: ReadonlySet<string> = new Set(['STORE_FOREIGN', 'STORE_TOO_NEW', 'BAD_ARGUMENT'])

/** Whether there is no use in trying to open it again: it is not the database that is away. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof OutboxError) || FINAL.has(error.code)
}
