/** The benchmark: `node bench/run.mjs --help`. What is measured, and what is not: `README.md`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installDependencies } from './install.mjs'
import { describeMachine, machineLines } from './machine.mjs'
import { measureRound, whyNot } from './measure.mjs'
import { HELP, readOptions } from './options.mjs'
import { NodeProcess, SINK_CORE } from './processes.mjs'
import { summarize } from './statistics.mjs'
import { formatResults } from './table.mjs'
import { makeKey } from './workload.mjs'

const SINK = fileURLToPath(new URL('sink.mjs', import.meta.url))
const RESULTS = fileURLToPath(new URL('results/', import.meta.url))

const options = readOptions(process.argv.slice(2))
if (options.help) {
  console.log(HELP)
  process.exit()
}
installDependencies()
mkdirSync(RESULTS, { recursive: true })

const sink = new NodeProcess(SINK_CORE, [
  SINK,
  `--delay-ms=${options.delayMs}`,
  `--refused-share=${options.refusedShare}`,
])
try {
  const { port, cert } = await sink.ask()
  const task = {
    port,
    cert,
    key: makeKey(),
    window: options.window,
    maxConnections: options.maxConnections,
    library: options.library,
  }
  const results = await runAll(task)
  const machine = describeMachine()
  const file = `${RESULTS}${new Date().toISOString().replaceAll(':', '-')}.json`
  writeFileSync(file, `${JSON.stringify({ at: new Date(), options, machine, results }, null, 2)}\n`)
  console.log(['', formatResults(results), '', ...machineLines(machine), `written to ${file}`].join('\n'))
  if (results.some(({ failed }) => failed)) process.exitCode = 1
} finally {
  await sink.kill()
}

/**
 * All rounds, the clients taking turns, so that whatever slows the machine for a while slows them all.
 *
 * @param {import('./measure.mjs').Round['task']} task
 */
async function runAll(task) {
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
            nodeOptions: profileOptions(result.name),
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
  return options.profile
    ? ['--cpu-prof', `--cpu-prof-dir=${RESULTS}`, `--cpu-prof-name=${name}.cpuprofile`]
    : []
}
