import { parseArgs } from 'node:util'
import { positive } from './command-line.mjs'
import { PostgresProcess } from './postgres-process.mjs'
import { publish } from './results.mjs'
import { medians } from './statistics.mjs'
import { formatTable } from './table.mjs'
import { makePayload } from './workload.mjs'

const HELP = `node bench/run.mjs statements [options]

What the outbox on PostgreSQL costs its client and its database, call by call: the figures that the simulation is made of.
(On Linux, with PostgreSQL installed.)

  --batches N     of a thousand tokens (1000)
  --rounds N      of which the medians are shown (3)
`

const OUTBOX = new URL('../packages/server/dist/index.js', import.meta.url).href
const TOKENS_PER_BATCH = 1000
const TOKEN_BYTES = 32
/** As many as a worker claims at a time when its window is empty. */
const CLAIMED_TOKENS = 20_000
const OWNER = 'bench'
const LEASE_MS = 3_600_000
/** In so many parts a batch is written down, one after the other. */
const PARTS = 4
const REFUSED_SHARE = 0.05

/**
 * The experiment that the simulation's parameters come from.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      batches: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const options = { batches: positive('batches', values.batches), rounds: positive('rounds', values.rounds) }
  const postgres = await PostgresProcess.start()
  try {
    await measure(postgres, Math.ceil(options.batches / 4))
    const rounds = []
    for (let round = 1; round <= options.rounds; round += 1) {
      process.stderr.write(`round ${round} of ${options.rounds} …\n`)
      rounds.push(await measure(postgres, options.batches))
    }
    const names = Object.keys(rounds[0])
    const results = Object.fromEntries(names.map((name) => [name, medians(rounds.map((each) => each[name]))]))
    publish('statements', options, results, describe(results))
  } finally {
    await postgres.stop()
  }
}

/**
 * @param {PostgresProcess} postgres
 * @param {number} batches
 * @returns {Promise<Record<string, Cost>>}
 */
async function measure(postgres, batches) {
  const { openPostgresOutbox } = await import(OUTBOX)
  const url = await postgres.createDatabase()
  const outbox = await openPostgresOutbox({ url })
  const content = JSON.stringify({ payload: makePayload(186) })
  const count = batches * TOKENS_PER_BATCH
  const tokens = Array.from({ length: count }, (_, index) =>
    index.toString(16).padStart(2 * TOKEN_BYTES, 'a'),
  )
  const book = new Book(postgres)
  try {
    const { messageId } = await outbox.open({ app: 'news', content })
    await book.enter('append, a batch', batches, () => outbox.addTokens(messageId, tokens))
    await outbox.send(messageId)
    /** @type {any[]} */
    const claimed = []
    await book.enter('claim, a batch', batches, async () => {
      for (;;) {
        const request = { owner: OWNER, leaseMs: LEASE_MS, maxTokens: CLAIMED_TOKENS }
        const { batches: more } = await outbox.claim(request)
        if (more.length === 0) return
        claimed.push(more)
      }
    })
    await book.enter('claim, when there is nothing', batches, async () => {
      for (let calls = 0; calls < batches; calls += 1)
        await outbox.claim({ owner: OWNER, leaseMs: LEASE_MS, maxTokens: CLAIMED_TOKENS })
    })
    const all = claimed.flat()
    await book.enter('renew, a batch', all.length, async () => {
      for (const each of claimed) await outbox.renew(each, LEASE_MS)
    })
    const quarter = Math.floor(all.length / 4)

    const [whole, alone, inParts, refused] = [0, 1, 2, 3].map((part) =>
      all.slice(part * quarter, (part + 1) * quarter),
    )
    await book.enter('record, a batch, 20 at a time', quarter, async () => {
      for (let first = 0; first < quarter; first += 20)
        await outbox.record(
          whole.slice(first, first + 20).map((each) => progressOf(each, 0, TOKENS_PER_BATCH)),
        )
    })
    await book.enter('record, a batch by itself', quarter, async () => {
      for (const each of alone) await outbox.record([progressOf(each, 0, TOKENS_PER_BATCH)])
    })
    await book.enter('record, a part of a batch, 20 at a time', quarter * PARTS, async () => {
      const size = TOKENS_PER_BATCH / PARTS
      for (let part = 0; part < PARTS; part += 1)
        for (let first = 0; first < quarter; first += 20)
          await outbox.record(
            inParts.slice(first, first + 20).map((each) => progressOf(each, part * size, (part + 1) * size)),
          )
    })
    const refusals = quarter * TOKENS_PER_BATCH * REFUSED_SHARE
    await book.enter('record, a dead token', refusals, async () => {
      for (let first = 0; first < quarter; first += 20)
        await outbox.record(refused.slice(first, first + 20).map((each) => deadOf(each)))
    })
    await measureSingles(outbox, content, book, batches)
    return book.costs
  } finally {
    await outbox.close()
  }
}

