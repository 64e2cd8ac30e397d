import type { NotificationQueue } from './queue.js'

/**
 * Purges a queue in which silence means success, for as long as something is in it. Without it, a delivery over the
 * retired protocol would be done only when the next message is appended.
 */
export class PurgeTimer {
  readonly #queue: NotificationQueue
  #timer: NodeJS.Timeout | undefined

  constructor(queue: NotificationQueue) {
    this.#queue = queue
  }

  /** Runs until the queue is empty; started again with each message. */
  start(): void {
    this.#timer ??= setTimeout(() => this.#purge(), 0)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #purge(): void {
    const wait = this.#queue.purgeExpired()
    this.#timer = this.#queue.isUnresolved() ? setTimeout(() => this.#purge(), wait * 1000) : undefined
  }
}
