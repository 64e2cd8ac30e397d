import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

export interface StoreBounds {
  /** How long a call may take, in milliseconds. */
  readonly limitMs: number
  /** How long nothing may have been answered, while somebody waits, before no more calls are made. Default: 5000. */
  readonly stalledMs?: number
  /** How many calls may wait at a time. Default: 1000. */
  readonly maxWaiting?: number
  /** Milliseconds that only go forwards. Default: `performance.now`. */
  readonly now?: () => number
}

const DEFAULT_STALLED_MS = 5000
const DEFAULT_MAX_WAITING = 1000

/** Whose failure leaves nothing in doubt. */
const READS: ReadonlySet<string> = new Set([
  'message',
  'messages',
  'outcomes',
  'stats',
  'feedback',
  'suppressions',
  'readCursor',
])
/** They go through any number of messages, in steps that are short. */
const LONG: ReadonlySet<string> = new Set(['cancel', 'purge', 'cleanUp'])
/** No calls to the store, or not for others to end. */
const UNBOUNDED: ReadonlySet<string> = new Set(['close', 'watch'])

/**
 * The same outbox, for those who must have an answer: a call that takes too long fails, and while the store answers nobody at
 * all, further ones fail at once, so that they do not pile up. What was made of a call that failed is not known
 * then: the store may yet do it (`STORE_IN_DOUBT`), unless it only reads.
 */
export function boundedOutbox(outbox: Outbox, bounds: StoreBounds): Outbox {
  const calls = new BoundedCalls(bounds)
  return new Proxy(outbox, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name)
      if (typeof own !== 'function' || typeof name !== 'string') return own
      // Each is a method of the contract.
      const method = own.bind(target) as (...values: unknown[]) => unknown
      if (UNBOUNDED.has(name)) return method
      return (...values: unknown[]) => calls.make(name, () => method(...values))
    },
  })
}

class BoundedCalls {
  readonly #limitMs: number
  readonly #stalledMs: number
  readonly #maxWaiting: number
  readonly #now: () => number
  /** When those began that wait for their answer; the oldest first. */
  readonly #waiting = new Map<symbol, number>()
  #answeredAtMs = Number.NEGATIVE_INFINITY

  constructor({
    limitMs,
    stalledMs = DEFAULT_STALLED_MS,
    maxWaiting = DEFAULT_MAX_WAITING,
    now = () => performance.now(),
  }: StoreBounds) {
    this.#limitMs = limitMs
    this.#stalledMs = stalledMs
    this.#maxWaiting = maxWaiting
    this.#now = now
  }

  async make(name: string, call: () => unknown): Promise<unknown> {
    if (this.#isStalled) throw new OutboxError('STORE_UNAVAILABLE', 'the store does not answer at present')
    if (this.#waiting.size >= this.#maxWaiting)
      throw new OutboxError('OVERLOADED', `${this.#maxWaiting} calls wait for the store; try again later`)
    if (LONG.has(name)) return call()
    const id = Symbol(name)
    this.#waiting.set(id, this.#now())
    try {
      const answer = await this.#limited(name, call)
      this.#answeredAtMs = this.#now()
      return answer
    } catch (error) {
      if (!(error instanceof UnansweredError)) this.#answeredAtMs = this.#now()
      throw error
    } finally {
      this.#waiting.delete(id)
    }
  }

  get #isStalled(): boolean {
    const [oldestMs] = this.#waiting.values()
    if (oldestMs === undefined) return false
    return this.#now() - Math.max(oldestMs, this.#answeredAtMs) >= this.#stalledMs
  }

  #limited(name: string, call: () => unknown): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new UnansweredError(READS.has(name), this.#limitMs)), this.#limitMs)
    })
    return Promise.race([call(), limit]).finally(() => clearTimeout(timer))
  }
}

class UnansweredError extends OutboxError {
  constructor(isRead: boolean, limitMs: number) {
    super(
      isRead ? 'STORE_UNAVAILABLE' : 'STORE_IN_DOUBT',
      `the store has not answered within ${limitMs / 1000} s`,
    )
  }
}
