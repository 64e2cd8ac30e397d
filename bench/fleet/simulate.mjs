import { Apns } from './apns.mjs'
import { BackOff } from './back-off.mjs'
import { Books } from './books.mjs'
import { Database } from './database.mjs'
import { Fleet } from './fleet.mjs'
import { Outbox } from './outbox.mjs'
import { PARAMETERS } from './parameters.mjs'
import { Random } from './random.mjs'
import { summarize } from './summary.mjs'
import { Timeline } from './timeline.mjs'
import { Worker } from './worker.mjs'

/** How long a client waits that was told 503. */
const CLIENT_RETRY_MS = 1000
/** As many messages are stored in one transaction. */
const MAX_GROUP = 500

/**
 * @typedef {object} Load of one app
 * @property {number} messageTokens of each of its messages
 * @property {number} [backlog] tokens that are there at the beginning
 * @property {number} [perSecond] tokens that come
 *
 * @typedef {object} Failure of one shard's database
 * @property {number} shard
 * @property {number} atMs
 * @property {number} forMs
 * @property {number} lostMs how much of what was committed last its successor has not
 *
 * @typedef {object} Scenario
 * @property {string} title
 * @property {Record<string, Load>} apps
 * @property {number} seconds for which messages come
 * @property {number} [warmUpSeconds] of these, left out of rates and utilisation
 * @property {number} limitSeconds after which it is given up, if not all is sent by then
 * @property {number} shards databases, each with a fleet of its own
 * @property {number} workers of each
 * @property {number} grain how many tokens are simulated at a time
 * @property {{ [Part in keyof import('./parameters.mjs').Parameters]?: Partial<import('./parameters.mjs').Parameters[Part]> }} [parameters]
 *   where they differ from the usual ones
 * @property {Failure[]} [failures]
 * @property {import('./fleet.mjs').CrashPlan} [crashes] of each fleet
 * @property {boolean} [polls] nobody tells workers of new messages: the database has no LISTEN
 */

/**
 * @typedef {object} Shard
 * @property {Outbox} outbox
 * @property {Database} database
 * @property {Fleet} fleet
 * @property {{ app: string, tokens: number, stored: { isLost: boolean } | undefined }[]} posts requests that wait; `stored`: by
 *   an attempt, answered or not
 * @property {boolean} isPosting
 */

/**
 * Runs a scenario to its end: until all is sent, or the time is up. The same seed gives the same figures.
 *
 * @param {Scenario} scenario
 * @param {string | number} seed
 * @returns {ReturnType<typeof summarize>}
 */
export function simulate(scenario, seed) {
  const world = new World(scenario, seed)
  return world.run()
}

class World {
  #scenario
  #parameters
  #random
  #timeline = new Timeline()
  #books = new Books(this.#timeline)
  /** @type {Shard[]} */
  #shards
  #unacknowledged = 0
  #isArriving = true
  #turn = 0
  lastAppendMs = 0

