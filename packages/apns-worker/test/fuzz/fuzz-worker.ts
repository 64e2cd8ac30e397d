/** A thread that fuzzes one target until its time is over; see `watched-fuzz.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Finding, Fuzzer } from './fuzzer.js'
import { targetNamed } from './targets.js'

/** What the thread is told. */
export interface FuzzOrder {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  /** The number of the first execution. */
  readonly from: number
  /** Two counters of 32 bits: the execution that runs, and the runs so far. */
  readonly progress: SharedArrayBuffer
}

/** How many different things may be found before it stops. */
const MOST_FINDINGS = 20

const order = workerData as FuzzOrder // whoever starts it gives one
const progress = new Int32Array(order.progress)
const fuzzer = new Fuzzer(targetNamed(order.target), order.seed, () => Atomics.add(progress, 1, 1))
const findings: Finding[] = []
const end = performance.now() + order.seconds * 1000
for (let execution = order.from; performance.now() < end && findings.length < MOST_FINDINGS; execution++) {
  Atomics.store(progress, 0, execution)
  const finding = fuzzer.execute(execution)
  if (finding === undefined) continue
  findings.push(finding)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(finding)
}
