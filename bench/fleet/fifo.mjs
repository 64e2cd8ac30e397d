/** How much may be left behind before it is let go of. */
const MOST_BEHIND = 10_000

/**
 * A queue that stays quick when it is long.
 *
 * @template T
 */
export class Fifo {
  /** @type {T[]} */
  #items = []
  /** Those before were taken. */
  #first = 0

  get length() {
    return this.#items.length - this.#first
  }

  /** @returns {T | undefined} */
  get first() {
    return this.#items[this.#first]
  }

  /** @param {T} item */
  push(item) {
    this.#items.push(item)
  }

  /** @returns {T | undefined} */
  shift() {
    if (this.length === 0) return undefined
    const item = this.#items[this.#first]
    this.#first += 1
    if (this.length === 0 || this.#first > MOST_BEHIND) {
      this.#items.splice(0, this.#first)
      this.#first = 0
    }
    return item
  }

  /** @param {T} item which is first from now on */
  putBack(item) {
    if (this.#first === 0) this.#items.unshift(item)
    else {
      this.#first -= 1
      this.#items[this.#first] = item
    }
  }

  /** @param {T} item */
  remove(item) {
    this.#items = this.#items.slice(this.#first).filter((each) => each !== item)
    this.#first = 0
  }

  clear() {
    this.#items = []
    this.#first = 0
  }

  *[Symbol.iterator]() {
    for (let index = this.#first; index < this.#items.length; index += 1) yield this.#items[index]
  }
}
