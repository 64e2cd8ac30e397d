import { fileURLToPath } from 'node:url'
import { NodeProcess, SINK_CORE } from './processes.mjs'
import { sinkParameters } from './sink-options.mjs'

const SINK = fileURLToPath(new URL('sink.mjs', import.meta.url))

/**
 * Starts a sink, on a core of its own, and ends it when the work is done.
 *
 * @template Result
 * @param {Partial<import('./sink-connection.mjs').SinkOptions>} options
 * @param {(sink: NodeProcess, address: { port: number, cert: string }) => Promise<Result>} work
 */
export async function withSink(options, work) {
  const sink = new NodeProcess(SINK_CORE, [SINK, ...sinkParameters(options)])
  try {
    return await work(sink, await sink.ask())
  } finally {
    await sink.kill()
  }
}

/**
 * A client that does more than it may is no measure.
 *
 * @param {import('./sink-counts.mjs').SinkCounts} counts
 */
export function assertHonest({ windowViolations, streamViolations }) {
  if (windowViolations + streamViolations > 0) {
    throw new Error(
      `the client exceeded a flow-control window ${windowViolations} times, the stream limit ${streamViolations} times`,
    )
  }
}
