import type { Database } from '../../postgres/database.js'
import type { Appended } from '../outbox.js'
import { OutboxError } from '../outbox-error.js'
import type { AppendCall } from '../store-calls.js'
import type { Appending, AppendReply } from './appending.js'
import { KeyTaken } from './new-rows.js'

/** As many calls, and as many bytes of tokens, share a transaction: some milliseconds' work. */
const MAX_GROUP_CALLS = 500
const MAX_GROUP_BYTES = 4 * 1024 * 1024
/** How many may wait; whoever makes more is told so. */
const MAX_WAITING = 20_000
/** How often a group is tried where another process uses its idempotency keys at the same time. */
const MAX_ATTEMPTS = 5

interface Waiter {
  readonly call: AppendCall
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

/** Appends what comes while the last group is written as the next group: many requests, one wait for the disk. */
export class AppendQueue {
  readonly #database: Database
  readonly #appending: Appending
  readonly #appended: () => void
  #waiting: Waiter[] = []
  #writing: Promise<void> | undefined

  /** @param appended called when something was committed */
  constructor(database: Database, appending: Appending, appended: () => void) {
    this.#database = database
    this.#appending = appending
    this.#appended = appended
  }

  append(call: AppendCall): Promise<Appended> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new OutboxError(
        'OVERLOADED',
        `${MAX_WAITING} messages wait for the database; try again in a moment`,
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject })
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined
      })
    })
  }

  /** Waits for what is to be written. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    // What is called in this turn of the event loop is written together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        const replies = await this.#commit(group.map(({ call }) => call))
        for (const [index, { resolve, reject }] of group.entries()) {
          const reply = replies[index]
          if (reply === undefined || reply instanceof OutboxError) reject(reply)
          else resolve(reply)
        }
        this.#appended()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
  }

  #nextGroup(): Waiter[] {
    let bytes = 0
    let count = 0
    for (const { call } of this.#waiting) {
      if (count === MAX_GROUP_CALLS || bytes >= MAX_GROUP_BYTES) break
      for (const tokens of call.batches ?? []) bytes += tokens.bytes.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #commit(calls: readonly AppendCall[]): Promise<AppendReply[]> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.#database.transaction((session) => this.#appending.append(session, calls), {
          isIdempotent: true,
        })
      } catch (error) {
        if (!(error instanceof KeyTaken)) throw error
        if (attempts === MAX_ATTEMPTS) {
          throw new OutboxError('STORE_BUSY', 'others use the same idempotency keys at the same time', {
            cause: error,
          })
        }
      }
    }
  }
}
