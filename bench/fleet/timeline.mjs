/**
 * Simulated time: what is to happen, in its order. What is due at the same moment happens in the order in which it was planned.
 */
export class Timeline {
  /** Milliseconds since the beginning. */
  nowMs = 0
  /** A binary heap. @type {{ atMs: number, order: number, action: () => void }[]} */
  #heap = []
  #planned = 0

  /**
   * @param {number} atMs not before now
   * @param {() => void} action
   */
  at(atMs, action) {
    if (!(atMs >= this.nowMs)) throw new Error(`${atMs} ms is before ${this.nowMs} ms`)
    if (atMs === Number.POSITIVE_INFINITY) return
    const heap = this.#heap
    const event = { atMs, order: this.#planned, action }
    this.#planned += 1
    let place = heap.length
    heap.push(event)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[place] = heap[parent]
      place = parent
    }
    heap[place] = event
  }

  /**
   * @param {number} delayMs
   * @param {() => void} action
   */
  after(delayMs, action) {
    this.at(this.nowMs + delayMs, action)
  }

  /**
   * Goes on until nothing is planned, it is told that it is enough, or the time is up.
   *
   * @param {number} limitMs
   * @param {() => boolean} isEnough asked after each event
   */
  run(limitMs, isEnough) {
    while (this.#heap.length > 0 && this.#heap[0].atMs <= limitMs) {
      const { atMs, action } = this.#pop()
      this.nowMs = atMs
      action()
      if (isEnough()) return
    }
  }

  #pop() {
    const heap = this.#heap
    const first = heap[0]
    const last = /** @type {typeof first} */ (heap.pop())
    const { length } = heap
    if (length === 0) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= length) break
      if (child + 1 < length && isBefore(heap[child + 1], heap[child])) child += 1
      if (!isBefore(heap[child], last)) break
      heap[place] = heap[child]
      place = child
    }
    heap[place] = last
    return first
  }
}

/**
 * @param {{ atMs: number, order: number }} one
 * @param {{ atMs: number, order: number }} other
 */
function isBefore(one, other) {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
