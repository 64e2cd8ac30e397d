import { BatchInHand } from './batch-in-hand.mjs'
import { Lane } from './lane.mjs'
import { Resource } from './resource.mjs'

/** How long it waits after the database has failed. */
const RETRY_MS = 1000
const RENEWALS_PER_LEASE = 3

/**
 * @typedef {object} WorkerOnly
 * @property {number} windowTokens in hand at a time
 * @property {number} leaseMs
 * @property {number} pollMs how often it looks for work of which nobody tells it
 * @property {number} transactionMicroseconds of CPU for a claim, or for progress that is written
 * @property {number} batchMicroseconds of CPU for each batch that is claimed
 * @property {number} recordMicroseconds of CPU for each batch whose progress is written, each time
 *
 * @typedef {WorkerOnly & import('./lane.mjs').LaneParameters} WorkerParameters
 *
 * @typedef {object} StatementCosts what the database's cores spend, in microseconds
 * @property {number} transaction
 * @property {number} claimBatch
 * @property {number} recordBatch each time that progress of it is written
 * @property {number} recordFailure a row of its own
 * @property {number} renewBatch
 * @property {number} appendBatch
 *
 * @typedef {object} Shard
 * @property {import('./outbox.mjs').Outbox} outbox
 * @property {import('./database.mjs').Database} database
 * @property {StatementCosts} costs
 */

/**
 * A process that claims, sends and records, by the server's own rules (`packages/server/src/worker/outbox-worker.ts`): progress
 * is written while the next gathers, and claims are large. One core. It lives until it crashes; another one comes after it.
 */
export class Worker {
  cpu
  owner
  #parameters
  #shard
  #timeline
  #books
  /** @type {Map<string, Lane>} */
  #lanes
  /** @type {Map<import('./batch.mjs').Batch, BatchInHand>} */
  #inHand = new Map()
  #handedTokens = 0
  /** @type {Set<BatchInHand>} */
  #dirty = new Set()
  #isRecording = false
  #isClaiming = false
  #isWoken = false
  #isDead = false
  /** One more each time that it goes to sleep or wakes. */
  #naps = 0

  /**
   * @param {object} fields
   * @param {string} fields.owner
   * @param {readonly string[]} fields.apps
   * @param {WorkerParameters} fields.parameters
   * @param {Shard} fields.shard
   * @param {import('./lane.mjs').Surroundings} fields.surroundings
   */
  constructor({ owner, apps, parameters, shard, surroundings }) {
    this.owner = owner
    this.#parameters = parameters
    this.#shard = shard
    this.#timeline = surroundings.timeline
    this.#books = surroundings.books
    this.cpu = new Resource(this.#timeline, 1)
    const settled = (
      /** @type {import('./link.mjs').Grain} */ grain,
      /** @type {import('./books.mjs').Outcome} */ outcome,
    ) => this.#settled(grain, outcome)
    this.#lanes = new Map(
      apps.map((app) => [app, new Lane(app, parameters, surroundings, this.cpu, settled)]),
    )
  }

