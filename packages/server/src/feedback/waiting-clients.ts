import type { ServerResponse } from 'node:http'
import { ApiProblem } from '../http/problem/api-problem.js'

const RETRY_AFTER_SECONDS = 5

/** The clients that are kept waiting, of which there is a limited number, and none once the server stops. */
export class WaitingClients {
  readonly #maxCount: number
  readonly #clients = new Set<WaitingClient>()
  #isClosing = false
  #left: (() => void) | undefined

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  get count(): number {
    return this.#clients.size
  }

  /**
   * Keeps a client for as long as some work lasts.
   *
   * @throws {ApiProblem} `TOO_MANY_WAITING`, `SHUTTING_DOWN`
   */
  async keep<T>(response: ServerResponse, work: (client: WaitingClient) => Promise<T>): Promise<T> {
    const headers = { 'retry-after': String(RETRY_AFTER_SECONDS) }
    if (this.#isClosing)
      throw new ApiProblem('SHUTTING_DOWN', 'the server is stopping, and lets nobody wait', { headers })
    if (this.#clients.size >= this.#maxCount) {
      const detail = `${this.#maxCount} clients wait already, which is the limit`
      throw new ApiProblem('TOO_MANY_WAITING', detail, { headers })
    }
    const client = new WaitingClient()
    const gone = (): void => client.dismiss()
    response.once('close', gone)
    // One that has gone meanwhile is not told of again, and would keep its place for as long as it wanted to wait.
    if (response.destroyed) gone()
    this.#clients.add(client)
    try {
      return await work(client)
    } finally {
      response.removeListener('close', gone)
      this.#clients.delete(client)
      if (this.#clients.size === 0) this.#left?.()
    }
  }

  /** Sends everybody away, and resolves when they have been given what was theirs. Idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const client of this.#clients) client.dismiss()
    if (this.#clients.size > 0) await new Promise<void>((resolve) => (this.#left = resolve))
  }
}

/** A client that waits, until it goes or is sent away. */
export class WaitingClient {
  #isStaying = true
  #waiting: AbortController | undefined

  get isStaying(): boolean {
    return this.#isStaying
  }

  /** Its waits are over. */
  dismiss(): void {
    this.#isStaying = false
    this.#waiting?.abort()
  }

  /** Waits with a signal that comes after so many milliseconds, or when the client goes or is sent away. One at a time. */
  async during<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const waiting = new AbortController()
    this.#waiting = waiting
    if (!this.#isStaying) waiting.abort()
    const timer = setTimeout(() => waiting.abort(), milliseconds)
    try {
      return await work(waiting.signal)
    } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }
}
