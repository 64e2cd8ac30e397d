import type { DeadToken, DeadTokens, FeedbackPage } from '../outbox/dead-tokens.js'

export interface FeedbackFollowerOptions {
  readonly deadTokens: Pick<DeadTokens, 'feedback'>
  /**
   * How often the store is asked while somebody waits, since other processes write to it too, in milliseconds. Default: 1000;
   * 10 and more.
   */
  readonly pollMs?: number | undefined
  /** Called with the store's errors; who waits goes on waiting, and the store is asked again after `pollMs`. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface FollowQuery {
  readonly after: number
  /** Lanes; undefined: all. */
  readonly apps?: readonly string[] | undefined
  readonly limit: number
}

const DEFAULT_POLL_MS = 1000
/** Of one look at the store; what is more is for the next. */
const LOOK_LIMIT = 1000

interface Waiter {
  /** Nothing up to here is for it. */
  after: number
  readonly apps: ReadonlySet<string> | undefined
  readonly limit: number
  readonly settle: (page: FeedbackPage) => void
}

/**
 * Lets any number of readers wait for what comes after their place in the log of dead tokens. However many they are, one
 * query at a time looks for all of them: when {@link woken} says that this process has written, and at an interval for what
 * other processes write; none while nobody waits.
 */
export class FeedbackFollower {
  readonly #deadTokens: Pick<DeadTokens, 'feedback'>
  readonly #pollMs: number
  readonly #onError: (error: unknown) => void
  readonly #waiters = new Set<Waiter>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #isClosed = false
  /** Whether there may be entries after {@link #seenUpTo}, as far as this process knows. */
  #hasMore = false
  #seenUpTo = 0
  #seenAtMs = Number.NEGATIVE_INFINITY

  constructor({ deadTokens, pollMs = DEFAULT_POLL_MS, onError = () => {} }: FeedbackFollowerOptions) {
    if (!(pollMs >= 10)) throw new RangeError('pollMs is at least 10')
    this.#deadTokens = deadTokens
    this.#pollMs = pollMs
    this.#onError = onError
  }

  /** How many wait at present. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** This process has written to the log, or may have. Cheap where nobody waits. */
  woken(): void {
    this.#hasMore = true
    if (this.#waiters.size > 0) void this.#look()
  }

  /** The entries after a place, as they are now. @throws what the store throws */
  async read(query: FollowQuery): Promise<FeedbackPage> {
    const seenUpTo = this.#seenUpTo
    const { items, next } = await this.#deadTokens.feedback(query)
    // What had been seen before it was read is none of this reader's: it need not be gone through again.
    return items.length < query.limit ? { items, next: Math.max(next, seenUpTo) } : { items, next }
  }

  /**
   * The entries after a place: at once where there are any, else as soon as there are. Empty when the signal comes first, or
   * {@link close}; `next` then says how far there was nothing.
   *
   * @throws what the store throws, if it fails before the wait
   */
  async next(query: FollowQuery, signal: AbortSignal): Promise<FeedbackPage> {
    const { after } = query
    const isAtEnd = after >= this.#seenUpTo && performance.now() - this.#seenAtMs < this.#pollMs
    // Readers that were just answered together come back together: the next look is for all of them.
    if (isAtEnd && !signal.aborted && !this.#isClosed) return this.#wait(query, signal)
    const page = await this.read(query)
    if (page.items.length > 0 || signal.aborted || this.#isClosed) return page
    return this.#wait({ ...query, after: page.next }, signal)
  }

  /** Answers everybody who waits with an empty page; from now on nobody waits. Idempotent. */
  close(): void {
    this.#isClosed = true
    for (const waiter of this.#waiters) this.#settle(waiter, [], waiter.after)
  }

  #wait({ after, apps, limit }: FollowQuery, signal: AbortSignal): Promise<FeedbackPage> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        after,
        apps: apps === undefined ? undefined : new Set(apps),
        limit,
        settle: (page) => {
          signal.removeEventListener('abort', leave)
          resolve(page)
        },
      }
      const leave = (): void => this.#settle(waiter, [], waiter.after)
      signal.addEventListener('abort', leave, { once: true })
      this.#waiters.add(waiter)
      // What was written between the reader's look and now was nobody's to be told.
      if (this.#hasMore) void this.#look()
      else this.#schedule()
    })
  }

  #settle(waiter: Waiter, items: readonly DeadToken[], next: number): void {
    this.#waiters.delete(waiter)
    if (this.#waiters.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    waiter.settle({ items, next })
  }

  #schedule(): void {
    if (this.#isLooking || this.#waiters.size === 0) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#look()
    }, this.#pollMs)
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isLooking = true
    try {
      do await this.#lookOnce()
      while (this.#hasMore && this.#waiters.size > 0)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#isLooking = false
      this.#schedule()
    }
  }

  async #lookOnce(): Promise<void> {
    this.#hasMore = false
    let from = Number.MAX_SAFE_INTEGER
    for (const { after } of this.#waiters) from = Math.min(from, after)
    const page = await this.#deadTokens.feedback({ after: from, limit: LOOK_LIMIT })
    // Not `next`: a reader may stand beyond the end, whose cursor is of another store, and the others do not.
    this.#seenUpTo = Math.max(this.#seenUpTo, page.items.at(-1)?.position ?? 0)
    this.#seenAtMs = performance.now()
    if (page.items.length === LOOK_LIMIT) this.#hasMore = true
    for (const waiter of this.#waiters) {
      // It came while the store was asked, and stands before the place from which that was.
      if (waiter.after < from) this.#hasMore = true
      else this.#offer(waiter, page)
    }
  }

  #offer(waiter: Waiter, { items, next }: FeedbackPage): void {
    const { after, apps, limit } = waiter
    const own = items.filter(({ position, app }) => position > after && apps?.has(app) !== false)
    const given = own.slice(0, limit)
    const last = given.at(-1)
    if (last === undefined) waiter.after = Math.max(after, next)
    else this.#settle(waiter, given, given.length < own.length ? last.position : Math.max(after, next))
  }
}
