import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type CrashPlan, type CrashReport, reportPathOf } from './crash-plan.js'

const program = fileURLToPath(new URL('crash-child.js', import.meta.url))

/** Runs one, and kills it so long after it has begun its report; or after its start, when `isEarly`. */
export async function runUntilKilled(
  plan: CrashPlan,
  afterMs: number,
  isEarly: boolean,
): Promise<readonly CrashReport[]> {
  const child = start(plan)
  let timer: NodeJS.Timeout | undefined
  const kill = (): void => {
    timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  }
  if (isEarly) kill()
  else child.stdout?.once('data', kill)
  const { code, signal } = await end(child)
  clearTimeout(timer)
  assert.equal(signal, 'SIGKILL', `it ended by itself, with ${code}`)
  return reportsOf(plan)
}

/** Runs one that ends by itself. */
export async function runToEnd(plan: CrashPlan): Promise<readonly CrashReport[]> {
  const child = start(plan)
  child.stdout?.resume()
  assert.deepEqual(await end(child), { code: 0, signal: null })
  return reportsOf(plan)
}

function start(plan: CrashPlan): ChildProcess {
  return spawn(process.execPath, [program, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function end(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  // Node's own types of what an event brings are loose.
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal }
}

function reportsOf(plan: CrashPlan): CrashReport[] {
  const path = reportPathOf(plan)
  if (!existsSync(path)) return []
  // Killed in the middle of a line, it never said it.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as CrashReport)
}
