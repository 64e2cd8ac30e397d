import { parseArgs } from 'node:util'
import { describe } from './fleet/report.mjs'
import { SCENARIOS } from './fleet/scenarios.mjs'
import { simulate } from './fleet/simulate.mjs'
import { publish } from './results.mjs'

const HELP = `node bench/run.mjs fleet [scenario …] [options]

Simulates fleets of workers, their databases and Apple's service: nothing is sent, and no time passes. All scenarios, or:

${Object.entries(SCENARIOS)
  .map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`)
  .join('\n')}

  --seed TEXT     the same seed gives the same figures (1)
`

/**
 * The experiment that needs no machine: what a fleet would do that is larger than ours.
 *
 * @param {string[]} parameters the command line's
 */
export async function run(parameters) {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
  const unknown = names.find((name) => !Object.hasOwn(SCENARIOS, name))
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; see --help`)
  /** @type {Record<string, import('./fleet/report.mjs').Summary>} */
  const results = {}
  for (const name of names) {
    process.stderr.write(`${name}: ${SCENARIOS[name].title} …\n`)
    results[name] = simulate(SCENARIOS[name], values.seed)
  }
  publish('fleet', { seed: values.seed, scenarios: names }, results, describe(results))
}
