import { parseArgs } from 'node:util'
import { number, oneOf } from './command-line.mjs'
import { REFUSALS } from './sink-choice.mjs'
import { LOWERED } from './sink-governor.mjs'
import { LARGEST_WINDOW_BYTES, PROTOCOL_WINDOW_BYTES } from './sink-settings.mjs'

/**
 * The sink's command line. Without options it answers at once, grants the largest window, and accepts everything.
 *
 * @param {string[]} parameters
 * @returns {import('./sink-connection.mjs').SinkOptions & { port: number }} port 0: any that is free
 */
export function readSinkOptions(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      port: { type: 'string', default: '0' },
      'delay-ms': { type: 'string', default: '0' },
      'window-bytes': { type: 'string', default: String(LARGEST_WINDOW_BYTES) },
      'refused-share': { type: 'string', default: '0' },
      'refuse-dead': { type: 'boolean', default: false },
      'refused-with': { type: 'string', default: 'both' },
      governor: { type: 'string', default: 'off' },
    },
  })
  return {
    port: number('port', values.port, { most: 65_535 }),
    delayMs: number('delay-ms', values['delay-ms']),
    windowBytes: number('window-bytes', values['window-bytes'], {
      least: PROTOCOL_WINDOW_BYTES,
      most: LARGEST_WINDOW_BYTES,
    }),
    refusedShare: number('refused-share', values['refused-share'], { most: 1 }),
    refuseDead: values['refuse-dead'],
    refusedWith: oneOf('refused-with', values['refused-with'], REFUSALS),
    governor: oneOf('governor', values.governor, LOWERED),
  }
}

/**
 * The same as parameters for a sink of one's own.
 *
 * @param {Partial<import('./sink-connection.mjs').SinkOptions>} options
 */
export function sinkParameters({ delayMs, windowBytes, refusedShare, refuseDead, refusedWith, governor }) {
  const given = {
    'delay-ms': delayMs,
    'window-bytes': windowBytes,
    'refused-share': refusedShare,
    'refused-with': refusedWith,
    governor,
  }
  const parameters = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  )
  return refuseDead ? [...parameters, '--refuse-dead'] : parameters
}
