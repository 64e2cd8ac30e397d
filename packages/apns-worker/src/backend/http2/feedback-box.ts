import { Feedback, type Subscription } from '../../feedback.js'
import { Fifo } from '../../fifo.js'
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
  #unread = new Fifo<Feedback>()

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
    this.#unread = new Fifo()
    // Later, so that the caller has its subscription by then.
    if (unread.length > 0) setImmediate(() => this.#deliver(subscriber, unread))
    return { cancel: () => this.#subscribers.delete(subscriber) }
  }

  #deliver(subscriber: (feedback: Feedback) => unknown, unread: Fifo<Feedback>): void {
    for (let feedback = unread.shift(); feedback !== undefined; feedback = unread.shift()) {
      // Cancelled by now, maybe by its own callback: the rest is for the next.
      if (this.#subscribers.has(subscriber)) this.#tell(subscriber, feedback)
      else this.#keep(feedback)
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
