import type { Notification } from '../notification.js'

/**
 * Notifications in the order in which they were claimed. The links are in the notifications themselves: taking one
 * out of the middle is O(1), and being in the list costs no object.
 */
export class ClaimedList implements Iterable<Notification> {
  #first: Notification | undefined
  #last: Notification | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): Notification | undefined {
    return this.#first
  }

  get last(): Notification | undefined {
    return this.#last
  }

  append(notification: Notification): void {
    notification.previous = this.#last
    if (this.#last === undefined) this.#first = notification
    else this.#last.next = notification
    this.#last = notification
    this.#length++
  }

  remove(notification: Notification): void {
    const { previous, next } = notification
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    notification.previous = undefined
    notification.next = undefined
    this.#length--
  }

  *[Symbol.iterator](): Generator<Notification, void, undefined> {
    for (let each = this.#first; each !== undefined; each = each.next) yield each
  }
}
