/** What can be in a {@link LinkedList}: in one at a time. */
export interface Linked<T> {
  previous: T | undefined
  next: T | undefined
}

/**
 * A list whose links are in its members themselves: taking one out of the middle is O(1), and being in it costs no object.
 */
export class LinkedList<T extends Linked<T>> implements Iterable<T> {
  #first: T | undefined
  #last: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): T | undefined {
    return this.#first
  }

  get last(): T | undefined {
    return this.#last
  }

  append(member: T): void {
    member.previous = this.#last
    if (this.#last === undefined) this.#first = member
    else this.#last.next = member
    this.#last = member
    this.#length++
  }

  /** Takes a member out; it has to be in this list. */
  remove(member: T): void {
    const { previous, next } = member
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    member.previous = undefined
    member.next = undefined
    this.#length--
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let each = this.#first; each !== undefined; each = each.next) yield each
  }
}
