import { Feedback, type Subscription } from '../../feedback.js'
import { callSafely, type Logger } from '../../logger.js'

/** How many are kept while nobody listens; then the oldest go. */
const MAX_UNREAD = 100_000

/**
 * Dead tokens for whoever listens. As with the original feedback service, what comes while nobody does is kept, and
 * reading it clears it.
 */
export class FeedbackBox {
  readonly #logger: Logger
  readonly #subscribers = new Set<(feedback: Feedback) => unknown>()
  #unread: Feedback[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  add(token: string, when: Date, reason: string): void {
    const feedback = new Feedback(token, when, reason)
    if (this.#subscribers.size === 0) this.#keep(feedback)
    else for (const callback of [...this.#subscribers]) this.#tell(callback, feedback)
  }

  subscribe(callback: (feedback: Feedback) => unknown): Subscription {
    // A subscription of its own, even for a callback that is subscribed already.
    const subscriber = (feedback: Feedback): unknown => callback(feedback)
    this.#subscribers.add(subscriber)
    const unread = this.#unread
    this.#unread = []
    // Later, so that the caller has its subscription by then.
    if (unread.length > 0) setImmediate(() => this.#deliver(subscriber, unread))
    return { cancel: () => this.#subscribers.delete(subscriber) }
  }

  #deliver(subscriber: (feedback: Feedback) => unknown, unread: readonly Feedback[]): void {
    for (const [index, feedback] of unread.entries()) {
      if (!this.#subscribers.has(subscriber)) {
        for (const left of unread.slice(index)) this.#keep(left)
        return
      }
      this.#tell(subscriber, feedback)
    }
  }

  #tell(callback: (feedback: Feedback) => unknown, feedback: Feedback): void {
    callSafely(callback, feedback, 'feedback callback', this.#logger)
  }

  #keep(feedback: Feedback): void {
    if (this.#unread.length >= MAX_UNREAD) this.#unread.shift()
    this.#unread.push(feedback)
  }
}
