import { Batch } from './batch.mjs'
import { OUTCOMES } from './books.mjs'
import { Fifo } from './fifo.mjs'

const TOKENS_PER_BATCH = 1000

/**
 * What a worker tells of a batch.
 *
 * @typedef {object} Progress
 * @property {Batch} batch
 * @property {number} fence
 * @property {{ grain: number, outcome: import('./books.mjs').Outcome }[]} outcomes
 *
 * @typedef {'held' | 'settled' | 'lost'} LeaseState
 */

/** The batches of one database, by the server's own rules (`packages/server/src/outbox/outbox.ts`). Each call is atomic. */
export class Outbox {
  #timeline
  #books
  #random
  #grain
  #deadShare
  /** @type {Map<string, { served: number, ready: Fifo<Batch> }>} */
  #apps = new Map()
  /** @type {Set<Batch>} */
  #leased = new Set()
  /** No lease is over before. */
  #nextLeaseEndMs = Number.POSITIVE_INFINITY
  #virtualTime = 0
  #messages = 0
  /** What a replica may not have yet. @type {{ atMs: number, undo: () => void }[]} */
  #journal = []
  #journalMs

  /**
   * @param {import('./timeline.mjs').Timeline} timeline
   * @param {import('./books.mjs').Books} books
   * @param {import('./random.mjs').Random} random
   * @param {{ grain: number, deadShare: number, lostMs: number }} options
   */
  constructor(timeline, books, random, { grain, deadShare, lostMs }) {
    this.#timeline = timeline
    this.#books = books
    this.#random = random
    this.#grain = grain
    this.#deadShare = deadShare
    this.#journalMs = lostMs
  }

