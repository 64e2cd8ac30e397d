import { type PackedTokens, tokenAt } from '../../packed-tokens.js'
import type { SettledSet } from '../../settled-set.js'
import type { Database, Statement } from '../database.js'
import type { TokenFilter } from '../token-filter.js'
import type { BatchRow } from './batch-row.js'
import type { DeadTokenTables } from './dead-token-tables.js'

const ROWS_AT_ONCE = 10_000

/**
 * Which tokens of a batch are on the list of those that nothing is sent to. The list may be long, and mostly has none of a
 * batch's: a filter in memory answers for nearly all of them. It follows the list, whichever process adds to it: what was
 * on the list when a transaction began, or came there in it, is found.
 */
export class Suppression {
  readonly #tables: DeadTokenTables
  readonly #filter: TokenFilter
  readonly #news: Statement<{ sequence: number; app_id: number; token: Uint8Array }>
  readonly #find: Statement<{ sequence: number }>
  /** Of what is committed: a transaction that is rolled back gives its numbers to others. */
  #seen = 0

  /** @param filter that the tables tell of what they add themselves */
  constructor(database: Database, tables: DeadTokenTables, filter: TokenFilter) {
    this.#tables = tables
    this.#filter = filter
    this.#news = database.prepare(
      `SELECT sequence, app_id, token FROM suppressed WHERE sequence > ? ORDER BY sequence LIMIT ${ROWS_AT_ONCE}`,
    )
    this.#find = database.prepare('SELECT sequence FROM suppressed WHERE app_id = ? AND token = ?')
    const count =
      database.prepare<{ count: number }>('SELECT count(*) AS count FROM suppressed').get()?.count ?? 0
    if (count > 0) this.#filter.reserve(2 * count)
    this.follow()
  }

  /** Learns what has come on the list since the last time. To be called before a transaction writes, and at no other time. */
  follow(): void {
    for (;;) {
      const rows = this.#news.all(this.#seen)
      for (const { app_id: appId, token } of rows) this.#filter.add(appId, token, 0, token.length)
      this.#seen = rows.at(-1)?.sequence ?? this.#seen
      if (rows.length < ROWS_AT_ONCE) return
    }
  }

  /** Indices in the batch of its tokens without an outcome that are on the list. */
  suppressedIn(batch: BatchRow, tokens: PackedTokens, settled: SettledSet): number[] {
    if (this.#filter.isEmpty || batch.ignore_suppression === 1) return []
    return this.#candidates(batch.app_id, tokens).filter(
      (index) => !settled.has(index) && this.#find.get(batch.app_id, tokenAt(tokens, index)) !== undefined,
    )
  }

  /** Takes tokens off the list that were registered after they had been declared dead. */
  registered(appId: number, tokens: PackedTokens, registeredAtMs: number | undefined): void {
    const each = tokens.registeredAtMs
    if (each === undefined && registeredAtMs === undefined) return
    if (this.#filter.isEmpty) return
    for (const index of this.#candidates(appId, tokens)) {
      const moment = each?.[index] || registeredAtMs
      if (moment !== undefined) this.#tables.free(appId, tokenAt(tokens, index), moment)
    }
  }

  #candidates(appId: number, { bytes, count, tokenBytes }: PackedTokens): number[] {
    const found: number[] = []
    let start = 0
    for (let index = 0; index < count; index++) {
      const from = tokenBytes > 0 ? start : start + 1
      const end = from + (tokenBytes > 0 ? tokenBytes : (bytes[start] ?? 0))
      if (this.#filter.mayHave(appId, bytes, from, end)) found.push(index)
      start = end
    }
    return found
  }
}
