import { parseArgs } from 'node:util'
import { libraryUrl, positive, positives } from './command-line.mjs'
import { publish } from './results.mjs'
import { LARGEST_WINDOW_BYTES, PROTOCOL_WINDOW_BYTES, STREAM_LIMIT } from './sink-settings.mjs'
import { medians } from './statistics.mjs'
import { measureSteady } from './steady.mjs'
import { formatTable } from './table.mjs'

const HELP = `node bench/run.mjs distance [options]

Notifications a second against the round trip, with the pool free to grow.

  --round-trips A,B     in milliseconds (1,20,50,150)
  --payloads A,B        in bytes (200,1000,4000)
  --max-connections A,B (8, the library's default, and 32)
  --windows A,B         flow-control windows of each connection, in bytes (65535,2147483647)
  --seconds N           measured for each, once the pool has grown (3)
  --rounds N            of which the medians are shown (1)
  --library FILE        the apns-worker to measure (packages/apns-worker/dist/index.js)
`

/**
 * @typedef {import('./steady.mjs').SteadyFigures & {
 *   roundTripMs: number, payloadBytes: number, maxConnections: number, windowBytes: number, allowedPerSecond: number,
 * }} Row
 */

/**
 * The experiment that stands for the distance to Apple.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  const rows = []
  for (const windowBytes of options.windows) {
    for (const maxConnections of options.maxConnections) {
      for (const roundTripMs of options.roundTrips) {
        for (const payloadBytes of options.payloads) {
          const where = { roundTripMs, payloadBytes, maxConnections, windowBytes }
          process.stderr.write(`${Object.values(where).join(' · ')} …\n`)
          rows.push({ ...where, ...(await measureRounds(where, options)) })
        }
      }
    }
  }
  publish('distance', options, rows, formatRows(rows))
}

/**
 * @param {Pick<Row, 'roundTripMs' | 'payloadBytes' | 'maxConnections' | 'windowBytes'>} where
 * @param {NonNullable<ReturnType<typeof readOptions>>} options
 */
async function measureRounds(
  { roundTripMs, payloadBytes, maxConnections, windowBytes },
  { rounds, library, seconds },
) {
  const all = []
  for (let round = 1; round <= rounds; round += 1) {
    const sink = { delayMs: roundTripMs, windowBytes }
    all.push(await measureSteady({ sink, payloadBytes, maxConnections, library, seconds }))
  }
  const middle = medians(all)
  const inFlight = Math.min(STREAM_LIMIT, windowBytes / payloadBytes)
  return { ...middle, allowedPerSecond: (middle.connections * inFlight * 1000) / middle.heldMs }
}

/** @param {readonly Row[]} rows */
function formatRows(rows) {
  const head = [
    'round trip',
    'payload',
    'window',
    'connections',
    'each second',
    'of what is allowed',
    'CPU µs each',
    'client busy',
    'sink busy',
    'grown after',
    'most streams',
    'most of the window',
    'violations',
  ]
  return formatTable(
    head,
    rows.map((row) => [
      `${row.roundTripMs} ms (${row.heldMs.toFixed(1)})`,
      `${row.payloadBytes} B`,
      row.windowBytes === LARGEST_WINDOW_BYTES ? 'largest' : row.windowBytes.toLocaleString('en'),
      `${row.connections} of ${row.maxConnections}`,
      Math.round(row.acceptedPerSecond).toLocaleString('en'),
      percent(row.acceptedPerSecond / row.allowedPerSecond),
      row.cpuMicroseconds.toFixed(2),
      percent(row.clientShare),
      percent(row.sinkShare),
      `${row.grownAfterSeconds.toFixed(1)} s`,
      String(row.peakStreams),
      percent(row.peakWindowBytes / row.windowBytes),
      String(row.windowViolations + row.streamViolations),
    ]),
  )
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      'round-trips': { type: 'string', default: '1,20,50,150' },
      payloads: { type: 'string', default: '200,1000,4000' },
      'max-connections': { type: 'string', default: '8,32' },
      windows: { type: 'string', default: `${PROTOCOL_WINDOW_BYTES},${LARGEST_WINDOW_BYTES}` },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '1' },
      library: { type: 'string' },
    },
  })
  if (values.help) return undefined
  return {
    roundTrips: positives('round-trips', values['round-trips']),
    payloads: positives('payloads', values.payloads),
    maxConnections: positives('max-connections', values['max-connections']),
    windows: positives('windows', values.windows),
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    library: libraryUrl(values.library),
  }
}
