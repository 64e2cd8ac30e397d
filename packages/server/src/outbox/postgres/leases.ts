import type { Database } from '../../postgres/database.js'
import type { Session } from '../../postgres/statement.js'
import type { BatchProgress, Lease, LeaseState, Release } from '../outbox.js'
import { settlingsOf } from '../settling.js'
import { BATCH } from '../states.js'
import { Settlement } from './settlement.js'
import { type BatchRow, isCancelled, isPurged } from './statements/batch-row.js'
import { GIVE_BATCHES_BACK } from './statements/give-batches-back.js'
import { LOCK_BATCHES } from './statements/lock-batches.js'
import { LOCK_BATCHES_OF_OWNER } from './statements/lock-batches-of-owner.js'
import { LOCK_LAPSED_BATCHES } from './statements/lock-lapsed-batches.js'
import { RENEW_LEASES } from './statements/renew-leases.js'

/** How many leases are ended in one transaction. */
const ENDED_AT_ONCE = 256

/** A lease that ends. */
interface Ending {
  readonly batch: BatchRow
  readonly isInDoubt: boolean
  readonly notBeforeMs: number
}

/** What workers say of the batches that they hold, and what becomes of those of which nobody says anything any more. */
export class Leases {
  readonly #database: Database
  readonly #buried: () => void
  /** What was called before, and is to take effect before: settles when it has. */
  #before: Promise<unknown> = Promise.resolve()

  /** @param buried called when tokens were declared dead, and that is committed */
  constructor(database: Database, buried: () => void) {
    this.#database = database
    this.#buried = buried
  }

  record(call: { readonly progress: readonly BatchProgress[]; readonly now: number }): Promise<LeaseState[]> {
    return this.#inTurn(() => this.#record(call))
  }

  async #record(call: {
    readonly progress: readonly BatchProgress[]
    readonly now: number
  }): Promise<LeaseState[]> {
    let hasDead = false
    const states = await this.#database.transaction(async (session) => {
      const batches = await lock(session, call.progress)
      const settlement = new Settlement()
      const found = call.progress.map((progress): LeaseState => {
        const batch = batches.get(progress.batchId)
        if (batch === undefined || batch.fence !== progress.fence) return 'lost'
        const pending = settlement.add(batch, settlingsOf(progress))
        if (pending === 0) return 'settled'
        return isCancelled(batch) || batch.is_paused ? 'stop' : 'held'
      })
      await settlement.write(session, call.now)
      hasDead = settlement.hasDead
      return found
    })
    if (hasDead) this.#buried()
    return states
  }

  async renew(call: {
    readonly leases: readonly Lease[]
    readonly leaseMs: number
    readonly now: number
  }): Promise<LeaseState[]> {
    const rows = await this.#database.run(
      RENEW_LEASES,
      call.leases.map(({ batchId }) => batchId),
      call.leases.map(({ fence }) => fence),
      call.now + call.leaseMs,
    )
    const stopped = new Map(rows.map((row) => [row.id, row.is_stopped]))
    return call.leases.map(({ batchId }) => {
      const isStopped = stopped.get(batchId)
      if (isStopped === undefined) return 'lost'
      return isStopped ? 'stop' : 'held'
    })
  }

  release(call: { readonly releases: readonly Release[]; readonly now: number }): Promise<void> {
    return this.#inTurn(() => this.#release(call))
  }

  async #release(call: { readonly releases: readonly Release[]; readonly now: number }): Promise<void> {
    if (call.releases.length === 0) return
    await this.#database.transaction(async (session) => {
      const batches = await lock(session, call.releases)
      const endings = call.releases.flatMap(
        ({ batchId, fence, isInDoubt = false, notBeforeMs = 0 }): Ending[] => {
          const batch = batches.get(batchId)
          if (batch?.fence !== fence || batch.state !== BATCH.leased) return []
          return [{ batch, isInDoubt, notBeforeMs }]
        },
      )
      await end(session, endings, call.now)
    })
  }

  /** @returns how many leases it ended; there may be more of them */
  takeOver({ owner, now }: { readonly owner: string; readonly now: number }): Promise<number> {
    return this.#database.transaction(async (session) =>
      endInDoubt(session, await session.run(LOCK_BATCHES_OF_OWNER, owner, ENDED_AT_ONCE), now),
    )
  }

  /** One after the other: given back before it was recorded, a batch would be sent again. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#before.then(work)
    this.#before = result.catch(() => {})
    return result
  }

  /** Ends leases whose time is over. @returns how many; there may be more of them */
  sweep(now: number): Promise<number> {
    return this.#database.transaction(async (session) =>
      endInDoubt(session, await session.run(LOCK_LAPSED_BATCHES, now, ENDED_AT_ONCE), now),
    )
  }
}

async function lock(session: Session, leases: readonly Lease[]): Promise<ReadonlyMap<number, BatchRow>> {
  const rows = await session.run(
    LOCK_BATCHES,
    leases.map(({ batchId }) => batchId),
  )
  return new Map(rows.map((row) => [row.id, row]))
}

async function endInDoubt(session: Session, batches: readonly BatchRow[], now: number): Promise<number> {
  await end(
    session,
    batches.map((batch) => ({ batch, isInDoubt: true, notBeforeMs: 0 })),
    now,
  )
  return batches.length
}

async function end(session: Session, endings: readonly Ending[], now: number): Promise<void> {
  const settlement = new Settlement()
  // What was purged is nobody's, and is removed in its time.
  const back = endings.filter(
    ({ batch, isInDoubt }) => !isPurged(batch) && settlement.endLease(batch, isInDoubt),
  )
  if (back.length > 0) {
    await session.run(
      GIVE_BATCHES_BACK,
      back.map(({ batch }) => batch.id),
      back.map(({ notBeforeMs }) => notBeforeMs),
      back.map(({ isInDoubt }) => isInDoubt),
    )
  }
  await settlement.write(session, now)
}
