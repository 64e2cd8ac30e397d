/** The benchmarks: `node bench/run.mjs --help`. What is measured, and what is not: `README.md`. */
import { installDependencies } from './install.mjs'

const EXPERIMENTS = {
  clients: 'CPU and notifications a second, beside other clients (what runs when nothing is named)',
  latency: 'what apns-worker adds to the latency of a bare TLS socket',
  distance: 'notifications a second against round trip and payload',
  governor: 'notifications a second where refusals lower the stream limit',
  durable: 'the server, from its API to disk and to the sink, beside the library',
  fleet: 'a simulation of many machines: throughput, latency, repeats, and what limits them',
  model: 'how far the simulation is off: the same list really sent, and simulated',
  shared: 'the server on PostgreSQL, with one and with two workers, beside its embedded store',
  statements: 'what the outbox on PostgreSQL costs its client and its database, call by call',
  memory: 'memory while a long list is queued and sent, and while a stream runs',
  plot: 'charts of the latest results, to docs/performance/',
}

const HELP = `node bench/run.mjs [experiment] [options]

${Object.entries(EXPERIMENTS)
  .map(([name, what]) => `  ${name.padEnd(10)} ${what}`)
  .join('\n')}

node bench/run.mjs EXPERIMENT --help   its options
`

const [first, ...others] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
const name = named ? first : 'clients'
const parameters = named ? others : process.argv.slice(2)

if (!named && parameters.includes('--help')) {
  console.log(HELP)
} else if (!Object.hasOwn(EXPERIMENTS, name)) {
  console.error(`there is no experiment ${name}\n\n${HELP}`)
  process.exitCode = 1
} else {
  installDependencies()
  const { run } = await import(`./${name}.mjs`)
  await run(parameters)
}
