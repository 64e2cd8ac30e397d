import { REASON } from '../../settling.js'
import { BATCH } from '../../states.js'
import type { Database, Statement } from '../database.js'
import { type BatchRow, SELECT_BATCH } from './batch-row.js'
import type { Settlement } from './settlement.js'

/** So that no call takes long; the others wait for the next. */
const EXPIRED_AT_ONCE = 256

/** Gives up what nobody may be handed any more. What is leased is its worker's to give up. */
export class Expiry {
  readonly #settlement: Settlement
  readonly #due: Statement<BatchRow>

  constructor(database: Database, settlement: Settlement) {
    this.#settlement = settlement
    this.#due = database.prepare(`
      ${SELECT_BATCH} WHERE b.give_up_at IS NOT NULL AND b.state <> ${BATCH.leased} AND b.give_up_at <= ?
      LIMIT ${EXPIRED_AT_ONCE}`)
  }

  /** @returns how many batches were given up; there may be more of them */
  expire(now: number): number {
    const batches = this.#due.all(now)
    for (const batch of batches) {
      this.#settlement.settleRest(batch, batch.in_doubt === 1 ? 'unknown' : 'expired', REASON.expired, now)
    }
    return batches.length
  }
}