  start() {
    this.#transaction(
      {
        begin: () => this.#shard.costs.transaction / 1000,
        commit: () => this.#shard.outbox.takeOver(this.owner),
      },
      (answer) => {
        if (answer === undefined) {
          this.#after(RETRY_MS, () => this.start())
          return
        }
        this.#renewLater()
        this.#claim()
      },
    )
  }

  /** The kernel ends it. What is written to its sockets still leaves. */
  crash() {
    this.#isDead = true
    this.cpu.clear()
    for (const lane of this.#lanes.values()) lane.die()
    this.#inHand.clear()
    this.#dirty.clear()
    this.#hand(-this.#handedTokens)
  }

  cutConnections() {
    for (const lane of this.#lanes.values()) lane.cut()
  }

  /** There may be more to claim. */
  wake() {
    if (this.#isDead) return
    this.#isWoken = true
    this.#naps += 1
    this.#claim()
  }

  #claim() {
    if (this.#isClaiming || this.#isDead) return
    this.#isWoken = false
    const room = this.#room()
    if (room === undefined) {
      this.#nap(this.#parameters.pollMs)
      return
    }
    this.#isClaiming = true
    const { outbox, costs } = this.#shard
    /** @type {import('./batch.mjs').Batch[]} */
    let batches = []
    this.#transaction(
      {
        begin: () => {
          const leaseUntilMs = this.#timeline.nowMs + this.#parameters.leaseMs
          batches = outbox.claim({ owner: this.owner, leaseUntilMs, ...room })
          return (costs.transaction + costs.claimBatch * batches.length) / 1000
        },
        commit: () => outbox.claimed(batches),
        rollback: () => outbox.unclaim(batches),
      },
      (answer) => {
        this.#isClaiming = false
        if (answer === undefined) this.#nap(RETRY_MS)
        else if (batches.length > 0) this.#take(batches)
        else if (this.#isWoken) this.#claim()
        else this.#nap(this.#parameters.pollMs)
      },
    )
  }

  /** How much to claim; undefined for nothing. Of several apps, each leaves room for the others. */
  #room() {
    const { windowTokens } = this.#parameters
    const free = windowTokens - this.#handedTokens
    if (this.#lanes.size <= 1)
      return free < windowTokens / 2
        ? undefined
        : { maxTokens: free, maxTokensPerApp: Number.POSITIVE_INFINITY }
    const half = Math.ceil(free / 2)
    return half < 1 ? undefined : { maxTokens: half, maxTokensPerApp: half }
  }

  /** @param {readonly import('./batch.mjs').Batch[]} batches */
  #take(batches) {
    // Counted at once, so that the next claim knows of them.
    const taken = batches.map((batch) => new BatchInHand(batch))
    for (const inHand of taken) {
      this.#inHand.set(inHand.batch, inHand)
      this.#hand(inHand.tokens)
    }
    const { transactionMicroseconds, batchMicroseconds } = this.#parameters
    this.cpu.use((transactionMicroseconds + batches.length * batchMicroseconds) / 1000, () => {
      for (const inHand of taken) {
        const { batch } = inHand
        const grains = batch.grains.flatMap((count, index) =>
          batch.outcomes[index] === 0
            ? [{ inHand, index, count, attempts: 0, firstFailedAtMs: undefined }]
            : [],
        )
        this.#lanes.get(batch.app)?.queue(grains)
      }
      this.#claim()
    })
  }

  /**
   * @param {import('./link.mjs').Grain} grain
   * @param {import('./books.mjs').Outcome} outcome
   */
  #settled({ inHand, index }, outcome) {
    if (inHand.isPutDown) return
    inHand.unanswered -= 1
    inHand.outcomes.push({ grain: index, outcome })
    this.#dirty.add(inHand)
    this.#record()
  }

  #record() {
    if (this.#isRecording || this.#dirty.size === 0 || this.#isDead) return
    this.#isRecording = true
    const batches = [...this.#dirty].filter((inHand) => !inHand.isPutDown)
    this.#dirty.clear()
    const { transactionMicroseconds, recordMicroseconds } = this.#parameters
    this.cpu.use((transactionMicroseconds + batches.length * recordMicroseconds) / 1000, () =>
      this.#write(batches),
    )
  }

  /** @param {readonly BatchInHand[]} batches */
  #write(batches) {
    const { outbox, costs } = this.#shard
    const progress = batches.map((inHand) => inHand.takeProgress())
    const failures = progress.reduce(
      (sum, { batch, outcomes }) =>
        outcomes.reduce(
          (count, { grain, outcome }) => (outcome === 'accepted' ? count : count + batch.grains[grain]),
          sum,
        ),
      0,
    )
    this.#transaction(
      {
        begin: () =>
          (costs.transaction + costs.recordBatch * progress.length + costs.recordFailure * failures) / 1000,
        // Readers of the log miss nothing because its end is one row; a message's counts are one, too.
        lock: failures > 0 ? 'end of the log' : `message ${progress[0]?.batch.message}`,
        commit: () => outbox.record(progress),
      },
      (answer) => {
        if (answer === undefined) {
          for (const [position, inHand] of batches.entries()) {
            inHand.outcomes.unshift(...progress[position].outcomes)
            this.#dirty.add(inHand)
          }
          this.#after(RETRY_MS, () => {
            this.#isRecording = false
            this.#record()
          })
          return
        }
        this.#isRecording = false
        this.#heed(batches, answer.result)
        this.#record()
      },
    )
  }

  /**
   * @param {readonly BatchInHand[]} batches
   * @param {readonly import('./outbox.mjs').LeaseState[]} states
   */
  #heed(batches, states) {
    let isFreed = false
    for (const [position, inHand] of batches.entries()) {
      if (states[position] === 'held' || inHand.isPutDown) continue
      inHand.isPutDown = true
      this.#inHand.delete(inHand.batch)
      this.#hand(-inHand.tokens)
      isFreed = true
    }
    if (isFreed) this.wake()
  }

  /** @param {number} tokens more, or fewer */
  #hand(tokens) {
    this.#handedTokens += tokens
    this.#books.inHand.add(tokens)
  }

  #renewLater() {
    this.#after(this.#parameters.leaseMs / RENEWALS_PER_LEASE, () => {
      this.#renewLater()
      const batches = [...this.#inHand.values()]
      if (batches.length === 0) return
      const { outbox, costs } = this.#shard
      this.#transaction(
        {
          begin: () => (costs.transaction + costs.renewBatch * batches.length) / 1000,
          commit: () => outbox.renew(batches, this.#timeline.nowMs + this.#parameters.leaseMs),
        },
        (answer) => {
          if (answer !== undefined) this.#heed(batches, answer.result)
        },
      )
    })
  }

  /** @param {number} delayMs */
  #nap(delayMs) {
    this.#naps += 1
    const nap = this.#naps
    this.#after(delayMs, () => {
      if (nap === this.#naps) this.#claim()
    })
  }

  /**
   * @param {import('./database.mjs').Transaction} transaction
   * @param {(answer: { result: any } | undefined) => void} done unless it is dead by then
   */
  #transaction(transaction, done) {
    this.#shard.database.run(transaction, (answer) => {
      if (!this.#isDead) done(answer)
    })
  }

  /**
   * @param {number} delayMs
   * @param {() => void} action unless it is dead by then
   */
  #after(delayMs, action) {
    this.#timeline.after(delayMs, () => {
      if (!this.#isDead) action()
    })
  }
}
