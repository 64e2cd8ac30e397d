import { OutboxError } from '../outbox/outbox-error.js'
import type { Database } from './database.js'
import { sqlStateOf } from './database-error.js'
import { ENQUEUE_FUNCTION } from './enqueue-function.js'
import { SCHEMA_1 } from './schema-1.js'
import type { Session, Statement } from './statement.js'

/** Each takes the schema from the version that is its index to the next. Never changed once released: add one. */
const MIGRATIONS: readonly string[] = [SCHEMA_1, ENQUEUE_FUNCTION]

export const SCHEMA_VERSION: number = MIGRATIONS.length

const MAKE_ROOM: Statement<[]> = {
  text: 'CREATE SCHEMA apns_worker',
}
const MAKE_VERSION_TABLE: Statement<[]> = {
  text: `CREATE TABLE apns_worker.schema_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version integer NOT NULL
  )`,
}
const MAKE_VERSION: Statement<[]> = { text: 'INSERT INTO apns_worker.schema_version (version) VALUES (0)' }
const FIND: Statement<[], { schemas: number; tables: number }> = {
  text: `SELECT
    (SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'apns_worker') AS schemas,
    (SELECT count(*) FROM information_schema.tables
      WHERE table_schema = 'apns_worker' AND table_name = 'schema_version') AS tables`,
}
const LOCK_VERSION: Statement<[], { version: number }> = {
  text: 'SELECT version FROM apns_worker.schema_version FOR UPDATE',
}
const READ_VERSION: Statement<[], { version: number }> = {
  text: 'SELECT version FROM apns_worker.schema_version',
}
const WRITE_VERSION: Statement<[version: number]> = {
  text: 'UPDATE apns_worker.schema_version SET version = $1',
}

/** Another process made the same at the same time: its transaction was first. */
const MADE_BY_ANOTHER = /^(?:23505|42P06|42P07|42710)$/

/**
 * Brings the schema up to date, in one transaction: of several processes that find an old one, one does it. Needs no privilege
 * to change the schema where there is nothing to change.
 *
 * @throws {OutboxError} `STORE_TOO_NEW`, and what a transaction throws
 */
export async function migrate(database: Database): Promise<void> {
  if ((await versionOf(database)) === SCHEMA_VERSION) return
  try {
    await database.transaction((session) => migrateOn(session))
  } catch (error) {
    const state = sqlStateOf(error)
    if (state === undefined || !MADE_BY_ANOTHER.test(state)) throw error
    await database.transaction((session) => migrateOn(session))
  }
}

async function versionOf(session: Session): Promise<number> {
  if (((await session.run(FIND))[0]?.tables ?? 0) === 0) return 0
  const version = (await session.run(READ_VERSION))[0]?.version ?? 0
  if (version > SCHEMA_VERSION) {
    throw new OutboxError(
      'STORE_TOO_NEW',
      `the database has schema ${version}, and this program knows none after ${SCHEMA_VERSION}: run the newer program that wrote it`,
    )
  }
  return version
}

async function migrateOn(session: Session): Promise<void> {
  const [found] = await session.run(FIND)
  if (found === undefined || found.tables === 0) {
    // Whoever may not make a schema finds one that was made for it.
    if (found?.schemas !== 1) await session.run(MAKE_ROOM)
    await session.run(MAKE_VERSION_TABLE)
    await session.run(MAKE_VERSION)
  }
  const version = (await session.run(LOCK_VERSION))[0]?.version ?? 0
  for (const text of MIGRATIONS.slice(version)) {
    // Several statements in one are possible where there are no parameters.
    const migration: Statement<[]> = { text }
    await session.run(migration)
  }
  if (version < SCHEMA_VERSION) await session.run(WRITE_VERSION, SCHEMA_VERSION)
}
