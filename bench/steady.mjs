import { fileURLToPath } from 'node:url'
import { CLIENT_CORE, NodeProcess } from './processes.mjs'
import { assertHonest, withSink } from './sink-process.mjs'
import { makeKey } from './workload.mjs'

const STEADY_PROCESS = fileURLToPath(new URL('steady-process.mjs', import.meta.url))
/** This client waits for nothing: its queue is always full. */
const NO_WINDOW = Number.MAX_SAFE_INTEGER

/**
 * @typedef {object} Setting
 * @property {Partial<import('./sink-connection.mjs').SinkOptions> & { delayMs: number }} sink
 * @property {number} payloadBytes
 * @property {number} maxConnections
 * @property {string} library file URL
 * @property {number} seconds
 * @property {import('./workload.mjs').DeadTokens | undefined} [dead]
 *
 * @typedef {ReturnType<typeof figures>} SteadyFigures
 */

/**
 * Sends without end from a process of its own to a sink of its own, and measures a stretch of it.
 *
 * @param {Setting} setting
 * @returns {Promise<SteadyFigures>}
 */
export function measureSteady({ sink: sinkOptions, payloadBytes, maxConnections, library, seconds, dead }) {
  return withSink(sinkOptions, async (sink, address) => {
    const client = new NodeProcess(CLIENT_CORE, [STEADY_PROCESS])
    try {
      const task = { ...address, key: makeKey(), window: NO_WINDOW, maxConnections, library }
      await client.ask({ task, payloadBytes, roundTripMs: sinkOptions.delayMs, seconds, dead })
      await sink.ask({})
      const stretch = await client.ask({})
      const seen = await sink.ask({})
      return figures(stretch, seen)
    } finally {
      await client.kill()
    }
  })
}

/**
 * @param {import('./steady-process.mjs').Stretch} stretch
 * @param {import('./sink-counts.mjs').SinkCounts & { cpuSeconds: number }} seen
 */
function figures({ seconds, accepted, refused, connections, grownAfterSeconds, cpuSeconds }, seen) {
  assertHonest(seen)
  return {
    acceptedPerSecond: accepted / seconds,
    refusedPerSecond: refused / seconds,
    connections,
    grownAfterSeconds,
    cpuMicroseconds: (cpuSeconds / (accepted + refused)) * 1e6,
    clientShare: cpuSeconds / seconds,
    sinkShare: seen.cpuSeconds / seconds,
    /** How long the sink really held things back, in the mean: its timers tick in milliseconds. */
    heldMs: seen.heldMs / seen.writes,
    peakStreams: seen.peakStreams,
    peakWindowBytes: seen.peakWindowBytes,
    windowViolations: seen.windowViolations,
    streamViolations: seen.streamViolations,
    limitChangesPerSecond: seen.limitChanges / seconds,
    /** Opened within the stretch: others must have ended. */
    newConnections: seen.connections,
  }
}
