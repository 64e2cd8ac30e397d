import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { barChart } from './bar-chart.mjs'
import { positive } from './command-line.mjs'
import { latestFile } from './results.mjs'
import { LARGEST_WINDOW_BYTES } from './sink-settings.mjs'

const HELP = `node bench/run.mjs plot [options]

Draws the latest results of the experiments clients and distance to docs/performance/.

  --clients FILE         other results of clients than the latest
  --distance FILE        other results of distance than the latest
  --max-connections N    which of distance's are drawn (8)
`

const CHARTS = fileURLToPath(new URL('../docs/performance/', import.meta.url))
const TONES = /** @type {const} */ (['first', 'second', 'third'])

/**
 * @typedef {import('./results.mjs').ResultFile} ResultFile
 * @typedef {import('./bar-chart.mjs').Chart} Chart
 */

/**
 * Draws what other experiments have measured.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      clients: { type: 'string' },
      distance: { type: 'string' },
      'max-connections': { type: 'string', default: '8' },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const maxConnections = positive('max-connections', values['max-connections'])
  draw('cpu-per-notification.svg', values.clients ?? latestFile('clients'), chartOfClients)
  draw('notifications-per-second.svg', values.distance ?? latestFile('distance'), (file) =>
    chartOfDistance(file, maxConnections),
  )
}

/**
 * @param {ResultFile} file
 * @returns {Chart}
 */
function chartOfClients({ at, options, machine, results }) {
  const measured = results.filter((/** @type {any} */ { summary }) => summary !== undefined)
  return {
    title: 'CPU time for each notification, in microseconds',
    subtitle: `Less is better. One payload of ${options.payloadBytes} bytes to distinct tokens over loopback TLS.`,
    groups: [
      {
        bars: measured.map((/** @type {any} */ { name, title, summary }) => ({
          label: title,
          value: summary.cpuMicroseconds,
          text: summary.cpuMicroseconds.toFixed(2),
          tone: name.startsWith('apns-worker') ? 'ours' : 'other',
        })),
      },
    ],
    notes: [`Medians of ${options.rounds} rounds. ${place(machine, at)}`],
  }
}

/**
 * @param {ResultFile} file
 * @param {number} maxConnections
 * @returns {Chart}
 */
function chartOfDistance({ at, options, machine, results }, maxConnections) {
  /** @type {import('./distance.mjs').Row[]} */
  const rows = results.filter((/** @type {any} */ row) => row.maxConnections === maxConnections)
  if (rows.length === 0) throw new Error(`distance was not measured with ${maxConnections} connections`)
  const groups = options.windows.flatMap((/** @type {number} */ windowBytes) =>
    options.roundTrips.map((/** @type {number} */ roundTripMs) => ({
      label: `${roundTripMs} ms there and back, ${windowName(windowBytes)}`,
      bars: rows
        .filter((row) => row.windowBytes === windowBytes && row.roundTripMs === roundTripMs)
        .map((row) => ({
          label: `${row.payloadBytes.toLocaleString('en')} B payload`,
          value: row.acceptedPerSecond,
          text: Math.round(row.acceptedPerSecond).toLocaleString('en'),
          tone: TONES[options.payloads.indexOf(row.payloadBytes) % TONES.length],
        })),
    })),
  )
  return {
    title: 'Notifications a second, by distance and payload',
    subtitle: `At most ${maxConnections} connections of 1,000 streams each; one core.`,
    groups,
    notes: [
      'The flow-control window is how many bytes of payloads a server lets be under way on a connection.',
      place(machine, at),
    ],
  }
}

/** @param {number} windowBytes */
function windowName(windowBytes) {
  return windowBytes === LARGEST_WINDOW_BYTES
    ? 'windows that never run out'
    : `windows of ${windowBytes.toLocaleString('en')} bytes`
}

/**
 * @param {ResultFile['machine']} machine
 * @param {string} at
 */
function place({ processor, system, versions }, at) {
  return `${processor}, ${system}, Node.js ${versions.node}, ${at.slice(0, 10)}.`
}

/**
 * @param {string} name of the chart's file
 * @param {string} source
 * @param {(results: ResultFile) => Chart} chartOf
 */
function draw(name, source, chartOf) {
  mkdirSync(CHARTS, { recursive: true })
  writeFileSync(`${CHARTS}${name}`, barChart(chartOf(JSON.parse(readFileSync(source, 'utf8')))))
  console.log(`${relative(process.cwd(), `${CHARTS}${name}`)} from ${relative(process.cwd(), source)}`)
}
