/** How many spent places are kept before the array is moved up. */
const COMPACT_AFTER = 1024

/** First in, first out, in O(1) amortised: `Array.shift` moves every element of a large array. */
export class Fifo<T> implements Iterable<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  peekLast(): T | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1)
  }

  /** Takes out the one that came last. */
  pop(): T | undefined {
    return this.length === 0 ? undefined : this.#items.pop()
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head > COMPACT_AFTER && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let index = this.#head; index < this.#items.length; index++) {
      // Places from the head on always hold an item.
      yield this.#items[index] as T
    }
  }
}
