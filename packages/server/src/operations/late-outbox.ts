import type { News, Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

type Listener = (news: News) => void

/** Its calls are given up before. */
const PATIENCE_MS = 3000
const CLOSED = 'the outbox is closed'

/**
 * Stands for an outbox that is not there yet, so that a server can be made, asked how it is, and stopped without it: until
 * then each call fails with `STORE_UNAVAILABLE`.
 */
export class LateOutbox {
  /** To be used as any other. */
  readonly outbox: Outbox
  readonly #listeners = new Map<Listener, () => void>()
  #real: Outbox | undefined
  readonly #patienceMs: number
  #isClosed = false

  /** @param patienceMs how long its end waits for what is under way */
  constructor(patienceMs: number = PATIENCE_MS) {
    this.#patienceMs = patienceMs
    // A target is needed, and nothing is asked of it.
    this.outbox = new Proxy({} as Outbox, {
      get: (_target, name) => {
        // It is no promise, whoever awaits it.
        if (name === 'then') return undefined
        if (name === 'watch') return (listener: Listener) => this.#watch(listener)
        if (name === 'close') return () => this.close()
        return this.#method(name)
      },
    })
  }

  /** From now on this is it, and is closed with it: at once, where it comes too late. @throws {OutboxError} `CLOSED` then */
  async provide(real: Outbox): Promise<void> {
    if (!this.#isClosed) {
      this.#real = real
      for (const listener of this.#listeners.keys()) this.#listeners.set(listener, real.watch(listener))
      return
    }
    await real.close()
    throw new OutboxError('CLOSED', CLOSED)
  }

  /**
   * Closes it, in bounded time. Idempotent.
   *
   * @throws {OutboxError} `STORE_UNAVAILABLE` when it takes too long; it goes on closing
   */
  async close(): Promise<void> {
    this.#isClosed = true
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const error = new OutboxError(
        'STORE_UNAVAILABLE',
        'the database does not answer, and was not waited for',
      )
      timer = setTimeout(() => reject(error), this.#patienceMs)
    })
    try {
      await Promise.race([this.#real?.close(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #watch(listener: Listener): () => void {
    this.#listeners.set(listener, this.#real?.watch(listener) ?? (() => {}))
    return () => {
      this.#listeners.get(listener)?.()
      this.#listeners.delete(listener)
    }
  }

  #method(name: string | symbol): unknown {
    const real = this.#real
    if (real !== undefined) {
      const own: unknown = Reflect.get(real, name)
      return typeof own === 'function' ? (own.bind(real) as unknown) : own
    }
    const error = this.#isClosed
      ? new OutboxError('CLOSED', CLOSED)
      : new OutboxError('STORE_UNAVAILABLE', 'the database has not been reached yet')
    return () => Promise.reject(error)
  }
}
