/**
 * @typedef {import('./worker.mjs').Worker} Worker
 *
 * @typedef {object} CrashPlan
 * @property {number} everyMs one of the fleet's workers, at random, in the mean
 * @property {number} backAfterMs
 * @property {boolean} isRenamed comes back under another name, so that its leases have to run out
 */

/** The workers of one outbox. Those that crash are followed by others. */
export class Fleet {
  /** @type {Worker[]} */
  #workers = []
  #makeWorker
  #timeline
  #random
  #books
  /** Core-milliseconds of those that are no more. */
  #formerMs = 0
  #names = 0

  /**
   * @param {number} size
   * @param {(owner: string) => Worker} makeWorker
   * @param {{ timeline: import('./timeline.mjs').Timeline, random: import('./random.mjs').Random, books: import('./books.mjs').Books }} surroundings
   */
  constructor(size, makeWorker, { timeline, random, books }) {
    this.#makeWorker = makeWorker
    this.#timeline = timeline
    this.#random = random
    this.#books = books
    for (let index = 0; index < size; index += 1) {
      const worker = makeWorker(this.#newName())
      this.#workers.push(worker)
      worker.start()
    }
  }

  /** Of all its cores' time, in core-milliseconds since the beginning. */
  get busyMs() {
    return this.#workers.reduce((sum, { cpu }) => sum + cpu.busy.integral, this.#formerMs)
  }

  /** What NOTIFY does. */
  wake() {
    for (const worker of this.#workers) worker.wake()
  }

  cutConnections() {
    for (const worker of this.#workers) worker.cutConnections()
  }

  /** @param {CrashPlan} plan */
  crash({ everyMs, backAfterMs, isRenamed }) {
    this.#timeline.after(this.#random.exponential(everyMs), () => {
      const place = Math.floor(this.#random.next() * this.#workers.length)
      const worker = this.#workers[place]
      if (worker !== undefined) this.#kill(worker, backAfterMs, isRenamed)
      this.crash({ everyMs, backAfterMs, isRenamed })
    })
  }

  /**
   * @param {Worker} worker
   * @param {number} backAfterMs
   * @param {boolean} isRenamed
   */
  #kill(worker, backAfterMs, isRenamed) {
    this.#books.crashes += 1
    worker.crash()
    this.#formerMs += worker.cpu.busy.integral
    this.#workers = this.#workers.filter((each) => each !== worker)
    this.#timeline.after(backAfterMs, () => {
      const next = this.#makeWorker(isRenamed ? this.#newName() : worker.owner)
      this.#workers.push(next)
      next.start()
    })
  }

  #newName() {
    this.#names += 1
    return `worker ${this.#names}`
  }
}
