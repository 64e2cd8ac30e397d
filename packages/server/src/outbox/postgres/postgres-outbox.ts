import { Database } from '../../postgres/database.js'
import { DatabaseClock } from '../../postgres/database-clock.js'
import type { DatabaseOptions } from '../../postgres/database-options.js'
import { checkInteger } from '../checks.js'
import type { News, Outbox } from '../outbox.js'
import type { StoreCaller, StoreCalls } from '../store-calls.js'
import { DEFAULT_MAX_PENDING_TOKENS, StoreOutbox } from '../store-outbox.js'
import { PostgresStore } from './postgres-store.js'

export interface PostgresOutboxOptions extends DatabaseOptions {
  /**
   * How many tokens may wait, of all apps together, about: processes that append at the same moment do not see each other's.
   * Default: 100,000,000.
   */
  readonly maxPendingTokens?: number | undefined
  /** Unix time in milliseconds. Default: the database's clock. */
  readonly now?: (() => number) | undefined
}

/**
 * Opens an outbox in a PostgreSQL database, which any number of processes on any number of machines share. It has a schema of its
 * own there, `apns_worker`, which is made or brought up to date.
 *
 * @throws {OutboxError} with one of the `STORE_` codes
 */
export async function openPostgresOutbox(options: PostgresOutboxOptions): Promise<SharedOutbox> {
  const maxPending = options.maxPendingTokens ?? DEFAULT_MAX_PENDING_TOKENS
  checkInteger('maxPendingTokens', maxPending, 0)
  const database = await Database.open(options)
  try {
    const clock = options.now === undefined ? await DatabaseClock.start(database) : undefined
    const store = new OpenStore(database, clock)
    return new SharedOutbox(store, options.now ?? (() => clock?.now() ?? Date.now()), maxPending)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** An outbox that other processes share. */
export class SharedOutbox extends StoreOutbox implements Outbox {
  readonly #store: OpenStore

  constructor(store: OpenStore, now: () => number, maxPending: number) {
    super(store, now, maxPending)
    this.#store = store
  }

  /** For what else a fleet has in it. */
  get database(): Database {
    return this.#store.database
  }

  override watch(listener: (news: News) => void): () => void {
    return this.#store.watch(listener)
  }
}

/** The store with all that has to be closed with it. */
class OpenStore implements StoreCaller {
  readonly database: Database
  readonly #clock: DatabaseClock | undefined
  readonly #store: PostgresStore
  readonly #listeners = new Set<(news: News) => void>()
  #listener: { close(): Promise<void> } | undefined
  #closing: Promise<void> | undefined

  constructor(database: Database, clock: DatabaseClock | undefined) {
    this.database = database
    this.#clock = clock
    this.#store = new PostgresStore(database)
  }

  call<Name extends keyof StoreCalls>(
    name: Name,
    ...argument: Parameters<StoreCalls[Name]>
  ): Promise<ReturnType<StoreCalls[Name]>> {
    return this.#store.call(name, ...argument)
  }

  /** The first listener has a connection made for it. */
  watch(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    this.#listener ??= this.database.listen((news) => {
      for (const each of this.#listeners) each(news)
    })
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#clock?.[Symbol.dispose]()
    await this.#listener?.close()
    await this.#store.close()
    await this.database.close()
  }
}
