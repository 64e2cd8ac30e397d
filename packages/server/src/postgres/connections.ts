import type { Pool, PoolClient, PoolConfig } from 'pg'
import { OutboxError } from '../outbox/outbox-error.js'
import { databaseError, endsConnection, refusesSettings } from './database-error.js'
import {
  type DatabaseOptions,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_STATEMENT_TIMEOUT_MS,
} from './database-options.js'
import { loadClient, type PostgresClient } from './load-client.js'

/** How many may wait for a connection; whoever comes then is told so. */
const MAX_WAITING = 5000
/** How much longer this process waits for a statement's answer than the database works on it. */
const ANSWER_GRACE_MS = 2000
const INT8 = 20

/**
 * The connections of a process to its database: to the first of its addresses that can be reached and takes writes. When that
 * one fails, the next is tried, and so on around.
 */
export class Connections {
  readonly #client: PostgresClient
  readonly #options: DatabaseOptions
  readonly #urls: readonly string[]
  #at = 0
  #pool: Pool
  /** A pooler refuses a connection that asks for settings. */
  #mayAskForSettings = true
  #isClosed = false

  /** Loads the client; nothing is connected yet. @throws {OutboxError} `STORE_UNAVAILABLE`, `BAD_ARGUMENT` */
  static async make(options: DatabaseOptions): Promise<Connections> {
    return new Connections(await loadClient(), options)
  }

  private constructor(client: PostgresClient, options: DatabaseOptions) {
    this.#client = client
    this.#options = options
    this.#urls = [options.url, ...(options.failoverUrls ?? [])]
    this.#pool = this.#makePool()
  }

  /** What a single connection of one's own is made with, to the address that is in use. */
  get config(): PoolConfig {
    const { connectTimeoutMs, ca } = this.#options
    return {
      connectionString: urlFor(this.#urls[this.#at] ?? '', ca),
      ...(ca === undefined ? {} : { ssl: { ca } }),
      connectionTimeoutMillis: connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      ...(this.#mayAskForSettings ? { statement_timeout: this.#statementMs } : {}),
      query_timeout: this.#statementMs + ANSWER_GRACE_MS,
      keepAlive: true,
      application_name: 'apns-worker',
      types: { getTypeParser: this.#parserOf },
    }
  }

  get client(): PostgresClient {
    return this.#client
  }

  /** How a transaction begins. Where a connection is the pooler's, it may be another one's afterwards: so it is told each time. */
  get begin(): string {
    return this.#mayAskForSettings
      ? 'BEGIN'
      : `BEGIN; SET LOCAL statement_timeout = ${Math.ceil(this.#statementMs)}`
  }

  /**
   * Works with a connection that is nobody else's meanwhile.
   *
   * @throws {OutboxError} with one of the `STORE_` codes, `OVERLOADED`, `CLOSED`; and what the work throws
   */
  async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new OutboxError('CLOSED', 'the outbox is closed')
    const pool = this.#pool
    if (pool.waitingCount >= MAX_WAITING) {
      throw new OutboxError('OVERLOADED', `${MAX_WAITING} calls wait for the database; try again in a moment`)
    }
    let client: PoolClient | undefined
    try {
      client = await this.#connect(pool)
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      const isOver = endsConnection(error)
      client?.release(isOver)
      if (isOver) this.#turnFrom(pool)
      throw databaseError(error)
    }
  }

  /** Ends them, when those in use are given back. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#pool.end()
  }

  get #statementMs(): number {
    return this.#options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS
  }

  async #connect(pool: Pool): Promise<PoolClient> {
    try {
      return await pool.connect()
    } catch (error) {
      if (!refusesSettings(error)) throw error
      this.#mayAskForSettings = false
      if (pool === this.#pool) this.#replacePool()
      return this.#pool.connect()
    }
  }

  /** From an address that failed to the next, for whoever comes from now on. */
  #turnFrom(pool: Pool): void {
    if (this.#urls.length === 1 || pool !== this.#pool || this.#isClosed) return
    this.#at = (this.#at + 1) % this.#urls.length
    this.#replacePool()
  }

  #replacePool(): void {
    const before = this.#pool
    this.#pool = this.#makePool()
    // Those in use are given back in time, or fail as well.
    void before.end().catch(() => {})
  }

  #makePool(): Pool {
    const pool = new this.#client.Pool({
      ...this.config,
      max: this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    })
    // One that fails while nobody uses it is of no concern: the next is made when it is needed.
    pool.on('error', ignore)
    // What ends one between two statements would end the process; the next statement on it fails. It may end with the very words
    // that said it was ready, so whoever takes it from the pool is too late to listen.
    pool.on('connect', (client) => client.on('error', ignore))
    return pool
  }

  /** 64-bit integers are numbers with us: none comes near 2 ** 53. */
  readonly #parserOf: PostgresClient['types']['getTypeParser'] = (
    oid: number,
    format?: 'text' | 'binary',
  ): unknown =>
    oid === INT8
      ? Number
      : (this.#client.types.getTypeParser as (oid: number, format?: string) => unknown)(oid, format)
}

/** The client takes what an url says of TLS for all that is to be said of it. */
function urlFor(url: string, ca: string | undefined): string {
  if (ca === undefined) return url
  const parsed = new URL(url)
  parsed.searchParams.delete('sslmode')
  return parsed.href
}

function ignore(): void {}
