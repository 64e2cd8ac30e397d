import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { libraryUrl, positive } from './command-line.mjs'
import { CLIENT_CORE, NodeProcess } from './processes.mjs'
import { publish } from './results.mjs'
import { assertHonest, withSink } from './sink-process.mjs'
import { median } from './statistics.mjs'
import { formatTable } from './table.mjs'
import { makeKey } from './workload.mjs'

const HELP = `node bench/run.mjs memory [options]

Memory above that of a process that has sent 10,000 notifications.

  --list-count N      tokens of one message, queued and then sent (1000000)
  --stream-count N    tokens that go through stream() (10000000)
  --message-tokens N  tokens of each message of the stream (1000)
  --library FILE      the apns-worker to measure (packages/apns-worker/dist/index.js)
`

const MEMORY_PROCESS = fileURLToPath(new URL('memory-process.mjs', import.meta.url))
const PAYLOAD_BYTES = 186
const TOKEN_BYTES = 32
/** A stream's memory is flat when the median of its last third is at most this much of the first's. */
const FLAT = 1.05

/**
 * @typedef {import('./memory-process.mjs').Sample} Sample
 * @typedef {Omit<Sample, 'atSeconds'>} Held
 */

/**
 * The experiment that watches memory.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const { listCount, streamCount } = options
  const list = await measureScenario('list', listCount, options)
  const stream = await measureScenario('stream', streamCount, options)
  const text = [...describeList(list, listCount), '', ...describeStream(stream, streamCount)].join('\n')
  publish('memory', options, { list, stream }, text)
}

/**
 * @param {'list' | 'stream'} scenario
 * @param {number} count
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 */
async function measureScenario(scenario, count, { library, messageTokens }) {
  process.stderr.write(`${scenario} of ${count.toLocaleString('en')} …\n`)
  return withSink({}, async (sink, address) => {
    const client = new NodeProcess(CLIENT_CORE, ['--expose-gc', MEMORY_PROCESS])
    try {
      const task = { ...address, key: makeKey(), window: count, maxConnections: 1, library }
      const seen = await client.ask({ scenario, task, payloadBytes: PAYLOAD_BYTES, count, messageTokens })
      if (seen.accepted !== count) throw new Error(`${seen.accepted} of ${count} were accepted`)
      assertHonest(await sink.ask({}))
      await client.end()
      return seen
    } finally {
      await client.kill()
    }
  })
}

/**
 * @param {{ start: Sample, queued: Sample, queuedAlive: Sample, samples: Sample[], makeMs: number, appendMs: number }} seen
 * @param {number} count
 */
function describeList({ start, queued, queuedAlive, samples, makeMs, appendMs }, count) {
  const own = count * TOKEN_BYTES
  const peak = highest(samples)
  const row = /** @param {string} title @param {Held} held */ (title, { residentBytes, heldBytes }) => [
    title,
    mebibytes(residentBytes - start.residentBytes - own),
    mebibytes(heldBytes - start.heldBytes - own),
  ]
  return [
    `One message to ${count.toLocaleString('en')} tokens, above their own ${mebibytes(own)}:`,
    '',
    formatTable(
      ['', 'resident', 'heap and buffers'],
      [
        row('queued', queued),
        row('queued, after a full collection', queuedAlive),
        row('highest while sending', peak),
      ],
    ),
    '',
    `new Message took ${makeMs.toFixed(0)} ms, the making of the tokens included; sendMessage ${appendMs.toFixed(2)} ms`,
  ]
}

/**
 * @param {{ start: Sample, samples: Sample[] }} seen
 * @param {number} count
 */
function describeStream({ start, samples: [, ...samples] }, count) {
  const third = Math.max(1, Math.floor(samples.length / 3))
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((part) => ({
    residentBytes: median(part.map(({ residentBytes }) => residentBytes)),
    // What is left when the collector has just been there.
    heldBytes: Math.min(...part.map(({ heldBytes }) => heldBytes)),
  }))
  const row = /** @param {string} title @param {Held} part */ (title, part) => [
    title,
    mebibytes(part.residentBytes - start.residentBytes),
    mebibytes(part.heldBytes - start.heldBytes),
  ]
  const isFlat = last.residentBytes <= FLAT * first.residentBytes
  const seconds = samples.at(-1)?.atSeconds ?? 0
  return [
    `stream() of ${count.toLocaleString('en')} tokens, in ${seconds.toFixed(0)} s:`,
    '',
    formatTable(
      ['', 'resident', 'heap and buffers'],
      [
        row('first third: median, lowest', first),
        row('last third: median, lowest', last),
        row('highest', highest(samples)),
      ],
    ),
    '',
    isFlat
      ? 'flat: the last third needs no more than the first'
      : 'NOT flat: the last third needs more than the first',
  ]
}

/**
 * The highest of each kind.
 *
 * @param {readonly Sample[]} samples
 * @returns {Held}
 */
function highest(samples) {
  return {
    residentBytes: Math.max(...samples.map(({ residentBytes }) => residentBytes)),
    heldBytes: Math.max(...samples.map(({ heldBytes }) => heldBytes)),
  }
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      'list-count': { type: 'string', default: '1000000' },
      'stream-count': { type: 'string', default: '10000000' },
      'message-tokens': { type: 'string', default: '1000' },
      library: { type: 'string' },
    },
  })
  if (values.help) return undefined
  return {
    listCount: positive('list-count', values['list-count']),
    streamCount: positive('stream-count', values['stream-count']),
    messageTokens: positive('message-tokens', values['message-tokens']),
    library: libraryUrl(values.library),
  }
}
