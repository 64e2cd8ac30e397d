import type { Notification } from '../../notification.js'
import type { NotificationQueue } from '../../queue.js'

/** How often, in each grace period, the grace of what has not left yet is renewed. */
const RENEWALS_PER_GRACE = 4
const MIN_RENEWAL_MS = 1

/**
 * Silence about what has not left yet means nothing. A gateway may well be slower than its grace: giving it up for that
 * would send everything again, and again. So the grace of what waits to leave is put off until it has left.
 */
export class GraceRenewal {
  readonly #queue: NotificationQueue
  readonly #intervalMs: number
  #first: Notification | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(queue: NotificationQueue, graceMs: number) {
    this.#queue = queue
    this.#intervalMs = Math.max(MIN_RENEWAL_MS, graceMs / RENEWALS_PER_GRACE)
  }

  /** This notification, and all that was claimed after it, waits to leave. */
  begin(first: Notification | undefined): void {
    this.#first = first
    this.#timer ??= setInterval(() => this.#renew(), this.#intervalMs)
  }

  /** All has left: its grace begins. */
  end(): void {
    this.#renew()
    this.stop()
  }

  /** Nothing waits to leave any more, since there is no connection. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#first = undefined
  }

  #renew(): void {
    if (this.#first !== undefined) this.#queue.renewGrace(this.#first)
  }
}
