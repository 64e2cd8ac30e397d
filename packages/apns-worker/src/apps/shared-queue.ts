import type { Failure } from '../error.js'
import type { Message } from '../message.js'
import type { Notification } from '../notification.js'
import { NotificationQueue, type SettlementObserver } from '../queue.js'

/** An app whose notifications go out over shared connections. */
export interface SharingApp {
  readonly queue: NotificationQueue
  /** Set while nothing of it is to be sent. */
  readonly paused: object | undefined
  /** How many times a notification of it was put back to be sent again. */
  retried: number
}

/** How many notifications of one app are taken in a row; from one and the same, they are cheaper to write. */
const TURN = 64

/**
 * The queues of several apps, to the backend that sends for all of them: it claims from each in turn, so that no list is
 * so long that other apps wait for its end; and what becomes of a notification, it tells the queue that it is from.
 */
export class SharedQueue<App extends SharingApp> extends NotificationQueue {
  readonly #apps: App[] = []
  #next = 0
  #leftOfTurn = TURN

  constructor() {
    super(Number.POSITIVE_INFINITY)
  }

  get apps(): readonly App[] {
    return this.#apps
  }

  add(app: App): void {
    this.#apps.push(app)
  }

  remove(app: App): void {
    const index = this.#apps.indexOf(app)
    if (index >= 0) this.#apps.splice(index, 1)
  }

  /** The app that a claimed notification is from. */
  originOf(notification: Notification): App | undefined {
    // Nobody else sets it. A map beside it would cost a fifth of what sending does.
    return notification.origin as App | undefined
  }

  override claim(): Notification | undefined {
    return this.#claimInTurn((queue) => queue.claim())
  }

  override claimLast(): Notification | undefined {
    return this.#claimInTurn((queue) => queue.claimLast())
  }

  override settle(notification: Notification, failure?: Failure, uniqueId?: string): boolean {
    return this.originOf(notification)?.queue.settle(notification, failure, uniqueId) ?? false
  }

  override requeue(notification: Notification, delay?: number): boolean {
    const app = this.originOf(notification)
    if (app?.queue.requeue(notification, delay) !== true) return false
    app.retried++
    return true
  }

  override hasUnclaimed(): boolean {
    return this.#apps.some((app) => app.paused === undefined && app.queue.hasUnclaimed())
  }

  override isEmpty(): boolean {
    return this.#apps.every((app) => app.paused !== undefined || app.queue.isEmpty())
  }

  override nextRetryIn(): number | undefined {
    let soonest: number | undefined
    for (const { paused, queue } of this.#apps) {
      const seconds = paused === undefined ? queue.nextRetryIn() : undefined
      if (seconds !== undefined && !(seconds > (soonest ?? Number.POSITIVE_INFINITY))) soonest = seconds
    }
    return soonest
  }

  override discard(
    decide: (message: Message, observer: SettlementObserver | undefined) => Failure | undefined,
    report?: (notification: Notification, failure: Failure) => void,
  ): number {
    let dropped = 0
    for (const app of [...this.#apps]) {
      dropped += app.queue.discard(decide, (notification, failure) => {
        // It may never have been claimed.
        notification.origin = app
        report?.(notification, failure)
      })
    }
    return dropped
  }

  #claimInTurn(take: (queue: NotificationQueue) => Notification | undefined): Notification | undefined {
    if (this.#leftOfTurn === 0) this.#endTurn()
    for (let asked = 0; asked < this.#apps.length; asked++) {
      const app = this.#apps[this.#next % this.#apps.length]
      const notification = app?.paused === undefined ? app && take(app.queue) : undefined
      if (app !== undefined && notification !== undefined) {
        this.#leftOfTurn--
        notification.origin = app
        return notification
      }
      this.#endTurn()
    }
    return undefined
  }

  #endTurn(): void {
    this.#next = (this.#next + 1) % Math.max(1, this.#apps.length)
    this.#leftOfTurn = TURN
  }
}