/**
 * Messages of one token: a row, a claim and an outcome for each.
 *
 * @param {any} outbox
 * @param {string} content
 * @param {Book} book
 * @param {number} count
 */
async function measureSingles(outbox, content, book, count) {
  const tokens = Array.from({ length: count }, (_, index) =>
    index.toString(16).padStart(2 * TOKEN_BYTES, 'b'),
  )
  await book.enter('append, a message of one token, many at a time', count, () =>
    Promise.all(tokens.map((token) => outbox.append({ app: 'news', content }, [token]))),
  )
  /** @type {any[]} */
  const claimed = []
  await book.enter('claim, a batch of one token, 500 at a time', count, async () => {
    while (claimed.length < count) {
      const { batches } = await outbox.claim({ owner: OWNER, leaseMs: LEASE_MS, maxTokens: 500 })
      if (batches.length === 0) throw new Error('nothing to claim')
      claimed.push(...batches)
    }
  })
  await book.enter('record, a batch of one token, 500 at a time', count, async () => {
    for (let first = 0; first < count; first += 500)
      await outbox.record(claimed.slice(first, first + 500).map((each) => progressOf(each, 0, 1)))
  })
}

/** @typedef {{ milliseconds: number, clientMicroseconds: number, databaseMicroseconds: number, journalBytes: number }} Cost of one */

class Book {
  #postgres
  /** @type {Record<string, Cost>} */
  costs = {}

  /**
   * @param {PostgresProcess} postgres
   */
  constructor(postgres) {
    this.#postgres = postgres
  }

  /**
   * @param {string} what
   * @param {number} count
   * @param {() => Promise<unknown>} work
   */
  async enter(what, count, work) {
    const before = await this.#sums()
    const startedAt = performance.now()
    const cpu = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(cpu)
    const milliseconds = performance.now() - startedAt
    const after = await this.#sums()
    this.costs[what] = {
      milliseconds: milliseconds / count,
      clientMicroseconds: (user + system) / count,
      databaseMicroseconds: ((after.cpuSeconds - before.cpuSeconds) / count) * 1e6,
      journalBytes: (after.journal - before.journal) / count,
    }
  }

  async #sums() {
    return {
      journal: await this.#postgres.journalBytes(),
      cpuSeconds: this.#postgres.cpuSeconds,
    }
  }
}

/**
 * @param {{ batchId: number, fence: number }} batch
 * @param {number} from
 * @param {number} until
 */
function progressOf({ batchId, fence }, from, until) {
  const accepted = Uint32Array.from({ length: until - from }, (_, index) => from + index)
  return { batchId, fence, accepted, others: [] }
}

/** @param {{ batchId: number, fence: number }} batch */
function deadOf({ batchId, fence }) {
  const others = Array.from({ length: TOKENS_PER_BATCH * REFUSED_SHARE }, (_, index) => ({
    index,
    status: 'refused',
    reason: 'Unregistered',
    timestampMs: 1_700_000_000_000,
    isDead: true,
  }))
  return { batchId, fence, accepted: new Uint32Array(0), others }
}

/** @param {Record<string, Cost>} results */
function describe(results) {
  const head = ['', 'ms', 'CPU µs of the client', 'of the database', 'journal bytes']
  const rows = Object.entries(results).map(([what, cost]) => [
    what,
    cost.milliseconds.toFixed(2),
    cost.clientMicroseconds.toFixed(0),
    cost.databaseMicroseconds.toFixed(0),
    cost.journalBytes.toFixed(0),
  ])
  return formatTable(head, rows)
}
