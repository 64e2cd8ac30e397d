import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CLIENTS } from './clients/catalogue.mjs'
import { libraryUrl, positive } from './command-line.mjs'
import { sendList } from './list-upload.mjs'
import { measureRound } from './measure.mjs'
import { publish } from './results.mjs'
import { ServerProcess } from './server-process.mjs'
import { assertHonest, withSink } from './sink-process.mjs'
import { medians } from './statistics.mjs'
import { formatTable } from './table.mjs'
import { makeKey } from './workload.mjs'

const HELP = `node bench/run.mjs durable [options]

One message to a list that is streamed to the server: from its API to its store, from there to the sink, and the outcomes to
the store; beside the library, which has the list in memory, in turns. (On Linux.)

  --count N       tokens (1000000)
  --rounds N      of which the medians are shown (3)
  --connections N over which messages of one token are posted besides, while it sends them (64)
  --seconds N     for how long (5)
  --library FILE  the apns-worker to compare with (packages/apns-worker/dist/index.js)
`

const POST_CLIENT = fileURLToPath(new URL('../packages/server/bench/http-api-client.mjs', import.meta.url))
const PAYLOAD_BYTES = 186

/**
 * @typedef {object} DurableFigures
 * @property {number} cpuMicroseconds of the server's process, for a token
 * @property {number} uploadSeconds until all tokens were on disk
 * @property {number} sendSeconds from then on, until all outcomes were
 * @property {number} peakMemoryBytes
 * @property {number} storeBytes when all tokens were there and none was sent
 */

/**
 * The experiment that shows what it costs to lose nothing.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const inMemory = []
  const durable = []
  for (let round = 1; round <= options.rounds; round += 1) {
    process.stderr.write(`round ${round} of ${options.rounds} …\n`)
    inMemory.push(await measureInMemory(options))
    durable.push(await measureDurable(options.count))
  }
  process.stderr.write('messages of one token …\n')
  const posts = await measurePosts(options)
  const results = { inMemory: medians(inMemory), durable: medians(durable), posts }
  publish('durable', options, results, describe(results, options))
}

/** @param {NonNullable<ReturnType<typeof readOptions>>} options */
function measureInMemory({ count, library }) {
  const client = CLIENTS.find(({ name }) => name === 'apns-worker-list')
  if (client === undefined) throw new Error('there is no client apns-worker-list')
  return withSink({}, async (sink, address) => {
    const task = { ...address, key: makeKey(), window: count, maxConnections: 1, library }
    const { cpuMicroseconds, perSecond } = await measureRound({
      client,
      sink,
      task,
      count,
      payloadBytes: PAYLOAD_BYTES,
      nodeOptions: [],
    })
    return { cpuMicroseconds, perSecond }
  })
}

/**
 * @param {number} count
 * @returns {Promise<DurableFigures>}
 */
function measureDurable(count) {
  return withSink({}, async (sink, address) => {
    const server = await ServerProcess.start({ ...address, key: makeKey() })
    try {
      // As in the other measurement, the compiler has settled before it counts.
      await sendList(server, Math.ceil(count / 4), PAYLOAD_BYTES)
      const cpuAtStart = server.cpuSeconds
      let storeBytes = 0
      const { uploadSeconds, sendSeconds } = await sendList(server, count, PAYLOAD_BYTES, async () => {
        storeBytes = server.storeBytes
      })
      const cpuMicroseconds = ((server.cpuSeconds - cpuAtStart) / count) * 1e6
      assertHonest(await sink.ask({}))
      return {
        cpuMicroseconds,
        uploadSeconds,
        sendSeconds,
        storeBytes,
        peakMemoryBytes: server.peakMemoryBytes,
      }
    } finally {
      await server.stop()
    }
  })
}

/**
 * Messages of one token, a request at a time on each connection, to a server that sends them meanwhile.
 *
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 */
function measurePosts({ connections, seconds }) {
  return withSink({}, async (sink, address) => {
    const server = await ServerProcess.start({ ...address, key: makeKey() })
    try {
      const port = Number(new URL(server.url).port)
      await post({ port, connections, seconds: 1 })
      const cpuAtStart = server.cpuSeconds
      const result = await post({ port, connections, seconds })
      const cpuMicroseconds = ((server.cpuSeconds - cpuAtStart) / result.count) * 1e6
      assertHonest(await sink.ask({}))
      const [p50, p99, worst] = result.latencies
      return { perSecond: result.count / result.seconds, p50, p99, worst, cpuMicroseconds }
    } finally {
      await server.stop()
    }
  })
}

/**
 * @param {{ port: number, connections: number, seconds: number }} task
 * @returns {Promise<{ count: number, seconds: number, latencies: number[] }>}
 */
async function post(task) {
  const client = fork(POST_CLIENT)
  client.send(task)
  const [result] = await once(client, 'message')
  return result
}

/**
 * @param {{
 *   inMemory: { cpuMicroseconds: number, perSecond: number },
 *   durable: DurableFigures,
 *   posts: Awaited<ReturnType<typeof measurePosts>>,
 * }} results
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 */
function describe({ inMemory, durable, posts }, { count, connections }) {
  const { cpuMicroseconds, uploadSeconds, sendSeconds, peakMemoryBytes, storeBytes } = durable
  return [
    `${count.toLocaleString('en')} tokens:`,
    '',
    formatTable(
      ['', 'CPU µs each', '÷ in memory', 'tokens a second'],
      [
        ['the library, in memory', inMemory.cpuMicroseconds.toFixed(2), '1.00', round(inMemory.perSecond)],
        [
          'the server: API, store, HTTP/2, store',
          cpuMicroseconds.toFixed(2),
          (cpuMicroseconds / inMemory.cpuMicroseconds).toFixed(2),
          round(count / (uploadSeconds + sendSeconds)),
        ],
      ],
    ),
    '',
    `upload ${uploadSeconds.toFixed(1)} s, sending ${sendSeconds.toFixed(1)} s; the server's memory ${mebibytes(peakMemoryBytes)} at most; its store ${mebibytes(storeBytes)} with all tokens in it`,
    '',
    `messages of one token, over ${connections} connections: ${round(posts.perSecond)} a second, p50 ${posts.p50.toFixed(1)} ms, p99 ${posts.p99.toFixed(1)} ms, worst ${posts.worst.toFixed(1)} ms; ${posts.cpuMicroseconds.toFixed(0)} µs of CPU each, to be stored, sent and settled`,
  ].join('\n')
}

/** @param {number} value */
function round(value) {
  return Math.round(value).toLocaleString('en')
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      count: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      seconds: { type: 'string', default: '5' },
      library: { type: 'string' },
    },
  })
  if (values.help) return undefined
  return {
    count: positive('count', values.count),
    rounds: positive('rounds', values.rounds),
    connections: positive('connections', values.connections),
    seconds: positive('seconds', values.seconds),
    library: libraryUrl(values.library),
  }
}
