// `npm test`: every package's compiled tests, and the tests of these scripts and of the benchmarks, by Node's own test runner.
//
//   npm test                                    all of them
//   npm test -- queue                           the files whose path contains "queue"
//   npm test -- '!fuzz'                         the files whose path does not contain "fuzz"
//   npm test -- --test-name-pattern=backtrack   options go to `node --test`
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, sep } from 'node:path'
import { listFiles } from './list-files.mjs'
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'
import { runNode } from './run-command.mjs'

/** No test, and no file of them, takes so long on a busy machine; one that hangs must not hold the whole run for ever. */
const timeoutMs = 300_000

const { options, filters } = parseArguments(process.argv.slice(2))
await prepare()
const unwanted = filters.filter((filter) => filter.startsWith('!')).map((filter) => filter.slice(1))
const wanted = filters.filter((filter) => !filter.startsWith('!'))
const files = testFiles().filter(
  (file) =>
    (wanted.length === 0 || wanted.some((filter) => file.includes(filter))) &&
    !unwanted.some((filter) => file.includes(filter)),
)
if (files.length === 0) {
  console.error(`No test file's path fits ${filters.map((filter) => `"${filter}"`).join(', ')}.`)
  process.exit(1)
}
// Node's own default leaves one core idle, which is half of a small machine. Tests wait as well, for processes and disks
// and for what has to be late: one more keeps all cores at work.
const concurrency = availableParallelism() + 1
const defaults = [
  '--test-reporter=spec',
  `--test-timeout=${timeoutMs}`,
  `--test-concurrency=${concurrency}`,
].filter((option) => !options.some((given) => given.startsWith(option.replace(/=.*/, ''))))
process.exitCode = await runNode(['--test', ...defaults, ...options, ...files], { cwd: root })

/** Paths relative to the root. */
function testFiles() {
  const packages = readdirSync(join(root, 'packages')).flatMap((name) => {
    const directory = join('packages', name, 'dist-test')
    return listFiles(join(root, directory))
      .filter((file) => file.endsWith('.test.js'))
      .map((file) => join(directory, file))
  })
  const scripts = ['scripts', join('bench', 'fleet')].flatMap((directory) =>
    listFiles(join(root, directory))
      .filter((file) => file.endsWith('.test.mjs'))
      .map((file) => join(directory, file)),
  )
  return [...packages, ...scripts]
}

/**
 * An option's value may follow it as an argument of its own, as Node allows; which do is known by name.
 *
 * @param {readonly string[]} args
 */
function parseArguments(args) {
  const valued =
    /^--(test-(name-pattern|skip-pattern|reporter|reporter-destination|concurrency|timeout|shard)|import|require|env-file)$/
  const options = []
  const filters = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (!arg.startsWith('-')) filters.push(sourceToOutput(arg))
    else if (valued.test(arg) && index + 1 < args.length) options.push(`${arg}=${args[++index]}`)
    else options.push(arg)
  }
  return { options, filters }
}

/**
 * Whoever names a test names its source; what runs is its output.
 *
 * @param {string} path
 */
function sourceToOutput(path) {
  return path
    .replace(/^\.\//, '')
    .replaceAll('/', sep)
    .replace(`${sep}test${sep}`, `${sep}dist-test${sep}`)
    .replace(/\.ts$/, '.js')
}
