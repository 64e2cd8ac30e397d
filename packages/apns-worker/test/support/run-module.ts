import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { within } from './within.js'

/** Runs a module in a process of its own, with the library in scope; resolves with what it printed, once it has ended by itself. */
export async function runModule(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  try {
    const code = await within(
      new Promise<number | null>((resolve) => child.once('close', resolve)),
      () => `it still runs, after ${JSON.stringify(output)}`,
    )
    assert.equal(code, 0)
    return output
  } finally {
    child.kill()
  }
}
