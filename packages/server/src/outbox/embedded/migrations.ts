import { OutboxError } from '../outbox-error.js'
import { type Database, rollBack } from './database.js'
import { SCHEMA_1 } from './sql/schema-1.js'
import { SCHEMA_2 } from './sql/schema-2.js'
import { SCHEMA_3 } from './sql/schema-3.js'

/** "apnw": tells our files from other programs' (`PRAGMA application_id`). */
const APPLICATION_ID = 0x61706e77

/** Each takes the schema from the version that is its index to the next. Never changed once released: add one. */
const MIGRATIONS: readonly string[] = [SCHEMA_1, SCHEMA_2, SCHEMA_3]

export const SCHEMA_VERSION: number = MIGRATIONS.length

/**
 * Brings the store to the present schema, in one transaction: of two processes that open an old file, one does it.
 *
 * @throws {OutboxError} `STORE_TOO_NEW`, `STORE_FOREIGN`
 */
export function migrate(database: Database, path: string): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = checkedVersion(database, path)
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration)
    if (version < SCHEMA_VERSION) {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/**
 * The version of the store's schema; 0 for an empty file. Changes nothing.
 *
 * @throws {OutboxError} `STORE_TOO_NEW`, `STORE_FOREIGN`
 */
export function checkedVersion(database: Database, path: string): number {
  const version = pragma(database, 'user_version')
  checkOwnership(database, version, path)
  if (version <= SCHEMA_VERSION) return version
  throw new OutboxError(
    'STORE_TOO_NEW',
    `the store ${path} has schema ${version}, and this program knows none after ${SCHEMA_VERSION}: run the newer program that wrote it`,
  )
}

/** An empty file is nobody's yet. */
function checkOwnership(database: Database, version: number, path: string): void {
  const applicationId = pragma(database, 'application_id')
  if (applicationId === APPLICATION_ID) return
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']
  if (applicationId === 0 && version === 0 && tables === 0) return
  throw new OutboxError('STORE_FOREIGN', `the store ${path} is another program's database`)
}

function pragma(database: Database, name: string): number {
  // Both are integers in the file's header.
  return database.prepare(`PRAGMA ${name}`).get()?.[name] as number
}
