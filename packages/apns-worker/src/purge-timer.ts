import type { NotificationQueue } from './queue.js'

/** The shortest wait in milliseconds: notifications that were claimed one after the other are purged together. */
const MIN_WAIT_MS = 10
/**
 * How many turns of the event loop may bring in what was said before the purge. One is enough for another machine; a
 * gateway in this process, as in tests, has to read and write first.
 */
const TURNS = 4
/** The longest wait in milliseconds: what `setTimeout` can hold. */
const MAX_WAIT_MS = 2 ** 31 - 1

/**
 * Purges a queue in which silence means success, for as long as something is in it. Without it, a delivery over the
 * retired protocol would be done only when the next message is appended.
 */
export class PurgeTimer {
  readonly #queue: NotificationQueue
  readonly #grace: number
  #timer: NodeJS.Timeout | undefined
  #purge: NodeJS.Immediate | undefined

  /**
   * @param grace the queue's, in seconds
   */
  constructor(queue: NotificationQueue, grace: number) {
    this.#queue = queue
    this.#grace = grace
  }

  /** Runs until the queue is empty; started again with each message. */
  start(): void {
    if (this.#timer === undefined && this.#purge === undefined) this.#schedule()
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#purge)
    this.#timer = undefined
    this.#purge = undefined
  }

  #schedule(): void {
    // What is not claimed yet can not be due before another grace period has passed.
    const waitMs = (this.#queue.nextPurgeIn() ?? this.#grace) * 1000
    this.#timer = setTimeout(
      () => this.#due(),
      Math.min(Math.max(MIN_WAIT_MS, Math.ceil(waitMs)), MAX_WAIT_MS),
    )
  }

  /**
   * Sockets are read between timers and immediates. After the event loop was held up for longer than the grace, an error
   * response that came in time would otherwise be read too late, and what it is about be taken for delivered.
   */
  #due(): void {
    this.#timer = undefined
    this.#purgeAfter(TURNS)
  }

  #purgeAfter(turns: number): void {
    this.#purge = setImmediate(() => {
      if (turns > 1) {
        this.#purgeAfter(turns - 1)
        return
      }
      this.#purge = undefined
      this.#queue.purgeExpired()
      if (this.#queue.isUnresolved()) this.#schedule()
    })
  }
}
