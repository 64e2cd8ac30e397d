import type Client from 'pg'
import { OutboxError } from '../outbox/outbox-error.js'

export type PostgresClient = typeof Client

/**
 * PostgreSQL's client, which is loaded only where it is used.
 *
 * @throws {OutboxError} `STORE_UNAVAILABLE` when it is not installed
 */
export async function loadClient(): Promise<PostgresClient> {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw new OutboxError(
      'STORE_UNAVAILABLE',
      'a shared outbox needs the package pg, which is not installed: npm install pg',
      { cause },
    )
  }
}
