import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { CLIENTS } from './clients/catalogue.mjs'

const BUILT_LIBRARY = new URL('../packages/apns-worker/dist/index.js', import.meta.url).href

export const HELP = `node bench/run.mjs [options]

  --quick               one short round: a smoke test, its figures mean little
  --rounds N            rounds, of which the medians are shown (5)
  --clients A,B         only these: ${CLIENTS.map(({ name }) => name).join(', ')}
  --scale X             multiplies each client's count of notifications (1)
  --payload-bytes N     size of each payload (186)
  --window N            how many notifications may wait for their answer (1000)
  --max-connections N   for apns-worker (1)
  --delay-ms N          the sink holds each answer back this long, for a round trip's sake (0)
  --refused-share X     the sink refuses this share of the requests, below 1, half with 400, half with 410 (0)
  --library FILE        the apns-worker to measure (packages/apns-worker/dist/index.js)
  --profile             writes a CPU profile of each Node.js client to bench/results/, see profile.mjs
`

/** @param {string[]} parameters the command line's */
export function readOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      clients: { type: 'string' },
      scale: { type: 'string' },
      'payload-bytes': { type: 'string', default: '186' },
      window: { type: 'string', default: '1000' },
      'max-connections': { type: 'string', default: '1' },
      'delay-ms': { type: 'string', default: '0' },
      'refused-share': { type: 'string', default: '0' },
      library: { type: 'string' },
      profile: { type: 'boolean', default: false },
    },
  })
  const names = values.clients?.split(',') ?? CLIENTS.map(({ name }) => name)
  const unknown = names.find((name) => !CLIENTS.some((client) => client.name === name))
  if (unknown !== undefined) throw new Error(`there is no client ${unknown}; see --help`)
  return {
    help: values.help,
    rounds: positive('rounds', values.rounds ?? (values.quick ? '1' : '5')),
    clients: CLIENTS.filter(({ name }) => names.includes(name)),
    scale: positive('scale', values.scale ?? (values.quick ? '0.1' : '1')),
    payloadBytes: positive('payload-bytes', values['payload-bytes']),
    window: positive('window', values.window),
    maxConnections: positive('max-connections', values['max-connections']),
    delayMs: number('delay-ms', values['delay-ms']),
    refusedShare: number('refused-share', values['refused-share']),
    library: values.library === undefined ? BUILT_LIBRARY : pathToFileURL(values.library).href,
    profile: values.profile,
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function number(name, text) {
  const value = Number(text)
  if (!(value >= 0)) throw new Error(`--${name} takes a number, not ${text}`)
  return value
}

/**
 * @param {string} name
 * @param {string} text
 */
function positive(name, text) {
  const value = number(name, text)
  if (value === 0) throw new Error(`--${name} must be above 0`)
  return value
}
