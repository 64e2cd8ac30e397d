import { loadLibsql } from './libsql-driver.js'

export type SqlValue = string | number | Uint8Array | null
export type Row = Readonly<Record<string, SqlValue>>

/** A statement that was prepared once, with `?` for its parameters. `Result` is what whoever wrote the SQL knows of its rows. */
export interface Statement<Result = Row> {
  run(...parameters: SqlValue[]): { readonly changes: number | bigint }
  get(...parameters: SqlValue[]): Result | undefined
  all(...parameters: SqlValue[]): Result[]
}

/** As much of SQLite as we use; both drivers are like that. Synchronous: it lives in a thread of its own. */
export interface Database {
  exec(sql: string): unknown
  prepare<Result = Row>(sql: string): Statement<Result>
  close(): unknown
}

export type DriverName = 'node:sqlite' | 'libsql'

export type DatabaseConstructor = new (path: string) => Database

/** Node's own SQLite where it has one (from 22.13), which needs no package. */
function nodeSqlite(): DatabaseConstructor | undefined {
  try {
    // By the type of our Node 20 it does not exist.
    const loaded = process.getBuiltinModule('node:sqlite' as 'node:module') as unknown
    return (loaded as { DatabaseSync: DatabaseConstructor } | undefined)?.DatabaseSync
  } catch {
    return undefined
  }
}

const drivers: Readonly<Record<DriverName, () => DatabaseConstructor | undefined>> = {
  'node:sqlite': nodeSqlite,
  libsql: loadLibsql,
}

/** Those that can be used here, the preferred one first. */
export function availableDrivers(): DriverName[] {
  return (['node:sqlite', 'libsql'] as const).filter((name) => drivers[name]() !== undefined)
}

/** @throws {Error} when there is no driver */
export function connect(path: string, driver: DriverName | undefined = availableDrivers()[0]): Database {
  const found = driver === undefined ? undefined : drivers[driver]()
  if (found === undefined) {
    throw new Error(
      `there is no ${driver ?? 'SQLite'} here: use Node 22.13 or newer, or install the package libsql`,
    )
  }
  return new found(path)
}

/** Ends a transaction that failed. SQLite may have ended it already, after a full disk for one. */
export function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    // There was none any more.
  }
}
