import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

export const MAIN: string = fileURLToPath(new URL('../dist/main.js', import.meta.url))
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url))

/** A command that hangs is killed, and fails its test by its exit code. */
const TIMEOUT_MS = 60_000

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  /** What it has written to standard error so far contains this, or will. */
  saysOnStderr(text: string): Promise<void>
  finished(): Promise<Finished>
  /** The same of standard output. */
  saysOnStdout(text: string): Promise<void>
  /** What it has written to standard output so far. */
  stdout(): string
}

const children = new Set<ChildProcessWithoutNullStreams>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a program with nothing of our own APNS_ variables in its environment. */
export function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(APNS_|NODE_TEST|NODE_OPTIONS|FORCE_COLOR)/.test(name),
  )
  const child = spawn(process.execPath, [file, ...args], {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
  })
  children.add(child)
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const closed = once(child, 'close').then(() => children.delete(child))
  // It may end before it has read what we write.
  child.stdin.on('error', () => {})
  return {
    child,
    async saysOnStderr(text) {
      while (!output.stderr.includes(text)) await once(child.stderr, 'data')
    },
    async saysOnStdout(text) {
      while (!output.stdout.includes(text)) await once(child.stdout, 'data')
    },
    stdout: () => output.stdout,
    async finished() {
      await closed
      return { code: child.exitCode, ...output }
    },
  }
}

/** Runs the command to its end. */
export function run(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const running = start(MAIN, args, env)
  running.child.stdin.end(stdin)
  return running.finished()
}

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'apns-worker-cli-'))
  after(() => rmSync(path, { recursive: true }))
  return path
}
