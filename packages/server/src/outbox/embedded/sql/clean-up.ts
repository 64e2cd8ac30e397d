import { MESSAGE } from '../../states.js'
import type { RetireCall } from '../../store-calls.js'
import type { Database, Statement } from '../database.js'

/** So that no step takes long. */
const MESSAGES_AT_ONCE = 200
const ROWS_AT_ONCE = 2000
const BATCHES_AT_ONCE = 200

/** Removes messages: what is old is marked as purged, and what is purged goes bit by bit. */
export class CleanUp {
  readonly #retire: Statement
  readonly #forgetKeys: Statement
  readonly #purged: Statement<{ id: number }>
  readonly #batches: Statement<{ id: number }>
  readonly #deleteBatch: Statement
  readonly #deleteTokens: Statement
  readonly #deleteOutcomes: Statement
  readonly #deleteReasons: Statement
  readonly #deleteMessage: Statement

  constructor(database: Database) {
    this.#retire = database.prepare(`
      UPDATE messages SET state = ${MESSAGE.purged} WHERE id IN (
        SELECT id FROM messages WHERE finished_at IS NOT NULL AND finished_at <= ? AND state <> ${MESSAGE.purged}
        LIMIT ${MESSAGES_AT_ONCE})`)
    this.#forgetKeys = database.prepare(`
      DELETE FROM idempotency WHERE (app_id, key) IN (
        SELECT app_id, key FROM idempotency WHERE created_at <= ? LIMIT ${ROWS_AT_ONCE})`)
    this.#purged = database.prepare(
      `SELECT id FROM messages WHERE state = ${MESSAGE.purged} LIMIT ${MESSAGES_AT_ONCE}`,
    )
    this.#batches = database.prepare(`SELECT id FROM batches WHERE message_id = ? LIMIT ${BATCHES_AT_ONCE}`)
    this.#deleteBatch = database.prepare('DELETE FROM batches WHERE id = ?')
    this.#deleteTokens = database.prepare('DELETE FROM tokens WHERE batch_id = ?')
    this.#deleteOutcomes = database.prepare(`
      DELETE FROM outcomes WHERE sequence IN (
        SELECT sequence FROM outcomes WHERE message_id = ? LIMIT ${ROWS_AT_ONCE})`)
    this.#deleteReasons = database.prepare('DELETE FROM reasons WHERE message_id = ?')
    this.#deleteMessage = database.prepare('DELETE FROM messages WHERE id = ?')
  }

  /** Marks some of what is old. @returns how many messages and keys; 0 when there are no more */
  retire({ finishedBefore, keysBefore }: RetireCall): { messages: number; keys: number } {
    return {
      messages: Number(this.#retire.run(finishedBefore).changes),
      keys: Number(this.#forgetKeys.run(keysBefore).changes),
    }
  }

  /** Removes some of what is marked. @returns whether there is more */
  removePurged(): boolean {
    let left = ROWS_AT_ONCE
    for (const { id } of this.#purged.all()) {
      if (left <= 0) return true
      const outcomes = Number(this.#deleteOutcomes.run(id).changes)
      const batches = this.#batches.all(id)
      for (const batch of batches) {
        this.#deleteBatch.run(batch.id)
        this.#deleteTokens.run(batch.id)
      }
      left -= outcomes + batches.length
      if (outcomes === ROWS_AT_ONCE || batches.length === BATCHES_AT_ONCE) return true
      this.#deleteReasons.run(id)
      this.#deleteMessage.run(id)
      left--
    }
    return this.#purged.get() !== undefined
  }
}
