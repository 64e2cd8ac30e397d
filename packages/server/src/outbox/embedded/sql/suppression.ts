import { type PackedTokens, tokenAt } from '../../packed-tokens.js'
import { allUpTo, type SettledSet } from '../../settled-set.js'
import type { TokenFilter } from '../../token-filter.js'
import type { Database, Statement } from '../database.js'
import type { BatchRow } from './batch-row.js'
import type { DeadTokenTables } from './dead-token-tables.js'

/** As many are learnt before a transaction, in some milliseconds. */
const LEARNT_AT_ONCE = 20_000
/** How much of a filter's first layer is left for what is yet to come. */
const ROOM_TO_GROW = 1.25

interface LearntRow {
  readonly app_id: number
  readonly bytes: number
  readonly last: number
  readonly count: number
  readonly tokens: string
}

/**
 * Which tokens of a batch are on the list of those that nothing is sent to. The list may be long, and mostly has none of a
 * batch's: a filter in memory answers for nearly all of them. It follows the list, whichever process adds to it: what was
 * on the list when a transaction began, or came there in it, is found.
 *
 * A long list is learnt bit by bit, so that opening one takes no time; until all of it is known, each token is looked up.
 */
export class Suppression {
  readonly #tables: DeadTokenTables
  readonly #filter: TokenFilter
  readonly #news: Statement<LearntRow>
  readonly #find: Statement<{ sequence: number }>
  /** Of what is committed: a transaction that is rolled back gives its numbers to others. */
  #seen = 0
  #isBehind = true

  /** @param filter that the tables tell of what they add themselves */
  constructor(database: Database, tables: DeadTokenTables, filter: TokenFilter) {
    this.#tables = tables
    this.#filter = filter
    // A row for each token takes twice as long.
    this.#news = database.prepare(`
      SELECT app_id, length(token) AS bytes, max(sequence) AS last, count(*) AS count, group_concat(hex(token), '') AS tokens
      FROM (SELECT sequence, app_id, token FROM suppressed WHERE sequence > ? ORDER BY sequence LIMIT ${LEARNT_AT_ONCE})
      GROUP BY 1, 2`)
    this.#find = database.prepare('SELECT sequence FROM suppressed WHERE app_id = ? AND token = ?')
    const last = database
      .prepare<{ last: number | null }>('SELECT max(sequence) AS last FROM suppressed')
      .get()?.last
    if (last) this.#filter.reserve(Math.ceil(last * ROOM_TO_GROW))
  }

  /**
   * Learns what has come on the list since the last time, or some of it. Never to be called in a transaction that has
   * written already.
   *
   * @returns whether there is more
   */
  follow(): boolean {
    let learnt = 0
    for (const { app_id: appId, bytes, last, count, tokens } of this.#news.all(this.#seen)) {
      const all = Buffer.from(tokens, 'hex')
      for (let end = bytes; end <= all.length; end += bytes) this.#filter.add(appId, all, end - bytes, end)
      this.#seen = Math.max(this.#seen, last)
      learnt += count
    }
    this.#isBehind = learnt === LEARNT_AT_ONCE
    return this.#isBehind
  }

  /** Indices in the batch of its tokens without an outcome that are on the list. */
  suppressedIn(batch: BatchRow, tokens: PackedTokens, settled: SettledSet): number[] {
    if (batch.ignore_suppression === 1) return []
    return this.#candidates(batch.app_id, tokens).filter(
      (index) => !settled.has(index) && this.#find.get(batch.app_id, tokenAt(tokens, index)) !== undefined,
    )
  }

  /** Takes tokens off the list that were registered after they had been declared dead. */
  registered(appId: number, tokens: PackedTokens, registeredAtMs: number | undefined): void {
    const each = tokens.registeredAtMs
    if (each === undefined && registeredAtMs === undefined) return
    for (const index of this.#candidates(appId, tokens)) {
      const moment = each?.[index] || registeredAtMs
      if (moment !== undefined) this.#tables.free(appId, tokenAt(tokens, index), moment)
    }
  }

  #candidates(appId: number, tokens: PackedTokens): readonly number[] {
    if (this.#isBehind) return allUpTo(tokens.count)
    return this.#filter.isEmpty ? [] : this.#filter.candidates(appId, tokens)
  }
}
