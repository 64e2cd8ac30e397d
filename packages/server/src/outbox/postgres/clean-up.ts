import type { Database } from '../../postgres/database.js'
import type { RetireCall } from '../store-calls.js'
import { DELETE_BATCHES_OF } from './statements/delete-batches-of.js'
import { DELETE_MESSAGES } from './statements/delete-messages.js'
import { DELETE_OUTCOMES_OF } from './statements/delete-outcomes-of.js'
import { FORGET_KEYS } from './statements/forget-keys.js'
import { LOCK_PURGED_MESSAGES } from './statements/lock-purged-messages.js'
import { RETIRE_MESSAGES } from './statements/retire-messages.js'

/** So that no step takes long. */
const MESSAGES_AT_ONCE = 200
const ROWS_AT_ONCE = 2000

/** Removes messages: what is old is marked as purged, and what is purged goes bit by bit. */
export class CleanUp {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async retire({ finishedBefore, keysBefore }: RetireCall): Promise<{ messages: number; keys: number }> {
    const messages = await this.#database.run(RETIRE_MESSAGES, finishedBefore, MESSAGES_AT_ONCE)
    const keys = await this.#database.run(FORGET_KEYS, keysBefore, ROWS_AT_ONCE)
    return { messages: messages.length, keys: keys.length }
  }

  /** @returns whether there is more */
  removePurged(): Promise<boolean> {
    return this.#database.transaction(async (session) => {
      const ids = (await session.run(LOCK_PURGED_MESSAGES, MESSAGES_AT_ONCE)).map(({ id }) => id)
      if (ids.length === 0) return false
      const outcomes = await session.run(DELETE_OUTCOMES_OF, ids, ROWS_AT_ONCE)
      const batches = await session.run(DELETE_BATCHES_OF, ids, ROWS_AT_ONCE)
      if (outcomes.length === ROWS_AT_ONCE || batches.length === ROWS_AT_ONCE) return true
      await session.run(DELETE_MESSAGES, ids)
      return ids.length === MESSAGES_AT_ONCE
    })
  }
}
