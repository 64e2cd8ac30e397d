import type { Database } from '../../postgres/database.js'
import type { Release } from '../outbox.js'
import { REASON } from '../settling.js'
import type { Leases } from './leases.js'
import { Settlement } from './settlement.js'
import { ADD_UP_DEPTH } from './statements/add-up-depth.js'
import { LOCK_CANCELLED_BATCHES } from './statements/lock-cancelled-batches.js'
import { LOCK_LATE_BATCHES } from './statements/lock-late-batches.js'
import { LOOK_FOR_WORK, type WorkToDo } from './statements/look-for-work.js'
import { PROMOTE_DUE_BATCHES } from './statements/promote-due-batches.js'

/** So that no call takes long; the others wait for the next. */
const EXPIRED_AT_ONCE = 256
const CANCELLED_AT_ONCE = 100
const PROMOTED_AT_ONCE = 5000
const ADDED_UP_AT_ONCE = 10_000
/** With fewer it is quicker to add them up whenever somebody asks. */
const CHANGES_TO_ADD_UP = 200
/** What ends a lease makes work for the next step: after so many rounds all of that is done, or there is a lot of it. */
const ROUNDS = 4

/** What time does to batches, and what nobody else sees to. Any process does it, when it claims. */
export class Housekeeping {
  readonly #database: Database
  readonly #leases: Leases

  constructor(database: Database, leases: Leases) {
    this.#database = database
    this.#leases = leases
  }

  /** Ends leases, gives up what is late, makes ready what is due. @returns what there was to do at last */
  async do(now: number): Promise<WorkToDo> {
    let work = await this.#look(now)
    for (let round = 0; round < ROUNDS && (work.has_lapsed || work.has_late || work.has_due); round++) {
      if (work.has_lapsed) await this.#leases.sweep(now)
      // The order matters: a lease that is over may be late, and what is late is not made ready.
      if (work.has_late || work.has_lapsed) await this.expire(now)
      await this.#database.run(PROMOTE_DUE_BATCHES, now, PROMOTED_AT_ONCE)
      work = await this.#look(now)
    }
    if (work.depth_changes >= CHANGES_TO_ADD_UP) await this.#database.run(ADD_UP_DEPTH, ADDED_UP_AT_ONCE)
    return work
  }

  release(call: { readonly releases: readonly Release[]; readonly now: number }): Promise<void> {
    return this.#leases.release(call)
  }

  /** Gives up what nobody may be handed any more. @returns how many batches; there may be more of them */
  expire(now: number): Promise<number> {
    return this.#database.transaction(async (session) => {
      const batches = await session.run(LOCK_LATE_BATCHES, now, EXPIRED_AT_ONCE)
      const settlement = new Settlement()
      for (const batch of batches) {
        settlement.addRest(batch, batch.in_doubt ? 'unknown' : 'expired', REASON.expired)
      }
      await settlement.write(session, now)
      return batches.length
    })
  }

  /** Settles batches of cancelled messages. @returns how many; there may be more of them */
  settleCancelled(now: number): Promise<number> {
    return this.#database.transaction(async (session) => {
      const batches = await session.run(LOCK_CANCELLED_BATCHES, CANCELLED_AT_ONCE)
      const settlement = new Settlement()
      for (const batch of batches) settlement.addCancelled(batch)
      await settlement.write(session, now)
      return batches.length
    })
  }

  async #look(now: number): Promise<WorkToDo> {
    const [work] = await this.#database.run(LOOK_FOR_WORK, now)
    if (work === undefined) throw new Error('the database has lost the row of its outbox')
    return work
  }
}
