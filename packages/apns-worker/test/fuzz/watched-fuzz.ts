import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FuzzOrder } from './fuzz-worker.js'
import { type Finding, Fuzzer } from './fuzzer.js'
import { targetNamed } from './targets.js'

/** Seconds without any progress that are a hang. The slowest target takes a few on a busy machine. */
const HANG_SECONDS = 90
const LOOK_EVERY_MS = 250

export interface FuzzOptions {
  readonly seed: number
  readonly seconds: number
}

export interface FuzzReport {
  readonly target: string
  readonly executions: number
  readonly seconds: number
  readonly findings: readonly Finding[]
}

/** Fuzzes one target in a thread of its own, and notices when it hangs. */
export async function watchedFuzz(name: string, { seed, seconds }: FuzzOptions): Promise<FuzzReport> {
  const findings: Finding[] = []
  const start = performance.now()
  const elapsed = (): number => (performance.now() - start) / 1000
  let from = 0
  for (;;) {
    const progress = new Int32Array(new SharedArrayBuffer(8))
    const order = { target: name, seed, from, progress: progress.buffer, seconds: seconds - elapsed() }
    const hung = await runThread(order, progress, findings)
    from = Atomics.load(progress, 0) + 1
    if (!hung) return { target: name, executions: from, seconds: elapsed(), findings }
    const fuzzer = new Fuzzer(targetNamed(name), seed)
    findings.push(fuzzer.finding(from - 1, `does not end within ${HANG_SECONDS} s`, fuzzer.input(from - 1)))
    if (elapsed() >= seconds) return { target: name, executions: from, seconds: elapsed(), findings }
  }
}

/** Resolves when the thread ends: true when it had to be ended. */
async function runThread(order: FuzzOrder, progress: Int32Array, findings: Finding[]): Promise<boolean> {
  const worker = new Worker(new URL('./fuzz-worker.js', import.meta.url), { workerData: order })
  let runs = -1
  let seenMs = performance.now()
  let hung = false
  const watch = setInterval(() => {
    const now = Atomics.load(progress, 1)
    if (now !== runs) seenMs = performance.now()
    else if (performance.now() - seenMs > HANG_SECONDS * 1000 && !hung) {
      hung = true
      void worker.terminate()
    }
    runs = now
  }, LOOK_EVERY_MS)
  worker.on('message', (finding: Finding) => findings.push(finding))
  try {
    await once(worker, 'exit')
  } finally {
    clearInterval(watch)
  }
  return hung
}
