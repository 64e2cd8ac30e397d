import { createRequire } from 'node:module'
import type { Database, DatabaseConstructor, SqlValue, Statement } from './database.js'

interface LibsqlStatement {
  run(parameters: readonly SqlValue[]): { readonly changes: number }
  get(parameters: readonly SqlValue[]): Record<string, unknown> | undefined
  all(parameters: readonly SqlValue[]): Record<string, unknown>[]
}

interface LibsqlDatabase {
  exec(sql: string): unknown
  prepare(sql: string): LibsqlStatement
  close(): unknown
}

type LibsqlConstructor = new (path: string) => LibsqlDatabase

/** libsql: SQLite by another maker, with the same file format. An optional dependency; undefined where it is missing. */
export function loadLibsql(): DatabaseConstructor | undefined {
  let Libsql: LibsqlConstructor
  try {
    // Its own types are those of another library.
    Libsql = createRequire(import.meta.url)('libsql') as LibsqlConstructor
  } catch {
    return undefined
  }
  return class implements Database {
    readonly #database: LibsqlDatabase

    constructor(path: string) {
      this.#database = new Libsql(path)
    }

    exec(sql: string): void {
      this.#database.exec(sql)
    }

    prepare<Result>(sql: string): Statement<Result> {
      return adapt(() => this.#database.prepare(sql))
    }

    close(): void {
      this.#database.close()
    }
  }
}

/**
 * Where libsql 0.5 differs: a lone blob is taken for named parameters, and aborts the process, so parameters go as an
 * array; a statement that failed gives its error once more at its next use, so it is prepared anew.
 */
function adapt<Result>(prepare: () => LibsqlStatement): Statement<Result> {
  let statement = prepare()
  const use = <Answer>(ask: (statement: LibsqlStatement) => Answer): Answer => {
    try {
      return ask(statement)
    } catch (error) {
      statement = prepare()
      throw error
    }
  }
  return {
    run: (...parameters) => use((statement) => statement.run(parameters)),
    // What a row holds is what whoever wrote the SQL says it holds.
    get: (...parameters) => use((statement) => statement.get(parameters)) as Result | undefined,
    all: (...parameters) => use((statement) => statement.all(parameters)).map(withBlobs) as Result[],
  }
}

/** `all`, unlike `get`, gives blobs as `ArrayBuffer`. */
function withBlobs(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    const value = row[name]
    if (value instanceof ArrayBuffer) row[name] = new Uint8Array(value)
  }
  return row
}
