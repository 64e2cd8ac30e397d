import type { Traffic } from '../../diagnostics/traffic.js'
import { type Failure, localFailure } from '../../error.js'
import type { Notification } from '../../notification.js'
import type { NotificationQueue } from '../../queue.js'
import type { RetryPolicy } from '../retry-policy.js'

const STREAM_REFUSED = localFailure('StreamRefused')
const NO_DEADLINE = Number.POSITIVE_INFINITY

/** Puts claimed notifications back into the queue, to be sent again, or gives them up when it was tried for long enough. */
export class Resender {
  readonly #queue: NotificationQueue
  readonly #policy: RetryPolicy
  readonly #traffic: Traffic
  readonly #report: (notification: Notification, failure: Failure) => void
  #retried = 0

  /**
   * @param report hears of each that was given up, once
   */
  constructor(
    queue: NotificationQueue,
    policy: RetryPolicy,
    traffic: Traffic,
    report: (notification: Notification, failure: Failure) => void,
  ) {
    this.#queue = queue
    this.#policy = policy
    this.#traffic = traffic
    this.#report = report
  }

  /** How many times a notification was put back. */
  get retried(): number {
    return this.#retried
  }

  /**
   * An attempt came to nothing.
   *
   * @param wait what the server asked for, in milliseconds; or `promptly`: nothing speaks against the first retry at once
   */
  sendAgain(notification: Notification, failure: Failure, wait: number | 'promptly'): void {
    notification.attempts++
    if (failure.code === 'unknown') notification.doubt = failure
    const { sendBy } = notification.message
    const leftMs = sendBy === undefined ? NO_DEADLINE : sendBy * 1000 - Date.now()
    const delayMs = this.#policy.delayMs(notification.attempts, sinceFirstFailure(notification), leftMs, wait)
    if (delayMs === undefined) this.giveUp(notification, notification.doubt ?? failure)
    else this.putBack(notification, failure, delayMs / 1000)
  }

  /**
   * Surely not processed: sent again whatever happens, the first time at once. That is no attempt; the back-off is for
   * a server that goes on refusing.
   */
  sendUnprocessed(notification: Notification, failure: Failure): void {
    if (!this.#policy.isInTime(sinceFirstFailure(notification))) {
      this.giveUp(notification, notification.doubt ?? STREAM_REFUSED)
      return
    }
    const refusals = notification.refusedStreams++
    this.putBack(notification, failure, refusals === 0 ? 0 : this.#policy.backOffMs(refusals) / 1000)
  }

  /**
   * No attempt at all, as far as the notification goes.
   *
   * @param delay in seconds
   */
  putBack(notification: Notification, { reason }: Failure, delay = 0): void {
    if (!this.#queue.requeue(notification, delay)) return
    this.#retried++
    this.#traffic.retrying(notification, reason, delay)
  }

  /** It will not be sent again. */
  giveUp(notification: Notification, failure: Failure): void {
    if (this.#queue.settle(notification, failure)) this.#report(notification, failure)
  }
}

/** Milliseconds since an attempt at it first failed, which is now if none did before. */
function sinceFirstFailure(notification: Notification): number {
  const nowMs = performance.now()
  if (notification.firstFailedAtMs === 0) notification.firstFailedAtMs = nowMs
  return nowMs - notification.firstFailedAtMs
}
