import { parseArgs } from 'node:util'
import { libraryUrl, number, positive, positives } from './command-line.mjs'
import { publish } from './results.mjs'
import { medians } from './statistics.mjs'
import { measureSteady } from './steady.mjs'
import { formatTable } from './table.mjs'

const HELP = `node bench/run.mjs governor [options]

Notifications a second where tokens are dead and each refusal lowers the stream limit until the next success.

  --round-trip N        in milliseconds (20)
  --dead-share X        of the tokens (0.3)
  --max-connections A,B (1,8)
  --seconds N           measured for each; a run of dead tokens can take seconds (20)
  --rounds N            of which the medians are shown (1)
  --library FILE        the apns-worker to measure (packages/apns-worker/dist/index.js)
`

const PAYLOAD_BYTES = 186

/** How long the runs of dead tokens are, where they are not scattered. */
const RUN = 100

/**
 * How the server treats dead tokens. A 410 does not lower the limit.
 *
 * @type {Record<string, Pick<import('./sink-connection.mjs').SinkOptions, 'refusedWith' | 'governor'>>}
 */
const SERVERS = {
  kind: { refusedWith: 'BadDeviceToken', governor: 'off' },
  gone: { refusedWith: 'Unregistered', governor: 'one' },
  toOne: { refusedWith: 'BadDeviceToken', governor: 'one' },
  halved: { refusedWith: 'BadDeviceToken', governor: 'half' },
}

/** With the length of the runs that dead tokens come in. */
const SCENARIOS = [
  { title: 'none', server: SERVERS.kind, length: undefined },
  { title: 'scattered, 400, limit stays', server: SERVERS.kind, length: 1 },
  { title: 'scattered, 410, limit stays', server: SERVERS.gone, length: 1 },
  { title: 'scattered, 400, limit to 1', server: SERVERS.toOne, length: 1 },
  { title: 'scattered, 400, limit halved', server: SERVERS.halved, length: 1 },
  { title: `runs of ${RUN}, 400, limit stays`, server: SERVERS.kind, length: RUN },
  { title: `runs of ${RUN}, 400, limit to 1`, server: SERVERS.toOne, length: RUN },
]

/**
 * The experiment that shows what refusals cost where the server's stream limit follows them.
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
  for (const maxConnections of options.maxConnections) {
    for (const { title, server, length } of SCENARIOS) {
      process.stderr.write(`${title}, ${maxConnections} connections at most …\n`)
      const setting = {
        sink: { ...server, delayMs: options.roundTripMs, refuseDead: length !== undefined },
        dead: length === undefined ? undefined : { share: options.deadShare, run: length },
        payloadBytes: PAYLOAD_BYTES,
        maxConnections,
        library: options.library,
        seconds: options.seconds,
      }
      const rounds = []
      for (let round = 1; round <= options.rounds; round += 1) rounds.push(await measureSteady(setting))
      rows.push({ title, maxConnections, ...medians(rounds) })
    }
  }
  publish('governor', options, rows, formatRows(rows))
}

/** @param {readonly ({ title: string, maxConnections: number } & import('./steady.mjs').SteadyFigures)[]} rows */
function formatRows(rows) {
  const head = [
    'dead tokens',
    'connections',
    'good each second',
    'refused each second',
    'changes of the limit each second',
    'CPU µs each',
    'client busy',
    'new connections',
    'violations',
  ]
  const whole = /** @param {number} value */ (value) => Math.round(value).toLocaleString('en')
  return formatTable(
    head,
    rows.map((row) => [
      row.title,
      `${row.connections} of ${row.maxConnections}`,
      whole(row.acceptedPerSecond),
      whole(row.refusedPerSecond),
      whole(row.limitChangesPerSecond),
      row.cpuMicroseconds.toFixed(2),
      `${(row.clientShare * 100).toFixed(0)} %`,
      String(row.newConnections),
      String(row.windowViolations + row.streamViolations),
    ]),
  )
}

/** @param {string[]} parameters */
function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      'round-trip': { type: 'string', default: '20' },
      'dead-share': { type: 'string', default: '0.3' },
      'max-connections': { type: 'string', default: '1,8' },
      seconds: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '1' },
      library: { type: 'string' },
    },
  })
  if (values.help) return undefined
  return {
    roundTripMs: positive('round-trip', values['round-trip']),
    deadShare: number('dead-share', values['dead-share'], { most: 1 }),
    maxConnections: positives('max-connections', values['max-connections']),
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    library: libraryUrl(values.library),
  }
}
