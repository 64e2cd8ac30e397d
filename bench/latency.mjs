import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { libraryUrl, positive } from './command-line.mjs'
import { CLIENT_CORE, NodeProcess } from './processes.mjs'
import { publish } from './results.mjs'
import { ACCEPTED } from './sink-answers.mjs'
import { assertHonest, withSink } from './sink-process.mjs'
import { lowest, medians } from './statistics.mjs'
import { formatTable } from './table.mjs'
import { makeKey } from './workload.mjs'

const HELP = `node bench/run.mjs latency [options]

From the call of sendMessage to the outcome, at a steady rate, beside a bare TLS socket.

  --per-second N     notifications a second, evenly spaced (1000)
  --seconds N        measured in each round (4)
  --rounds N         of which the medians, and the lowest, are shown (11)
  --payload-bytes N  (186)
  --library FILE     the apns-worker to measure (packages/apns-worker/dist/index.js)
`

const LATENCY_PROCESS = fileURLToPath(new URL('latency-process.mjs', import.meta.url))
const WARM_UP_SECONDS = 2

/** @typedef {import('./latency-process.mjs').Latencies} Latencies */

/**
 * The experiment that shows what we add to the network's own latency.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const rounds = await withSink({}, (sink, address) => measureRounds(options, sink, address))
  const summary = {
    median: { ours: medians(rounds.map(({ ours }) => ours)), bare: medians(rounds.map(({ bare }) => bare)) },
    lowest: { ours: lowest(rounds.map(({ ours }) => ours)), bare: lowest(rounds.map(({ bare }) => bare)) },
  }
  publish('latency', options, { ...summary, rounds }, formatLatencies(summary))
}

/**
 * The two take turns, so that whatever slows the machine for a while slows both.
 *
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 * @param {NodeProcess} sink
 * @param {{ port: number, cert: string }} address
 */
async function measureRounds(options, sink, address) {
  const { rounds, library, payloadBytes, perSecond, seconds } = options
  const all = []
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`round ${round} of ${rounds} …\n`)
    const order = {
      task: { ...address, key: makeKey(), window: 1, maxConnections: 1, library },
      payloadBytes,
      perSecond,
      warmUpSeconds: Math.min(WARM_UP_SECONDS, seconds),
      seconds,
      requestBytes: 0,
      answerBytes: ACCEPTED.bytes.length,
    }
    const { latencies: ours, requestBytes } = await measureProbe(sink, { ...order, probe: 'apns-worker' })
    const { latencies: bare } = await measureProbe(sink, { ...order, requestBytes, probe: 'bare-socket' })
    all.push({ ours, bare })
  }
  return all
}

/**
 * @param {NodeProcess} sink
 * @param {import('./latency-process.mjs').Order} order
 * @returns {Promise<{ latencies: Latencies, requestBytes: number }>}
 */
async function measureProbe(sink, order) {
  const client = new NodeProcess(CLIENT_CORE, [LATENCY_PROCESS])
  try {
    await client.ask(order)
    await sink.ask({})
    const latencies = await client.ask({})
    const seen = await sink.ask({})
    assertHonest(seen)
    await client.end()
    return { latencies, requestBytes: Math.round(seen.bytesReceived / seen.requests) }
  } finally {
    await client.kill()
  }
}

/** @param {Record<string, { ours: Latencies, bare: Latencies }>} summary */
function formatLatencies(summary) {
  const names = /** @type {const} */ (['p50', 'p95', 'p99', 'most', 'lateP99', 'cpuMicroseconds'])
  const rows = Object.entries(summary).flatMap(([kind, { ours, bare }]) => [
    [`apns-worker, ${kind}`, ...names.map((name) => ours[name].toFixed(3))],
    [`bare TLS socket, ${kind}`, ...names.map((name) => bare[name].toFixed(3))],
    [`difference of ${kind}`, ...names.map((name) => (ours[name] - bare[name]).toFixed(3))],
  ])
  return formatTable(['ms', 'p50', 'p95', 'p99', 'most', 'arrivals late (p99)', 'CPU µs each'], rows)
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      'per-second': { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '11' },
      'payload-bytes': { type: 'string', default: '186' },
      library: { type: 'string' },
    },
  })
  if (values.help) return undefined
  return {
    perSecond: positive('per-second', values['per-second']),
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    payloadBytes: positive('payload-bytes', values['payload-bytes']),
    library: libraryUrl(values.library),
  }
}
