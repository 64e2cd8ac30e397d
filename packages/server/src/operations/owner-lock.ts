import { createHash } from 'node:crypto'
import { connect, type Database } from '../outbox/embedded/database.js'
import { storeError } from '../outbox/embedded/store-error.js'
import { ServerError } from './server-error.js'

/** A server that was killed may be a moment in dying: its lock is gone when the kernel has closed its files. */
const WAIT_MS = 2000
const LOCKED = /locked|busy/i
/** Of the owner's name, in the lock's file name. */
const NAME_DIGITS = 12

/**
 * Holds the name of an owner on a store, for as long as the process lives: two servers with one name would take each other's
 * leases away.
 *
 * It is a transaction of SQLite that is never ended, on a file beside the store: a lock of the operating system's, on every
 * one, which ends with the process however that ends. A file with a process number in it outlives its process, and the
 * number is given to another.
 */
export class OwnerLock implements Disposable {
  readonly path: string
  readonly #database: Database
  #isHeld = true

  private constructor(path: string, database: Database) {
    this.path = path
    this.#database = database
  }

  /**
   * @throws {ServerError} `ALREADY_RUNNING`
   * @throws {OutboxError} where the file cannot be made, with one of the `STORE_` codes
   */
  static take(storePath: string, owner: string, waitMs: number = WAIT_MS): OwnerLock {
    const path = `${storePath}-owner-${digestOf(owner)}`
    let database: Database | undefined
    try {
      database = connect(path, undefined)
      database.exec(`PRAGMA busy_timeout = ${waitMs}`)
      // Nothing is written, so no journal comes to be.
      database.exec('BEGIN EXCLUSIVE')
      return new OwnerLock(path, database)
    } catch (cause) {
      database?.close()
      if (!(cause instanceof Error && LOCKED.test(cause.message))) throw storeError(cause, path)
      throw new ServerError(
        'ALREADY_RUNNING',
        `another server is running as ${JSON.stringify(owner)} on the store ${storePath}; stop it, or give this one another worker.owner`,
        { cause },
      )
    }
  }

  /** Idempotent. The file stays: whoever removes it may take it from one who has just come. */
  [Symbol.dispose](): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#database.close()
  }
}

function digestOf(owner: string): string {
  return createHash('sha256').update(owner).digest('hex').slice(0, NAME_DIGITS)
}
