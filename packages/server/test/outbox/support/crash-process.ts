import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CrashPlan, CrashReport } from './crash-plan.js'

const program = fileURLToPath(new URL('crash-child.js', import.meta.url))

export interface CrashProcess {
  readonly child: ChildProcess
  /** Resolves when it has ended and all that it said was read. */
  readonly ended: Promise<{ readonly reports: CrashReport[]; readonly signal: NodeJS.Signals | null }>
}

/** Starts one, and kills it so long after it has said something; or after its start, when `isEarly`. */
export async function runUntilKilled(
  plan: CrashPlan,
  afterMs: number,
  isEarly: boolean,
): Promise<readonly CrashReport[]> {
  const { child, ended } = startCrashProcess(plan)
  let timer: NodeJS.Timeout | undefined
  const kill = (): void => {
    timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  }
  if (isEarly) kill()
  else child.stdout?.once('data', kill)
  const { reports, signal } = await ended
  clearTimeout(timer)
  assert.equal(signal, 'SIGKILL')
  return reports
}

export function startCrashProcess(plan: CrashPlan): CrashProcess {
  const child = spawn(process.execPath, [program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, ended: read(child) }
}

async function read(child: ChildProcess): CrashProcess['ended'] {
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  // Node's own types of what an event brings are loose.
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal === null) assert.equal(code, 0)
  // Killed in the middle of a line, it never said it.
  const lines = output.split('\n').slice(0, -1)
  return { reports: lines.map((line) => JSON.parse(line) as CrashReport), signal }
}
