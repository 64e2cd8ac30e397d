export interface ArrivalOptions {
  /** All that has to be done, from where it has come to; called again after it has failed. */
  readonly arrive: () => Promise<void>
  /** Whether another attempt would fail as well. */
  readonly isFinal: (error: unknown) => boolean
  /** Called with each error after which it is tried again. */
  readonly onError: (error: unknown, retryMs: number) => void
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** The first pause is half of it to all of it; each later one twice as long. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** How long an end waits for an attempt that is being made. */
const END_PATIENCE_MS = 1000
/** How long a start waits to be told that it cannot be: whether another has its name takes a few heartbeats. */
const BEGIN_PATIENCE_MS = 8000

/**
 * Waits for what a server needs and is not there yet: in a fleet, processes come up in any order. It is tried again and again,
 * more and more slowly.
 */
export class Arrival implements AsyncDisposable {
  readonly #options: ArrivalOptions
  readonly #ended = new AbortController()
  #attempt: Promise<void> | undefined
  #failures = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: ArrivalOptions) {
    this.#options = options
  }

  /**
   * Makes the first attempt. Where that fails, but not finally, or hangs, it goes on by itself.
   *
   * @param patienceMs how long the attempt is waited for, in milliseconds. Default: 8000
   * @throws what is final
   */
  async begin(patienceMs: number = BEGIN_PATIENCE_MS): Promise<void> {
    let isAwaited = true
    const first = this.#try((error) => {
      if (isAwaited && this.#options.isFinal(error)) throw error
    })
    await withPatience(first, patienceMs)
    isAwaited = false
  }

  /** Tries no more; an attempt that is being made is waited for a moment. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    clearTimeout(this.#timer)
    if (this.#attempt !== undefined) await withPatience(this.#attempt.catch(ignore), END_PATIENCE_MS)
  }

  async #try(check: (error: unknown) => void): Promise<void> {
    if (this.#ended.signal.aborted) return
    try {
      this.#attempt = this.#options.arrive()
      await this.#attempt
    } catch (error) {
      check(error)
      if (this.#ended.signal.aborted) return
      const { onError, random = Math.random } = this.#options
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++)
      // Processes that have lost the same database do not come back all at once.
      const retryMs = pauseMs * (0.5 + random() / 2)
      onError(error, retryMs)
      this.#timer = setTimeout(() => void this.#try(() => {}), retryMs)
    }
  }
}

/** Waits for something, and no longer than that. @throws what it rejects with */
async function withPatience(work: Promise<void>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs)
  })
  try {
    await Promise.race([work, patience])
  } finally {
    clearTimeout(timer)
  }
}

function ignore(): void {}
