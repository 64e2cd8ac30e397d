import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

const CLOSED = 'the outbox is closed'

/**
 * Stands for an outbox that is not there yet, so that a server can be made, asked how it is, and stopped without it: until
 * then each call fails with `STORE_UNAVAILABLE`.
 */
export class LateOutbox {
  /** To be used as any other. `watch` is not for it: ask the one that has come. */
  readonly outbox: Outbox
  #real: Outbox | undefined
  #isClosed = false

  constructor() {
    // A target is needed, and nothing is asked of it.
    this.outbox = new Proxy({} as Outbox, {
      get: (_target, name) => {
        if (name === 'watch' || name === 'then') return undefined
        if (name === 'close') return () => this.close()
        return this.#method(name)
      },
    })
  }

  /** From now on this is it, and is closed with it: at once, where it comes too late. @throws {OutboxError} `CLOSED` then */
  async provide(real: Outbox): Promise<void> {
    if (!this.#isClosed) {
      this.#real = real
      return
    }
    await real.close()
    throw new OutboxError('CLOSED', CLOSED)
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#real?.close()
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
