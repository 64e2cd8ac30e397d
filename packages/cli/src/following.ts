import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from './api-error.js'
import { watchInterrupts } from './stop-signal.js'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000

export interface FollowingOptions {
  /** Told why a server that has answered before does not, once for each time that it is away. */
  readonly onTrouble: (error: ApiError) => void
  readonly onRelief: () => void
  /** How often in succession a question is asked before its error is thrown; default: without end. */
  readonly maxTries?: number
}

/**
 * What a command does that asks a server again and again until it is told to stop: by Ctrl-C, or by nobody reading what it writes.
 * A server that is away for a time, having answered before, is waited for.
 */
export class Following implements Disposable {
  readonly #options: FollowingOptions
  readonly #told = new AbortController()
  readonly #unwatch: () => void
  #cause: 'interrupted' | 'unread' | undefined
  #hasAnswered = false

  constructor(options: FollowingOptions) {
    this.#options = options
    this.#unwatch = watchInterrupts(
      () => this.#stop('interrupted'),
      () => {},
    )
    process.stdout.on('error', this.#onOutputError)
  }

  /** Why it has stopped. */
  get cause(): 'interrupted' | 'unread' | undefined {
    return this.#cause
  }

  /** Aborted when it is to stop. */
  get signal(): AbortSignal {
    return this.#told.signal
  }

  /**
   * Asks until there is an answer.
   *
   * @returns undefined when it was told to stop
   * @throws {ApiError} when it would never be answered, or has not been the first time
   */
  async ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { maxTries = Number.POSITIVE_INFINITY, onTrouble, onRelief } = this.#options
    for (let tries = 1; !this.signal.aborted; tries++) {
      try {
        const answer = await question(this.signal)
        this.#hasAnswered = true
        if (tries > 1) onRelief()
        return answer
      } catch (error) {
        if (this.signal.aborted) return undefined
        if (!(error instanceof ApiError) || !error.mayPass || !this.#hasAnswered || tries >= maxTries)
          throw error
        if (tries === 1) onTrouble(error)
        const backOffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1))
        await this.pause(Math.max(backOffMs, (error.retryAfter ?? 0) * 1000))
      }
    }
    return undefined
  }

  /** Waits, unless it is told to stop. */
  async pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.signal }).catch(() => {})
  }

  [Symbol.dispose](): void {
    this.#unwatch()
    process.stdout.off('error', this.#onOutputError)
  }

  /** Whatever it is, nothing more can be written; `main` says what is no closed pipe. */
  readonly #onOutputError = (): void => this.#stop('unread')

  #stop(cause: 'interrupted' | 'unread'): void {
    this.#cause ??= cause
    this.#told.abort()
  }
}