  /**
   * @param {Scenario} scenario
   * @param {string | number} seed
   */
  constructor(scenario, seed) {
    this.#scenario = scenario
    this.#parameters = withDefaults(scenario.parameters ?? {})
    this.#random = new Random(seed)
    const apns = new Apns(this.#parameters.apns, this.#random.stream('apns'))
    this.#shards = Array.from({ length: scenario.shards }, (_, index) => this.#shard(index, apns))
  }

  run() {
    const { apps, seconds, warmUpSeconds = 0, limitSeconds } = this.#scenario
    for (const [app, load] of Object.entries(apps)) this.#load(app, load)
    this.#planTroubles()
    /** @type {ReturnType<typeof this.sums>[]} */
    const sums = []
    this.#timeline.at(warmUpSeconds * 1000, () => sums.push(this.sums()))
    this.#timeline.at(seconds * 1000, () => {
      this.#isArriving = false
      if (seconds > 0) sums.push(this.sums())
    })
    this.#timeline.run(limitSeconds * 1000, () => this.isFinished)
    const [from, until = this.sums()] = sums
    return summarize({
      scenario: this.#scenario,
      parameters: this.#parameters,
      books: this.#books,
      from,
      until,
      isFinished: this.isFinished,
      pending: this.#shards.reduce((sum, { outbox }) => sum + outbox.pendingTokens, 0),
      lastAppendMs: this.lastAppendMs,
      transactions: this.#shards.reduce((sum, { database }) => sum + database.transactions, 0),
      failedCalls: this.#shards.reduce((sum, { database }) => sum + database.failures, 0),
      ambiguousCommits: this.#shards.reduce((sum, { database }) => sum + database.ambiguous, 0),
    })
  }

  get isFinished() {
    const { appended, lost, settledTokens } = this.#books
    return !this.#isArriving && this.#unacknowledged === 0 && settledTokens === appended - lost
  }

  /** What adds up with time, until now. */
  sums() {
    return {
      atMs: this.#timeline.nowMs,
      answered: this.#books.answered.value,
      inFlightMs: Object.keys(this.#scenario.apps).map((app) => this.#books.inFlight(app).integral),
      inHandMs: this.#books.inHand.integral,
      workersMs: this.#shards.reduce((sum, { fleet }) => sum + fleet.busyMs, 0),
      databasesMs: this.#shards.map(({ database }) => database.busyMs),
      lockedMs: this.#shards.map(({ database }) => database.lockedMs),
    }
  }

  /**
   * @param {number} index
   * @param {Apns} apns
   * @returns {Shard}
   */
  #shard(index, apns) {
    const { apps, workers, grain, failures = [], crashes } = this.#scenario
    const { worker, retry, database: databaseParameters, statements } = this.#parameters
    const random = this.#random.stream(`shard ${index}`)
    const timeline = this.#timeline
    const books = this.#books
    const lostMs = Math.max(0, ...failures.map((failure) => (failure.shard === index ? failure.lostMs : 0)))
    const { deadShare } = apns.parameters
    const outbox = new Outbox(timeline, books, random.stream('outbox'), { grain, deadShare, lostMs })
    const database = new Database(timeline, databaseParameters)
    const shard = { outbox, database, costs: statements }
    const backOff = new BackOff(retry, random.stream('back-off'))
    const surroundings = { timeline, apns, books, backOff, random: random.stream('lanes') }
    const names = Object.keys(apps)
    const makeWorker = (/** @type {string} */ owner) =>
      new Worker({ owner, apps: names, parameters: worker, shard, surroundings })
    const fleet = new Fleet(workers, makeWorker, { timeline, random: random.stream('crashes'), books })
    if (crashes !== undefined) fleet.crash(crashes)
    return { outbox, database, fleet, posts: [], isPosting: false }
  }

  /**
   * @param {string} app
   * @param {Load} load
   */
  #load(app, { messageTokens, backlog = 0, perSecond = 0 }) {
    for (let left = backlog; left > 0; left -= messageTokens) {
      this.#nextShard().outbox.append(app, Math.min(left, messageTokens))
    }
    if (perSecond === 0) return
    const everyMs = (messageTokens / perSecond) * 1000
    const arrive = () => {
      if (!this.#isArriving) return
      this.#unacknowledged += 1
      const shard = this.#nextShard()
      shard.posts.push({ app, tokens: messageTokens, stored: undefined })
      this.#post(shard)
      this.#timeline.after(everyMs, arrive)
    }
    // So that apps with the same rate do not come at the same moments.
    this.#timeline.after(this.#random.next() * everyMs, arrive)
  }

  /**
   * What came while the last group was written is the next: the API of a shard has one on its way. What fails is repeated, with
   * the same idempotency keys.
   *
   * @param {Shard} shard
   */
  #post(shard) {
    const { outbox, database, fleet, posts } = shard
    if (shard.isPosting || posts.length === 0) return
    shard.isPosting = true
    const group = posts.splice(0, MAX_GROUP)
    const { transaction, appendBatch } = this.#parameters.statements
    database.run(
      {
        begin: () => {
          const batches = group.reduce((sum, { tokens }) => sum + Math.ceil(tokens / 1000), 0)
          return (transaction + appendBatch * batches) / 1000
        },
        commit: () => {
          for (const post of group)
            if (post.stored === undefined || post.stored.isLost)
              post.stored = outbox.append(post.app, post.tokens)
          if (!this.#scenario.polls) fleet.wake()
        },
      },
      (answer) => {
        if (answer === undefined) {
          posts.unshift(...group)
          this.#timeline.after(CLIENT_RETRY_MS, () => {
            shard.isPosting = false
            this.#post(shard)
          })
          return
        }
        shard.isPosting = false
        this.#unacknowledged -= group.length
        this.lastAppendMs = this.#timeline.nowMs
        this.#post(shard)
      },
    )
  }

  /** Messages go round the shards. */
  #nextShard() {
    const shard = this.#shards[this.#turn % this.#shards.length]
    this.#turn += 1
    return shard
  }

  #planTroubles() {
    for (const { shard: index, atMs, forMs } of this.#scenario.failures ?? []) {
      const { database, outbox } = this.#shards[index]
      this.#timeline.at(atMs, () => database.fail())
      this.#timeline.at(atMs + forMs, () => {
        outbox.failOver(atMs)
        database.recover()
      })
    }
    for (const { kind, fromMs } of this.#parameters.apns.troubles) {
      if (kind !== 'reset') continue
      this.#timeline.at(fromMs, () => {
        for (const { fleet } of this.#shards) fleet.cutConnections()
      })
    }
  }
}

/**
 * @param {NonNullable<Scenario['parameters']>} given
 * @returns {import('./parameters.mjs').Parameters}
 */
function withDefaults({ worker, retry, apns, database, statements }) {
  return {
    worker: { ...PARAMETERS.worker, ...worker },
    retry: { ...PARAMETERS.retry, ...retry },
    apns: { ...PARAMETERS.apns, ...apns },
    database: { ...PARAMETERS.database, ...database },
    statements: { ...PARAMETERS.statements, ...statements },
  }
}
