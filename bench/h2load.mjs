import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLIENT_CORE, pin } from './processes.mjs'
import { makeApnsId, makeHeaders, makeTokens } from './workload.mjs'

/** h2load keeps every path in memory, in a form of its own; it gets this many and goes round them. */
const DISTINCT_TOKENS = 20_000
/** A run this much shorter tells what starting costs, which is then taken off. */
const SHORT_RUN = 0.05

/** @returns {string | undefined} its version, if it is installed */
export function h2loadVersion() {
  const { status, stdout } = spawnSync('h2load', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim().replace(/^h2load /, '') : undefined
}

/**
 * Measures h2load, in one round. Its start is not part of the figures: they are the difference between a long and a short run.
 *
 * @param {import('./clients/catalogue.mjs').Task} task
 * @param {number} count
 */
export function measureH2load(task, count) {
  const directory = mkdtempSync(join(tmpdir(), 'h2load-'))
  try {
    const body = join(directory, 'payload.json')
    const addresses = join(directory, 'addresses')
    writeFileSync(body, JSON.stringify(task.payload))
    writeFileSync(
      addresses,
      makeTokens(DISTINCT_TOKENS)
        .map((token) => `https://127.0.0.1:${task.port}/3/device/${token}\n`)
        .join(''),
    )
    const headers = Object.entries({ ...makeHeaders(task.key), 'apns-id': makeApnsId(1) })
    const parameters = [
      `--max-concurrent-streams=${task.window}`,
      `--data=${body}`,
      `--input-file=${addresses}`,
      ...headers.map(([name, value]) => `--header=${name}: ${value}`),
    ]
    const shortCount = Math.ceil(count * SHORT_RUN)
    const short = run([...parameters, `--requests=${shortCount}`])
    const long = run([...parameters, `--requests=${count + shortCount}`])
    return {
      requests: long.accepted + long.refused + short.accepted + short.refused,
      accepted: long.accepted - short.accepted,
      refused: long.refused - short.refused,
      seconds: long.seconds - short.seconds,
      userSeconds: long.userSeconds - short.userSeconds,
      systemSeconds: long.systemSeconds - short.systemSeconds,
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** @param {string[]} parameters */
function run(parameters) {
  const [file, rest] = pin(CLIENT_CORE, ['h2load', ...parameters])
  // bash's `time` reports the kernel's accounting of the finished child, to the millisecond
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@"'
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', file, ...rest], {
    encoding: 'utf8',
  })
  const times = /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(stderr)
  const codes = /status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx/.exec(stdout)
  if (status !== 0 || times === null || codes === null) throw new Error(`h2load failed\n${stdout}${stderr}`)
  const [, accepted, refused] = codes.map(Number)
  const [, seconds, userSeconds, systemSeconds] = times.map(Number)
  return { accepted, refused, seconds, userSeconds, systemSeconds }
}
