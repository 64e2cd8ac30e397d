import { parseArgs } from 'node:util'
import { number, positive } from './command-line.mjs'
import { sendList } from './list-upload.mjs'
import { PostgresProcess } from './postgres-process.mjs'
import { publish } from './results.mjs'
import { ServerProcess } from './server-process.mjs'
import { assertHonest, withSink } from './sink-process.mjs'
import { medians } from './statistics.mjs'
import { formatTable } from './table.mjs'
import { makeKey } from './workload.mjs'

const HELP = `node bench/run.mjs shared [options]

A list that is streamed to the server, and sent: with its embedded store, and on a PostgreSQL with one and with two
workers, in turns; what each part of it costs. (On Linux, with PostgreSQL installed.)

  --count N         tokens (1000000)
  --rounds N        of which the medians are shown (3)
  --delay-ms N      the sink holds everything it writes back this long, for a round trip's sake (0)
  --connections N   of a worker to the sink at most (8)
  --window N        tokens that a worker has in hand (20000)
`

const PAYLOAD_BYTES = 186

/** How many processes send, and whether it is they that take the list. */
export const SHAPES = {
  embedded: { title: 'embedded store', workers: 1 },
  one: { title: 'PostgreSQL, one process for all', workers: 1 },
  two: { title: 'PostgreSQL, one for the API, two that send', workers: 2 },
}

/**
 * The experiment that shows what it costs to share the outbox.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const postgres = await PostgresProcess.start()
  /** @type {Record<keyof typeof SHAPES, Awaited<ReturnType<typeof measure>>[]>} */
  const rounds = { embedded: [], one: [], two: [] }
  try {
    for (let round = 1; round <= options.rounds; round += 1) {
      process.stderr.write(`round ${round} of ${options.rounds} …\n`)
      for (const shape of /** @type {(keyof typeof SHAPES)[]} */ (Object.keys(SHAPES)))
        rounds[shape].push(await measure(shape, options, postgres))
    }
    const results = {
      postgres: postgres.version,
      embedded: medians(rounds.embedded),
      one: medians(rounds.one),
      two: medians(rounds.two),
    }
    publish('shared', options, results, describe(results, options))
  } finally {
    await postgres.stop()
  }
}

/** @typedef {NonNullable<ReturnType<typeof readOptions>>} Options */

/**
 * @param {keyof typeof SHAPES} shape
 * @param {Pick<Options, 'count' | 'delayMs' | 'connections' | 'window'>} options
 * @param {PostgresProcess} postgres
 */
export function measure(shape, { count, delayMs, connections, window }, postgres) {
  return withSink({ delayMs }, async (sink, address) => {
    const url = shape === 'embedded' ? undefined : await postgres.createDatabase()
    const common = {
      ...address,
      key: makeKey(),
      network: { maxConnections: connections },
      ...(url && { outbox: { url } }),
    }
    const worker = (/** @type {string} */ owner) => ({ owner, windowTokens: window })
    const api =
      shape === 'two'
        ? { ...common, role: /** @type {const} */ ('api') }
        : { ...common, worker: worker('one') }
    const servers = [await ServerProcess.start(api)]
    try {
      if (shape === 'two')
        for (const owner of ['one', 'two'])
          servers.push(await ServerProcess.start({ ...common, role: 'worker', worker: worker(owner) }))
      // The compiler has settled before it counts.
      await sendList(servers[0], Math.ceil(count / 4), PAYLOAD_BYTES)
      const books = () => account(servers, postgres, url)
      const before = await books()
      let stored = before
      const { uploadSeconds, sendSeconds } = await sendList(servers[0], count, PAYLOAD_BYTES, async () => {
        stored = await books()
      })
      const after = await books()
      assertHonest(await sink.ask({}))
      return {
        uploadSeconds,
        sendSeconds,
        ...costs('upload', before, stored, count),
        ...costs('send', stored, after, count),
        storedBytes: (stored.bytes - before.bytes) / count,
      }
    } finally {
      for (const server of servers) await server.stop()
    }
  })
}

/**
 * @param {ServerProcess[]} servers
 * @param {PostgresProcess} postgres
 * @param {string | undefined} url
 */
async function account(servers, postgres, url) {
  const serverSeconds = servers.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  if (url === undefined)
    return { serverSeconds, databaseSeconds: 0, transactions: 0, journal: 0, bytes: servers[0].storeBytes }
  return {
    serverSeconds,
    databaseSeconds: postgres.cpuSeconds,
    transactions: await postgres.transactions(url),
    journal: await postgres.journalBytes(),
    bytes: await postgres.databaseBytes(url),
  }
}

/**
 * Of a stretch, for each token: CPU in microseconds, journal in bytes; and transactions for a million of them.
 *
 * @template {string} Stretch
 * @param {Stretch} stretch
 * @param {Awaited<ReturnType<typeof account>>} from
 * @param {Awaited<ReturnType<typeof account>>} until
 * @param {number} count
 */
function costs(stretch, from, until, count) {
  return {
    [`${stretch}ServerMicroseconds`]: ((until.serverSeconds - from.serverSeconds) / count) * 1e6,
    [`${stretch}DatabaseMicroseconds`]: ((until.databaseSeconds - from.databaseSeconds) / count) * 1e6,
    [`${stretch}Transactions`]: ((until.transactions - from.transactions) / count) * 1e6,
    [`${stretch}JournalBytes`]: (until.journal - from.journal) / count,
  }
}

/**
 * @param {any} results
 * @param {Options} options
 */
function describe(results, { count, delayMs, connections }) {
  const rows = Object.entries(SHAPES).map(([shape, { title }]) => {
    const figures = results[shape]
    return [
      title,
      whole(count / figures.uploadSeconds),
      whole(count / figures.sendSeconds),
      `${micros(figures.uploadServerMicroseconds)} + ${micros(figures.uploadDatabaseMicroseconds)}`,
      `${micros(figures.sendServerMicroseconds)} + ${micros(figures.sendDatabaseMicroseconds)}`,
      `${whole(figures.uploadTransactions)} + ${whole(figures.sendTransactions)}`,
      `${micros(figures.uploadJournalBytes)} + ${micros(figures.sendJournalBytes)}`,
      micros(figures.storedBytes),
    ]
  })
  const head = [
    '',
    'taken a second',
    'sent a second',
    'CPU µs each to take: server + database',
    'to send',
    'transactions of a million: to take + to send',
    'journal bytes each: to take + to send',
    'bytes each at rest',
  ]
  return [
    `${whole(count)} tokens, a round trip of ${delayMs} ms, up to ${connections} connections a worker; ${results.postgres}:`,
    '',
    formatTable(head, rows),
  ].join('\n')
}

/** @param {number} value */
function whole(value) {
  return Math.round(value).toLocaleString('en')
}

/** @param {number} value */
function micros(value) {
  return value.toFixed(2)
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      count: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      'delay-ms': { type: 'string', default: '0' },
      connections: { type: 'string', default: '8' },
      window: { type: 'string', default: '20000' },
    },
  })
  if (values.help) return undefined
  return {
    count: positive('count', values.count),
    rounds: positive('rounds', values.rounds),
    delayMs: number('delay-ms', values['delay-ms']),
    connections: positive('connections', values.connections),
    window: positive('window', values.window),
  }
}
