import { setTimeout as wait } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import type { News } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'
import { Connections } from './connections.js'
import { endsConnection, isWorthRepeating } from './database-error.js'
import type { DatabaseOptions } from './database-options.js'
import { Listener } from './listener.js'
import { migrate } from './migrations.js'
import type { Session, SqlParameter, Statement } from './statement.js'

/** How often a transaction is tried where others are in its way. */
const MAX_ATTEMPTS = 8
/** Before the second attempt, at most; doubled each time. Drawn at random, so that those in each other's way part. */
const FIRST_PAUSE_MS = 10

export interface TransactionOptions {
  /**
   * To do it twice is as good as once: then it is done again when the connection fails, even at the end, when nobody knows
   * whether it was committed.
   */
  readonly isIdempotent?: boolean
}

/** A PostgreSQL with our schema in it. A statement by itself is a transaction of its own. */
export class Database implements Session, AsyncDisposable {
  readonly #connections: Connections

  /**
   * Connects, and brings the schema up to date.
   *
   * @throws {OutboxError} with one of the `STORE_` codes
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const database = new Database(await Connections.make(options))
    try {
      await database.#connect(1 + (options.failoverUrls?.length ?? 0))
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  }

  private constructor(connections: Connections) {
    this.#connections = connections
  }

  run<Parameters extends readonly SqlParameter[], Row>(
    statement: Statement<Parameters, Row>,
    ...parameters: Parameters
  ): Promise<Row[]> {
    return this.#repeat(() => this.#connections.use((client) => runOn(client, statement, parameters)), false)
  }

  /**
   * Does something all or not at all. It is done again from its beginning where others were in its way, so it changes
   * nothing but the database.
   *
   * @throws {OutboxError} with one of the `STORE_` codes, `STORE_IN_DOUBT` where it may have been committed; and what the
   *   work throws
   */
  async transaction<T>(work: (session: Session) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const fate: Fate = { isInDoubt: false }
    try {
      return await this.#repeat(
        () => this.#connections.use((client) => transactionOn(client, this.#connections.begin, work, fate)),
        options.isIdempotent ?? false,
      )
    } catch (error) {
      if (!(fate.isInDoubt && error instanceof OutboxError && error.code.startsWith('STORE_'))) throw error
      throw new OutboxError(
        'STORE_IN_DOUBT',
        'the database was lost while it committed, and whether it has is not known',
        { cause: error },
      )
    }
  }

  /** Hears what other processes have done, until it is closed; see {@link Listener}. */
  listen(heard: (news: News) => void): { close(): Promise<void> } {
    return new Listener(this.#connections, heard)
  }

  /** Waits for what is under way. Idempotent. */
  close(): Promise<void> {
    return this.#connections.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #connect(attempts: number): Promise<void> {
    try {
      await migrate(this)
    } catch (error) {
      if (attempts === 1 || !isAboutConnection(error)) throw error
      await this.#connect(attempts - 1)
    }
  }

  async #repeat<T>(attempt: () => Promise<T>, isIdempotent: boolean): Promise<T> {
    let hasReconnected = false
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt()
      } catch (error) {
        const isAgain: boolean = isIdempotent && !hasReconnected && isAboutConnection(error)
        hasReconnected ||= isAgain
        const isInTheWay = error instanceof OutboxError && isWorthRepeating(error.cause)
        if (!(isAgain || (isInTheWay && attempts < MAX_ATTEMPTS))) throw error
        await wait(Math.random() * FIRST_PAUSE_MS * 2 ** attempts)
      }
    }
  }
}

function isAboutConnection(error: unknown): boolean {
  return (
    error instanceof OutboxError &&
    (error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_READ_ONLY') &&
    endsConnection(error.cause)
  )
}

/** What is known of a transaction that failed. */
interface Fate {
  /** Whether it may have been committed, this time or an earlier one. */
  isInDoubt: boolean
}

async function transactionOn<T>(
  client: PoolClient,
  begin: string,
  work: (session: Session) => Promise<T>,
  fate: Fate,
): Promise<T> {
  await client.query(begin)
  let isCommitting = false
  try {
    const result = await work({
      run: (statement, ...parameters) => runOn(client, statement, parameters),
    })
    isCommitting = true
    await client.query('COMMIT')
    return result
  } catch (error) {
    if (!endsConnection(error)) await client.query('ROLLBACK')
    else if (isCommitting) fate.isInDoubt = true
    throw error
  }
}

async function runOn<Parameters extends readonly SqlParameter[], Row>(
  client: PoolClient,
  { text }: Statement<Parameters, Row>,
  parameters: Parameters,
): Promise<Row[]> {
  // The types of what comes from a database are what the statement says; nobody can check them.
  const { rows } = await client.query<Row & Record<string, unknown>>(text, [...parameters])
  return rows
}
