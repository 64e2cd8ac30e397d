import { Fifo } from './fifo.mjs'
import { Gauge } from './gauge.mjs'

/** Something that so many can use at a time, for a while each; the others wait, first come first served. */
export class Resource {
  #timeline
  #places
  /** @type {Fifo<{ ms: number, action: () => void }>} */
  #waiting = new Fifo()
  #life = 0
  /** How many use it. */
  busy

  /**
   * @param {import('./timeline.mjs').Timeline} timeline
   * @param {number} places
   */
  constructor(timeline, places) {
    this.#timeline = timeline
    this.#places = places
    this.busy = new Gauge(timeline)
  }

  get waiting() {
    return this.#waiting.length
  }

  /**
   * @param {number} ms for how long
   * @param {() => void} action when it is over
   */
  use(ms, action) {
    if (this.busy.value < this.#places) this.#start(ms, action)
    else this.#waiting.push({ ms, action })
  }

  /** Whoever uses it or waits is forgotten. */
  clear() {
    this.#life += 1
    this.busy.set(0)
    this.#waiting.clear()
  }

  /**
   * @param {number} ms
   * @param {() => void} action
   */
  #start(ms, action) {
    const life = this.#life
    this.busy.add(1)
    this.#timeline.after(ms, () => {
      if (life !== this.#life) return
      this.busy.add(-1)
      // Before what follows, which may want it again: who waited longer is first.
      this.#next()
      action()
    })
  }

  #next() {
    const next = this.#waiting.shift()
    if (next !== undefined) this.#start(next.ms, next.action)
  }
}
