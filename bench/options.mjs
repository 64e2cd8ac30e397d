import { parseArgs } from 'node:util'
import { CLIENTS } from './clients/catalogue.mjs'
import { libraryUrl, number, positive } from './command-line.mjs'
import { LARGEST_WINDOW_BYTES, PROTOCOL_WINDOW_BYTES } from './sink-settings.mjs'

export const HELP = `node bench/run.mjs [clients] [options]

  --quick               one short round: a smoke test, its figures mean little
  --rounds N            rounds, of which the medians are shown (5)
  --clients A,B         only these: ${CLIENTS.map(({ name }) => name).join(', ')}
  --scale X             multiplies each client's count of notifications (1)
  --payload-bytes N     size of each payload (186)
  --window N            how many notifications may wait for their answer (1000)
  --max-connections N   for apns-worker (1)
  --delay-ms N          the sink holds everything it writes back this long, for a round trip's sake (0)
  --window-bytes N      flow-control window of each connection, from 65535 up (the largest)
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
      'window-bytes': { type: 'string', default: String(LARGEST_WINDOW_BYTES) },
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
    quick: values.quick,
    rounds: positive('rounds', values.rounds ?? (values.quick ? '1' : '5')),
    clients: CLIENTS.filter(({ name }) => names.includes(name)),
    scale: positive('scale', values.scale ?? (values.quick ? '0.1' : '1')),
    payloadBytes: positive('payload-bytes', values['payload-bytes']),
    window: positive('window', values.window),
    maxConnections: positive('max-connections', values['max-connections']),
    delayMs: number('delay-ms', values['delay-ms']),
    windowBytes: number('window-bytes', values['window-bytes'], {
      least: PROTOCOL_WINDOW_BYTES,
      most: LARGEST_WINDOW_BYTES,
    }),
    refusedShare: number('refused-share', values['refused-share'], { most: 1 }),
    library: libraryUrl(values.library),
    profile: values.profile,
  }
}
