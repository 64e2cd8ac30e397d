import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Outbox, openEmbeddedOutbox, openPostgresOutbox } from '@apns-worker/server'
import { connect } from '#src/outbox/embedded/database.js'
import type { Folder } from '../../operations/folder.js'
import type { PostgresServer } from '../../postgres/postgres-server.js'
import type { CrashPlan } from './crash-plan.js'

export type Rows = readonly Readonly<Record<string, unknown>>[]

/** A store whose users are killed, and how to look into it behind their backs. */
export interface CrashStore {
  readonly place: Pick<CrashPlan, 'path' | 'url'>
  open(nowMs: number): Promise<Outbox>
  /** The tables are named without their schema. */
  read(sql: string): Promise<Rows>
  /** Whether the store is sound, and nothing is left in it of what was sent. */
  assertThrough(): Promise<void>
}

export function embeddedCrashStore(path: string): CrashStore {
  const read = async (sql: string): Promise<Rows> => {
    const database = connect(path)
    const rows = database.prepare(sql).all()
    database.close()
    return rows
  }
  return {
    place: { path },
    open: (nowMs) => openEmbeddedOutbox({ path, now: () => nowMs }),
    read,
    assertThrough: async () => {
      const checked = await read('PRAGMA integrity_check')
      assert.deepEqual(
        checked.map((row) => row['integrity_check']),
        ['ok'],
      )
      await assertEmpty(read, ['batches', 'tokens'])
    },
  }
}

/** @param folder for the reports */
export async function postgresCrashStore(server: PostgresServer, folder: Folder): Promise<CrashStore> {
  const name = await server.createDatabase()
  const url = server.url(name)
  await server.query(`ALTER DATABASE ${name} SET search_path = apns_worker`)
  const read = (sql: string): Promise<Rows> => server.query(sql, [], name)
  return {
    place: { path: join(folder.path, name), url },
    open: (nowMs) => openPostgresOutbox({ url, now: () => nowMs }),
    read,
    assertThrough: () => assertEmpty(read, ['batches']),
  }
}

async function assertEmpty(read: CrashStore['read'], tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    assert.deepEqual(await read(`SELECT 1 FROM ${table} LIMIT 1`), [], table)
  }
}
