/** What a parameter may be. `undefined` is none of them: what is not there is `null`. */
export type SqlParameter =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly string[]
  | readonly number[]
  | readonly boolean[]
  | readonly (number | null)[]
  | readonly (string | null)[]
  | readonly Uint8Array[]

/**
 * A statement of SQL with what it takes (`$1` and so on) and what its rows are: known to whoever wrote it, and to nobody
 * else.
 */
export interface Statement<Parameters extends readonly SqlParameter[], Row = never> {
  readonly text: string
  /** Is never there: the types have to stand somewhere. */
  readonly types?: (...parameters: Parameters) => Row
}

/** Runs statements: each by itself, or all in one transaction. */
export interface Session {
  /** @throws {OutboxError} with one of the `STORE_` codes */
  run<Parameters extends readonly SqlParameter[], Row>(
    statement: Statement<Parameters, Row>,
    ...parameters: Parameters
  ): Promise<Row[]>
}
