/** How long to wait. */
export interface WaitOptions {
  /** Seconds; default 30. */
  readonly timeout?: number
}

interface Waiter {
  readonly isMet: () => boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

const DEFAULT_TIMEOUT = 30

/** Promises for states of the simulator, asked again after each change, at most once a turn of the event loop. */
export class Conditions {
  readonly #describe: () => string
  readonly #waiters = new Set<Waiter>()
  #scheduled = false

  /** `describe` tells the present state, for the message of a timeout. */
  constructor(describe: () => string) {
    this.#describe = describe
  }

  /** Resolves when `isMet` is true; rejects when it throws, or when it takes too long. */
  waitFor(isMet: () => boolean, { timeout = DEFAULT_TIMEOUT }: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(new Error(`waitFor: not met within ${timeout} s; ${this.#describe()}`))
      }, timeout * 1000)
      const waiter: Waiter = { isMet, resolve, reject, timer }
      this.#waiters.add(waiter)
      this.#check(waiter)
    })
  }

  /** Something has changed. */
  changed(): void {
    if (this.#scheduled || this.#waiters.size === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const waiter of this.#waiters) this.#check(waiter)
    })
  }

  /** Rejects everything that is still waited for. */
  abandon(why: string): void {
    for (const waiter of this.#waiters)
      this.#settle(waiter, () => waiter.reject(new Error(`waitFor: ${why}`)))
  }

  #check(waiter: Waiter): void {
    try {
      if (waiter.isMet()) this.#settle(waiter, waiter.resolve)
    } catch (error) {
      this.#settle(waiter, () => waiter.reject(error))
    }
  }

  #settle(waiter: Waiter, conclude: () => void): void {
    this.#waiters.delete(waiter)
    clearTimeout(waiter.timer)
    conclude()
  }
}
