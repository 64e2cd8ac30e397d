import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

export interface StoreBounds {
  /** How long a call may take, in milliseconds. */
  readonly limitMs: number
  /** How long nothing may have been answered, while somebody waits, before no more calls are made. Default: 5000. */
  readonly stalledMs?: number
  /** From when it is aborted on there is no time to lose: a call may take {@link HURRIED_MS} from then. Default: never. */
  readonly hurry?: AbortSignal
  /** How many calls may wait at a time. Default: 1000. */
  readonly maxWaiting?: number
  /** Milliseconds that only go forwards. Default: `performance.now`. */
  readonly now?: () => number
}

const DEFAULT_STALLED_MS = 5000
/** How long a call may take while a server stops, in milliseconds: its process may be killed at a given time. */
export const HURRIED_MS = 3000
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
  'members',
])
/** They go through any number of messages, in steps that are short. */
const LONG: ReadonlySet<string> = new Set(['cancel', 'purge', 'cleanUp'])
/** No calls to the store, or not for others to end. */
const UNBOUNDED: ReadonlySet<string> = new Set(['close', 'watch'])

/**
 * The same outbox, or what else asks its database, for those who must have an answer: a call that takes too long fails, and while the store answers nobody at
 * all, further ones fail at once, so that they do not pile up. What was made of a call that failed is not known
 * then: the store may yet do it (`STORE_IN_DOUBT`), unless it only reads.
 */
export function boundedOutbox<Store extends object = Outbox>(outbox: Store, bounds: StoreBounds): Store {
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
  /** Those that wait for their answer; the oldest first. */
  readonly #waiting = new Set<WaitingCall>()
  readonly #hurry: AbortSignal | undefined
  #answeredAtMs = Number.NEGATIVE_INFINITY

  constructor({
    limitMs,
    stalledMs = DEFAULT_STALLED_MS,
    maxWaiting = DEFAULT_MAX_WAITING,
    now = () => performance.now(),
    hurry,
  }: StoreBounds) {
    this.#limitMs = limitMs
    this.#stalledMs = stalledMs
    this.#maxWaiting = maxWaiting
    this.#now = now
    this.#hurry = hurry
    hurry?.addEventListener('abort', () => {
      for (const call of this.#waiting) call.limit(HURRIED_MS)
    })
  }

  async make(name: string, call: () => unknown): Promise<unknown> {
    if (this.#isStalled) throw new OutboxError('STORE_UNAVAILABLE', 'the store does not answer at present')
    if (this.#waiting.size >= this.#maxWaiting)
      throw new OutboxError('OVERLOADED', `${this.#maxWaiting} calls wait for the store; try again later`)
    if (LONG.has(name)) return call()
    const waiting = new WaitingCall(name, this.#now())
    this.#waiting.add(waiting)
    waiting.limit(this.#hurry?.aborted === true ? HURRIED_MS : this.#limitMs)
    try {
      const answer = await Promise.race([call(), waiting.late])
      this.#answeredAtMs = this.#now()
      return answer
    } catch (error) {
      if (!(error instanceof UnansweredError)) this.#answeredAtMs = this.#now()
      throw error
    } finally {
      this.#waiting.delete(waiting)
      waiting.end()
    }
  }

  get #isStalled(): boolean {
    const [oldest] = this.#waiting
    if (oldest === undefined) return false
    return this.#now() - Math.max(oldest.sinceMs, this.#answeredAtMs) >= this.#stalledMs
  }
}

/** A call that is not answered yet. */
class WaitingCall {
  readonly sinceMs: number
  /** Rejects when its time is over. */
  readonly late: Promise<never>
  readonly #name: string
  #reject: (error: Error) => void = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(name: string, sinceMs: number) {
    this.#name = name
    this.sinceMs = sinceMs
    this.late = new Promise((_resolve, reject) => {
      this.#reject = reject
    })
  }

  /** Its time is over so long from now, instead of what was said before. */
  limit(milliseconds: number): void {
    clearTimeout(this.#timer)
    const isRead = READS.has(this.#name)
    this.#timer = setTimeout(() => this.#reject(new UnansweredError(isRead, milliseconds)), milliseconds)
  }

  end(): void {
    clearTimeout(this.#timer)
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
