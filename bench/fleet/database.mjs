import { Resource } from './resource.mjs'

/**
 * @typedef {object} DatabaseParameters
 * @property {number} cores that work on transactions
 * @property {number} roundTripMs between it and its clients
 * @property {number} roundTrips of one transaction, two or more; what others write too is locked in the last but one
 * @property {number} commitMs until the disk, or a synchronous replica, has a commit; many wait together
 *
 * @typedef {object} Transaction
 * @property {() => number} begin does the work that takes locks on rows of its own, and says how many ms of a core it takes
 * @property {string} [lock] a row that others write too, until the commit
 * @property {() => any} commit
 * @property {() => void} [rollback] undoes what `begin` did
 */

/**
 * A database as its clients see it: a queue for its cores, then one for a row's lock, then the wait for the disk. While it is
 * down, calls fail, and so do those that were on their way; some of those have committed.
 */
export class Database {
  #timeline
  #parameters
  #cores
  /** @type {Map<string, Resource>} */
  #locks = new Map()
  /** Of what was begun and not answered. @type {Set<() => void>} */
  #underWay = new Set()
  /** One more with each failure: what was begun before is no more. */
  #life = 0
  #isDown = false
  transactions = 0
  failures = 0
  /** Calls that failed although they had committed. */
  ambiguous = 0

  /**
   * @param {import('./timeline.mjs').Timeline} timeline
   * @param {DatabaseParameters} parameters
   */
  constructor(timeline, parameters) {
    this.#timeline = timeline
    this.#parameters = parameters
    this.#cores = new Resource(timeline, parameters.cores)
  }

  /** Of its cores' time, in core-milliseconds since the beginning. */
  get busyMs() {
    return this.#cores.busy.integral
  }

  /** How long the row that was locked longest was, in milliseconds since the beginning. */
  get lockedMs() {
    let most = 0
    for (const { busy } of this.#locks.values()) most = Math.max(most, busy.integral)
    return most
  }

  /**
   * @param {Transaction} transaction
   * @param {(answer: { result: any } | undefined) => void} done undefined: it failed, as far as the client knows
   */
  run(transaction, done) {
    const { roundTripMs } = this.#parameters
    this.#timeline.after(roundTripMs / 2, () => {
      if (!this.#isDown) {
        this.#execute(transaction, done)
        return
      }
      this.failures += 1
      this.#timeline.after(roundTripMs / 2, () => done(undefined))
    })
  }

  /** It is gone, with all that was under way. */
  fail() {
    this.#isDown = true
    this.#life += 1
    this.#cores.clear()
    for (const lock of this.#locks.values()) lock.clear()
    const lost = [...this.#underWay]
    this.#underWay.clear()
    for (const onFailure of lost) onFailure()
  }

  recover() {
    this.#isDown = false
  }

  /**
   * @param {Transaction} transaction
   * @param {(answer: { result: any } | undefined) => void} done
   */
  #execute({ begin, lock, commit, rollback }, done) {
    const { roundTripMs, roundTrips, commitMs } = this.#parameters
    let isCommitted = false
    const onFailure = () => {
      if (isCommitted) this.ambiguous += 1
      else rollback?.()
      this.failures += 1
      this.#timeline.after(roundTripMs / 2, () => done(undefined))
    }
    this.#underWay.add(onFailure)
    const end = () => {
      const result = commit()
      isCommitted = true
      this.transactions += 1
      this.#after(roundTripMs / 2, () => {
        this.#underWay.delete(onFailure)
        done({ result })
      })
    }
    this.#cores.use(begin(), () => {
      this.#after((roundTrips - 2) * roundTripMs, () => this.#hold(lock, roundTripMs + commitMs, end))
    })
  }

  /**
   * @param {string | undefined} name
   * @param {number} ms
   * @param {() => void} action
   */
  #hold(name, ms, action) {
    if (name === undefined) {
      this.#after(ms, action)
      return
    }
    let lock = this.#locks.get(name)
    if (lock === undefined) {
      lock = new Resource(this.#timeline, 1)
      this.#locks.set(name, lock)
    }
    lock.use(ms, action)
  }

  /**
   * @param {number} delayMs
   * @param {() => void} action which does not happen if it fails before
   */
  #after(delayMs, action) {
    const life = this.#life
    this.#timeline.after(delayMs, () => {
      if (life === this.#life) action()
    })
  }
}