  /**
   * @param {string} app
   * @param {number} tokens
   * @returns {{ isLost: boolean }} lost in a fail-over
   */
  append(app, tokens) {
    const message = this.#messages
    this.#messages += 1
    /** @type {Batch[]} */
    const batches = []
    for (let left = tokens; left > 0; left -= TOKENS_PER_BATCH)
      batches.push(this.#batch(app, message, Math.min(left, TOKENS_PER_BATCH)))
    for (const batch of batches) this.#app(app).ready.push(batch)
    this.#books.appended += tokens
    const stored = { isLost: false }
    this.#note(() => {
      stored.isLost = true
      for (const batch of batches) this.#lose(batch)
    })
    return stored
  }

  /**
   * Batches of the app that was handed the fewest tokens, until there are so many tokens.
   *
   * @param {{ owner: string, leaseUntilMs: number, maxTokens: number, maxTokensPerApp: number }} claim
   */
  claim({ owner, leaseUntilMs, maxTokens, maxTokensPerApp }) {
    this.#endLeases()
    const queue = new Map([...this.#apps].filter(([, { ready }]) => ready.length > 0))
    const inHand = new Map()
    if (Number.isFinite(maxTokensPerApp) && queue.size > 0) {
      for (const batch of this.#leased)
        if (batch.owner === owner) inHand.set(batch.app, (inHand.get(batch.app) ?? 0) + batch.pendingTokens)
    }
    for (const app of queue.values()) app.served = Math.max(app.served, this.#virtualTime)
    /** @type {Batch[]} */
    const taken = []
    for (let left = maxTokens; left > 0 && queue.size > 0; ) {
      const [name, app] = [...queue].reduce((least, each) =>
        each[1].served < least[1].served ? each : least,
      )
      this.#virtualTime = app.served
      const batch = (inHand.get(name) ?? 0) < maxTokensPerApp ? app.ready.shift() : undefined
      if (batch === undefined) {
        queue.delete(name)
        continue
      }
      const tokens = batch.pendingTokens
      this.#lease(batch, owner, leaseUntilMs)
      taken.push(batch)
      app.served += tokens
      left -= tokens
      inHand.set(name, (inHand.get(name) ?? 0) + tokens)
    }
    return taken
  }

  /** @param {readonly Batch[]} batches that a claim handed out which came to nothing */
  unclaim(batches) {
    for (const batch of batches) this.#giveBack(batch)
  }

  /** @param {readonly Batch[]} batches whose claim was committed */
  claimed(batches) {
    const held = batches.map((batch) => ({ batch, fence: batch.fence }))
    this.#note(() => {
      for (const { batch, fence } of held)
        if (batch.state === 'leased' && batch.fence === fence) {
          this.#giveBack(batch)
          // The replica knows nothing of who has it.
          batch.fence += 1
        }
    })
  }

  /**
   * @param {readonly Progress[]} progress
   * @returns {LeaseState[]}
   */
  record(progress) {
    return progress.map(({ batch, fence, outcomes }) => {
      if (batch.fence !== fence || batch.state === 'settled' || batch.state === 'lost') return 'lost'
      const fresh = outcomes.filter(({ grain }) => batch.outcomes[grain] === 0)
      for (const { grain, outcome } of fresh) this.#settle(batch, grain, outcome)
      this.#note(() => {
        for (const { grain } of fresh) this.#unsettle(batch, grain)
      })
      if (batch.pendingGrains > 0) return 'held'
      if (batch.state === 'ready') this.#app(batch.app).ready.remove(batch)
      this.#leased.delete(batch)
      batch.state = 'settled'
      return 'settled'
    })
  }

  /**
   * @param {readonly { batch: Batch, fence: number }[]} leases
   * @param {number} untilMs
   * @returns {LeaseState[]}
   */
  renew(leases, untilMs) {
    return leases.map(({ batch, fence }) => {
      if (batch.fence !== fence || batch.state !== 'leased') return 'lost'
      batch.leaseUntilMs = untilMs
      return 'held'
    })
  }

  /** @param {string} owner who has started anew */
  takeOver(owner) {
    for (const batch of [...this.#leased]) if (batch.owner === owner) this.#giveBack(batch)
  }

  /**
   * A replica takes over, which has not heard of what was done last.
   *
   * @param {number} diedAtMs
   */
  failOver(diedAtMs) {
    this.#trim(diedAtMs)
    for (const { undo } of this.#journal.toReversed()) undo()
    this.#journal = []
  }

  get pendingTokens() {
    let tokens = 0
    for (const { ready } of this.#apps.values()) for (const batch of ready) tokens += batch.pendingTokens
    for (const batch of this.#leased) tokens += batch.pendingTokens
    return tokens
  }

  #endLeases() {
    const { nowMs } = this.#timeline
    if (nowMs < this.#nextLeaseEndMs) return
    let next = Number.POSITIVE_INFINITY
    for (const batch of [...this.#leased]) {
      if (batch.leaseUntilMs <= nowMs) this.#giveBack(batch)
      else next = Math.min(next, batch.leaseUntilMs)
    }
    this.#nextLeaseEndMs = next
  }

  /**
   * @param {Batch} batch
   * @param {string} owner
   * @param {number} untilMs
   */
  #lease(batch, owner, untilMs) {
    batch.state = 'leased'
    batch.owner = owner
    batch.leaseUntilMs = untilMs
    batch.fence += 1
    this.#leased.add(batch)
    this.#nextLeaseEndMs = Math.min(this.#nextLeaseEndMs, untilMs)
  }

  /**
   * It was first in its queue, and is again.
   *
   * @param {Batch} batch
   */
  #giveBack(batch) {
    this.#leased.delete(batch)
    batch.state = 'ready'
    this.#app(batch.app).ready.putBack(batch)
  }

  /**
   * @param {Batch} batch
   * @param {number} grain
   * @param {import('./books.mjs').Outcome} outcome
   */
  #settle(batch, grain, outcome) {
    batch.outcomes[grain] = OUTCOMES.indexOf(outcome) + 1
    batch.pendingGrains -= 1
    this.#books.settled[outcome] += batch.grains[grain]
    this.#books.lastOutcomeMs = this.#timeline.nowMs
  }

  /**
   * @param {Batch} batch
   * @param {number} grain
   */
  #unsettle(batch, grain) {
    const outcome = OUTCOMES[batch.outcomes[grain] - 1]
    this.#books.settled[outcome] -= batch.grains[grain]
    batch.outcomes[grain] = 0
    batch.pendingGrains += 1
    if (batch.state !== 'settled') return
    // Its worker has put it down: nobody renews this lease.
    batch.state = 'leased'
    this.#leased.add(batch)
    this.#nextLeaseEndMs = Math.min(this.#nextLeaseEndMs, batch.leaseUntilMs)
  }

  /** @param {Batch} batch */
  #lose(batch) {
    this.#app(batch.app).ready.remove(batch)
    this.#leased.delete(batch)
    batch.state = 'lost'
    this.#books.lost += batch.pendingTokens
  }

  /**
   * @param {string} app
   * @param {number} message
   * @param {number} tokens
   */
  #batch(app, message, tokens) {
    const grains = []
    for (let left = tokens; left > 0; left -= this.#grain) grains.push(Math.min(left, this.#grain))
    const isDead = () => this.#deadShare > 0 && this.#random.next() < this.#deadShare
    return new Batch({ app, message, acceptedAtMs: this.#timeline.nowMs, grains, isDead })
  }

  /** @param {string} name */
  #app(name) {
    let app = this.#apps.get(name)
    if (app === undefined) {
      app = { served: 0, ready: new Fifo() }
      this.#apps.set(name, app)
    }
    return app
  }

  /** @param {() => void} undo */
  #note(undo) {
    if (this.#journalMs === 0) return
    this.#journal.push({ atMs: this.#timeline.nowMs, undo })
    this.#trim(this.#timeline.nowMs)
  }

  /** @param {number} untilMs */
  #trim(untilMs) {
    const sinceMs = untilMs - this.#journalMs
    let old = 0
    while (old < this.#journal.length && this.#journal[old].atMs < sinceMs) old += 1
    this.#journal.splice(0, old)
  }
}
