import type { BatchProgress, Lease, LeaseState, Release } from '../../outbox.js'
import { REASON, settlingsOf } from '../../settling.js'
import { BATCH } from '../../states.js'
import type { Database, Statement } from '../database.js'
import { type BatchRow, isCancelled, SELECT_BATCH } from './batch-row.js'
import type { Settlement } from './settlement.js'

/** How many leases one claim ends at most, so that it does not take long; the others wait for the next. */
const SWEPT_AT_ONCE = 256

/** What workers say of the batches that they hold, and what becomes of those of which nobody says anything any more. */
export class Leases {
  readonly #settlement: Settlement
  readonly #find: Statement<BatchRow>
  readonly #isPaused: Statement<{ paused: number }>
  readonly #renew: Statement
  readonly #giveBack: Statement
  readonly #over: Statement<BatchRow>
  readonly #ofOwner: Statement<BatchRow>

  constructor(database: Database, settlement: Settlement) {
    this.#settlement = settlement
    this.#find = database.prepare(`${SELECT_BATCH} WHERE b.id = ? AND b.fence = ?`)
    this.#isPaused = database.prepare(
      'SELECT outbox.paused OR apps.paused AS paused FROM outbox, apps WHERE apps.id = ?',
    )
    this.#renew = database.prepare('UPDATE batches SET lease_until = ? WHERE id = ?')
    this.#giveBack = database.prepare(`
      UPDATE batches SET state = ?, due_at = max(due_at, ?), in_doubt = ?, owner = NULL, lease_until = NULL WHERE id = ?`)
    this.#over = database.prepare(
      `${SELECT_BATCH} WHERE b.state = ${BATCH.leased} AND b.lease_until <= ? LIMIT ${SWEPT_AT_ONCE}`,
    )
    this.#ofOwner = database.prepare(
      `${SELECT_BATCH} WHERE b.state = ${BATCH.leased} AND b.owner = ? LIMIT ${SWEPT_AT_ONCE}`,
    )
  }

  record({ progress, now }: { progress: readonly BatchProgress[]; now: number }): LeaseState[] {
    return progress.map((each) => {
      const batch = this.#find.get(each.batchId, each.fence)
      if (batch === undefined) return 'lost'
      const pending = this.#settlement.settle(batch, settlingsOf(each), now)
      return pending === 0 ? 'settled' : this.#stateOf(batch)
    })
  }

  renew(call: { leases: readonly Lease[]; leaseMs: number; now: number }): LeaseState[] {
    return call.leases.map(({ batchId, fence }) => {
      const batch = this.#find.get(batchId, fence)
      // Over, and seen to be: it waits to be claimed anew, by whomever.
      if (batch?.state !== BATCH.leased) return 'lost'
      this.#renew.run(call.now + call.leaseMs, batchId)
      return this.#stateOf(batch)
    })
  }

  release({ releases, now }: { releases: readonly Release[]; now: number }): void {
    for (const { batchId, fence, notBeforeMs, isInDoubt } of releases) {
      const batch = this.#find.get(batchId, fence)
      if (batch?.state === BATCH.leased) this.#end(batch, isInDoubt ?? false, notBeforeMs ?? 0, now)
    }
  }

  /** @returns how many leases it ended; there may be more of them */
  takeOver({ owner, now }: { owner: string; now: number }): number {
    const batches = this.#ofOwner.all(owner)
    for (const batch of batches) this.#end(batch, true, 0, now)
    return batches.length
  }

  /** Ends leases whose time is over. */
  sweep(now: number): void {
    for (const batch of this.#over.all(now)) this.#end(batch, true, 0, now)
  }

  #end(batch: BatchRow, isInDoubt: boolean, notBeforeMs: number, now: number): void {
    const wasInDoubt = batch.in_doubt === 1
    if (isInDoubt && (batch.drop_ambiguous === 1 || isCancelled(batch))) {
      this.#settlement.settleRest(batch, 'unknown', REASON.leaseLost, now)
    } else if (isCancelled(batch)) {
      this.settleCancelled(batch, now)
    } else {
      const state = batch.message_paused === 1 ? BATCH.held : BATCH.waiting
      this.#giveBack.run(state, notBeforeMs, isInDoubt || wasInDoubt ? 1 : 0, batch.id)
    }
  }

  /** Settles what nobody holds of a message that was cancelled. */
  settleCancelled(batch: BatchRow, now: number): void {
    const status = batch.in_doubt === 1 ? 'unknown' : 'cancelled'
    this.#settlement.settleRest(batch, status, REASON.cancelled, now)
  }

  #stateOf(batch: BatchRow): LeaseState {
    const isStopped =
      isCancelled(batch) || batch.message_paused === 1 || this.#isPaused.get(batch.app_id)?.paused === 1
    return isStopped ? 'stop' : 'held'
  }
}
