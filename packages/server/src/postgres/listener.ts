import type { Client } from 'pg'
import type { News } from '../outbox/outbox.js'
import type { Connections } from './connections.js'

export const NEWS_CHANNEL = 'apns_worker'

/** Before another connection is tried, at most; the first time at once. */
const MAX_PAUSE_MS = 10_000
const FIRST_PAUSE_MS = 250

/**
 * Hears what other processes have done (`LISTEN`), on a connection of its own, which is made anew when it fails. Nothing
 * depends on it but how soon things happen: some databases and poolers have no such thing, and what happens while there is no
 * connection is missed; so whoever listens looks from time to time, and once whenever the connection is new.
 */
export class Listener {
  readonly #connections: Connections
  readonly #heard: (news: News) => void
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #pauseMs = 0
  /** When the present connection began to listen, by `performance.now`; undefined while it does not. */
  #sinceMs: number | undefined
  #isClosed = false

  constructor(connections: Connections, heard: (news: News) => void) {
    this.#connections = connections
    this.#heard = heard
    void this.#connect()
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  async #connect(): Promise<void> {
    const client = new this.#connections.client.Client(this.#connections.config)
    this.#client = client
    let hasFailed = false
    const failed = (): void => {
      if (hasFailed) return
      hasFailed = true
      this.#failed(client)
    }
    client.on('error', failed)
    client.on('end', failed)
    client.on('notification', ({ payload }) => {
      if (isNews(payload)) this.#heard(payload)
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${NEWS_CHANNEL}`)
      this.#sinceMs = performance.now()
      for (const news of ALL) this.#heard(news)
    } catch {
      failed()
    }
    if (this.#isClosed) await client.end().catch(() => {})
  }

  #failed(client: Client): void {
    void client.end().catch(() => {})
    if (this.#isClosed) return
    // One that ends as soon as it listens, again and again, is as bad as one that does not come to be.
    if (this.#sinceMs !== undefined && performance.now() - this.#sinceMs >= MAX_PAUSE_MS) this.#pauseMs = 0
    this.#sinceMs = undefined
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs * (0.5 + Math.random())).unref()
    this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2), MAX_PAUSE_MS)
  }
}

const ALL: readonly News[] = ['work', 'control', 'dead tokens']

function isNews(payload: string | undefined): payload is News {
  return ALL.some((news) => news === payload)
}
