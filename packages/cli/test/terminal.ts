import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { after } from 'node:test'
import { MAIN } from './command.js'

const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
const hasScript = script.error === undefined && script.stdout.includes('util-linux')

/** For `skip`: why there is no pseudo-terminal, where there is none. */
export const NO_TERMINAL: string | false = !hasScript && process.env['CI'] !== 'true' && 'needs script(1)'

/** The command on a pseudo-terminal. */
export interface Terminal {
  /** What was written so far contains this, or will. */
  shows(text: string): Promise<void>
  output(): string
  type(text: string): void
  /** Its exit code, once it has ended. */
  code(): Promise<number | null>
}

const TIMEOUT_MS = 60_000
const children = new Set<ReturnType<typeof spawn>>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Runs the command as somebody would who sits before a terminal of so many columns. */
export function startOnTerminal(
  args: readonly string[],
  { env = {}, columns = 200 }: { readonly env?: NodeJS.ProcessEnv; readonly columns?: number } = {},
): Terminal {
  const words = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn(
    'script',
    // Without `exec` it depends on the shell whether Ctrl-C ends the shell too, and whose exit code that is.
    ['-qec', `stty cols ${columns} rows 40; exec ${words}`, '/dev/null'],
    { env: { ...process.env, TERM: 'xterm', ...env }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
  )
  children.add(child)
  const closed = once(child, 'close')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return {
    async shows(text) {
      while (!output.includes(text)) await once(child.stdout, 'data')
    },
    output: () => output,
    type: (text) => child.stdin.write(text),
    async code() {
      await closed
      children.delete(child)
      return child.exitCode
    },
  }
}
