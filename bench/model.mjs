import { parseArgs } from 'node:util'
import { positive, positives } from './command-line.mjs'
import { EMBEDDED } from './fleet/parameters.mjs'
import { simulate } from './fleet/simulate.mjs'
import { PostgresProcess } from './postgres-process.mjs'
import { publish } from './results.mjs'
import { measure, SHAPES } from './shared.mjs'
import { formatTable } from './table.mjs'

const HELP = `node bench/run.mjs model [options]

How far the simulation is off: a list that real servers send to the sink at a distance, and the same simulated. Where the
network is the limit; where the CPU is, one machine that does it all is no fleet. (On Linux, with PostgreSQL installed.)

  --count N         tokens (1000000)
  --rounds N        of which the best counts: a busy machine only ever takes away (3)
  --delays A,B      round trips, in ms (50,150)
  --connections N   of a worker to the sink at most (8)
  --window N        tokens that a worker has in hand (20000)
`

/** @typedef {keyof typeof SHAPES} Shape */
const SHAPE_NAMES = /** @type {Shape[]} */ (Object.keys(SHAPES))
/** The sink's timers tick in milliseconds, and the next turn of its loop is some more. */
const SINK_MS = 1.5

/**
 * The experiment that says whether the other one is to be believed.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      count: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      delays: { type: 'string', default: '50,150' },
      connections: { type: 'string', default: '8' },
      window: { type: 'string', default: '20000' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const options = {
    count: positive('count', values.count),
    rounds: positive('rounds', values.rounds),
    delays: positives('delays', values.delays),
    connections: positive('connections', values.connections),
    window: positive('window', values.window),
  }
  const postgres = await PostgresProcess.start()
  try {
    const results = []
    for (const delayMs of options.delays)
      for (const shape of SHAPE_NAMES) {
        process.stderr.write(`${SHAPES[shape].title}, ${delayMs} ms …\n`)
        const setting = { ...options, delayMs }
        /** @type {number[]} */
        const rates = []
        for (let round = 0; round < options.rounds; round += 1) {
          const { sendSeconds } = await measure(shape, setting, postgres)
          rates.push(options.count / sendSeconds)
        }
        results.push({ shape, delayMs, measured: Math.max(...rates), simulated: simulated(shape, setting) })
      }
    publish('model', options, results, describe(results))
  } finally {
    await postgres.stop()
  }
}

/**
 * @param {Shape} shape
 * @param {{ count: number, delayMs: number, connections: number, window: number }} setting
 */
function simulated(shape, { count, delayMs, connections, window }) {
  const own = { maxConnections: connections, windowTokens: window }
  const apns = { roundTripMs: delayMs + SINK_MS, roundTripSigma: 0, tailShare: 0, deadShare: 0 }
  const parameters =
    shape === 'embedded'
      ? { ...EMBEDDED, worker: { ...EMBEDDED.worker, ...own }, apns }
      : { worker: own, apns, database: { cores: 1, roundTripMs: 0.2 } }
  const seconds = (/** @type {number} */ tokens) =>
    simulate(
      {
        title: SHAPES[shape].title,
        apps: { news: { messageTokens: tokens, backlog: tokens } },
        seconds: 0,
        limitSeconds: 3600,
        shards: 1,
        workers: SHAPES[shape].workers,
        grain: 10,
        parameters,
      },
      1,
    ).drainSeconds
  // The real ones have their connections by then: what came before the list that counts has opened them.
  const first = count / 4
  return count / (seconds(first + count) - seconds(first))
}

/** @param {readonly { shape: Shape, delayMs: number, measured: number, simulated: number }[]} results */
function describe(results) {
  const rows = results.map(({ shape, delayMs, measured, simulated: expected }) => [
    `${SHAPES[shape].title}, ${delayMs} ms`,
    whole(measured),
    whole(expected),
    `${((expected / measured - 1) * 100).toFixed(0)} %`,
  ])
  return formatTable(['tokens sent a second', 'measured', 'simulated', 'off by'], rows)
}

/** @param {number} value */
function whole(value) {
  return Math.round(value).toLocaleString('en')
}
