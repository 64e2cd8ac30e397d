import { OUTCOME_STATUSES, type OutcomeStatus } from '../../outbox.js'
import { type PackedTokens, tokenAt } from '../../packed-tokens.js'
import { SettledSet } from '../../settled-set.js'
import { type Settling, settle } from '../../settling.js'
import { MESSAGE } from '../../states.js'
import type { Database, Statement } from '../database.js'
import type { BatchRow } from './batch-row.js'
import type { DeadTokenTables } from './dead-token-tables.js'
import type { Depth } from './depth.js'
import { ENTER_RECENT, recentParameters } from './recent-progress.js'

/** What is left of a message. */
interface Left {
  readonly pending: number
  readonly state: number
}

const LEFT = `total - (${OUTCOME_STATUSES.join(' + ')}) AS pending, state`

/** Writes outcomes: the batch's set, the message's counts, and the rows of those that are kept. */
export class Settlement {
  readonly #depth: Depth
  readonly #deadTokens: DeadTokenTables
  readonly #count: Statement<Left>
  readonly #left: Statement<Left>
  readonly #finish: Statement
  readonly #countReason: Statement
  readonly #keep: Statement
  readonly #tokens: Statement<{ bytes: Uint8Array }>
  readonly #update: Statement
  readonly #deleteBatch: Statement
  readonly #deleteTokens: Statement

  constructor(database: Database, depth: Depth, deadTokens: DeadTokenTables) {
    this.#depth = depth
    this.#deadTokens = deadTokens
    this.#count = database.prepare(`
      UPDATE messages SET ${ENTER_RECENT},
        ${OUTCOME_STATUSES.map((status) => `${status} = ${status} + ?`).join(', ')}
      WHERE id = ?
      RETURNING ${LEFT}`)
    this.#left = database.prepare(`SELECT ${LEFT} FROM messages WHERE id = ?`)
    this.#finish = database.prepare('UPDATE messages SET finished_at = ?, state = ? WHERE id = ?')
    this.#countReason = database.prepare(`
      INSERT INTO reasons (message_id, reason, count) VALUES (?, ?, ?)
      ON CONFLICT (message_id, reason) DO UPDATE SET count = count + excluded.count`)
    this.#keep = database.prepare(`
      INSERT INTO outcomes (message_id, token_index, status, recorded_at, timestamp, reason, token)
      VALUES (?, ?, ?, ?, ?, ?, ?)`)
    this.#tokens = database.prepare('SELECT bytes FROM tokens WHERE batch_id = ?')
    this.#update = database.prepare('UPDATE batches SET pending = ?, settled = ? WHERE id = ?')
    this.#deleteBatch = database.prepare('DELETE FROM batches WHERE id = ?')
    this.#deleteTokens = database.prepare('DELETE FROM tokens WHERE batch_id = ?')
  }

  /**
   * Settles tokens of a batch; those that are settled are left as they are.
   *
   * @returns how many of the batch are not settled
   */
  settle(batch: BatchRow, settlings: readonly Settling[], now: number): number {
    const { set, newly, counts, reasons, kept, dead } = settle(
      { ...batch, keepsAll: batch.keep_all === 1 },
      settlings,
    )
    if (newly === 0) return batch.pending
    if (kept.length > 0 || dead.length > 0) {
      const tokens = this.tokensOf(batch)
      for (const each of dead) this.#bury(batch, tokens, each, now)
      for (const each of kept) this.#keepEach(batch, tokens, each, now)
    }
    for (const [reason, count] of reasons) this.#countReason.run(batch.message_id, reason, count)
    const pending = batch.pending - newly
    if (pending === 0) this.deleteBatch(batch.id)
    else this.#update.run(pending, set.bytes, batch.id)
    this.#depth.add(batch.app_id, -newly)
    this.#countAll(batch.message_id, counts, now)
    return pending
  }

  /** Settles all tokens of a batch that are not. */
  settleRest(batch: BatchRow, status: OutcomeStatus, reason: string | undefined, now: number): void {
    const indices = new SettledSet(batch.count, batch.settled).missing()
    this.settle(batch, [{ indices, status, reason }], now)
  }

  tokensOf(batch: Pick<BatchRow, 'id' | 'count' | 'token_bytes'>): PackedTokens {
    const bytes = this.#tokens.get(batch.id)?.bytes
    if (bytes === undefined) throw new Error(`batch ${batch.id} has no tokens`)
    return { count: batch.count, tokenBytes: batch.token_bytes, bytes }
  }

  deleteBatch(batchId: number): void {
    this.#deleteBatch.run(batchId)
    this.#deleteTokens.run(batchId)
  }

  /** Finishes a message that has no token without an outcome, unless it may still get some. */
  finishIfDone(messageId: number, now: number): void {
    this.#finishWhere(messageId, this.#left.get(messageId), now)
  }

  #bury(
    batch: BatchRow,
    tokens: PackedTokens,
    { indices, reason = '', timestampMs }: Settling,
    now: number,
  ): void {
    for (const index of indices) {
      const token = tokenAt(tokens, index)
      const death = {
        appId: batch.app_id,
        token,
        timestampMs: timestampMs ?? now,
        reason,
        messageUuid: batch.uuid,
      }
      this.#deadTokens.add(death, now)
    }
  }

  #keepEach(
    batch: BatchRow,
    tokens: PackedTokens,
    { indices, status, reason, timestampMs }: Settling,
    now: number,
  ): void {
    for (const index of indices) {
      this.#keep.run(
        batch.message_id,
        batch.first_index + index,
        OUTCOME_STATUSES.indexOf(status),
        now,
        timestampMs ?? null,
        reason ?? null,
        tokenAt(tokens, index),
      )
    }
  }

  #countAll(messageId: number, counts: ReadonlyMap<OutcomeStatus, number>, now: number): void {
    const added = OUTCOME_STATUSES.map((status) => counts.get(status) ?? 0)
    const sum = added.reduce((left, right) => left + right)
    this.#finishWhere(messageId, this.#count.get(...recentParameters(now, sum), ...added, messageId), now)
  }

  #finishWhere(messageId: number, left: Left | undefined, now: number): void {
    if (left === undefined || left.pending > 0 || left.state === MESSAGE.open) return
    this.#finish.run(now, left.state === MESSAGE.queued ? MESSAGE.done : left.state, messageId)
  }
}
