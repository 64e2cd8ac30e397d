import { measureRound, whyNot } from './measure.mjs'
import { HELP, readOptions } from './options.mjs'
import { publish, RESULTS } from './results.mjs'
import { withSink } from './sink-process.mjs'
import { summarize } from './statistics.mjs'
import { formatResults } from './table.mjs'
import { makeKey } from './workload.mjs'

/** @typedef {ReturnType<typeof readOptions>} Options */

/**
 * The experiment that gives the table of all clients.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const options = readOptions(parameters)
  if (options.help) {
    console.log(HELP)
    return
  }
  const { delayMs, windowBytes, refusedShare, window, maxConnections, library } = options
  const results = await withSink({ delayMs, windowBytes, refusedShare }, (sink, address) =>
    runAll(options, sink, { ...address, key: makeKey(), window, maxConnections, library }),
  )
  // Its figures mean little, so nothing is to be drawn from them.
  publish(options.quick ? 'quick' : 'clients', options, results, formatResults(results))
  if (results.some(({ failed }) => failed)) process.exitCode = 1
}

/**
 * All rounds, the clients taking turns, so that whatever slows the machine for a while slows them all.
 *
 * @param {Options} options
 * @param {import('./processes.mjs').NodeProcess} sink
 * @param {import('./measure.mjs').Round['task']} task
 */
async function runAll(options, sink, task) {
  const results = options.clients.map((client) => ({
    ...client,
    count: Math.ceil(client.count * options.scale),
    rounds: /** @type {import('./measure.mjs').Figures[]} */ ([]),
    missing: whyNot(client.name, options.library),
    failed: false,
  }))
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const result of results) {
      if (result.missing !== undefined) continue
      process.stderr.write(`round ${round} of ${options.rounds}: ${result.title} …\n`)
      try {
        result.rounds.push(
          await measureRound({
            ...options,
            client: result,
            count: result.count,
            sink,
            task,
            nodeOptions: options.profile ? profileOptions(result.name) : [],
          }),
        )
      } catch (error) {
        result.missing = `failed: ${error instanceof Error ? error.message : String(error)}`
        result.failed = true
      }
    }
  }
  return results.map((result) =>
    result.rounds.length > 0 ? { ...result, summary: summarize(result.rounds) } : result,
  )
}

/** @param {string} name */
function profileOptions(name) {
  return ['--cpu-prof', `--cpu-prof-dir=${RESULTS}`, `--cpu-prof-name=${name}.cpuprofile`]
}
