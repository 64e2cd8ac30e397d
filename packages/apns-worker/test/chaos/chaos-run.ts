import { setTimeout as pause } from 'node:timers/promises'
import { type JournalNotification, startSimulator } from '@apns-worker/simulator'
import type { Delivery } from 'apns-worker'
import { Sender } from '../support/sender.js'
import { within } from '../support/within.js'
import { type Balance, Books } from './books.js'
import { TOKEN_RULES, traffic } from './traffic.js'

/** What is sent through which chaos. */
export interface ChaosRunOptions {
  readonly seed: number
  /** How many notifications. */
  readonly count: number
  /** They are handed over in that time, in seconds; 0: at once. */
  readonly seconds: number
  /** 0 to 1. */
  readonly intensity: number
  /** How long the whole run may take, in seconds. */
  readonly timeout: number
  /** Told where the run is, each second. */
  readonly progress?: (line: string) => void
}

export interface ChaosRunResult extends Balance {
  readonly seconds: number
  readonly connections: number
  /** What the chaos has done, and how often. */
  readonly mischief: Readonly<Record<string, number>>
}

/** Impatient, so that black holes do not hold up the run. */
const IMPATIENT = {
  connectTimeout: 0.25,
  requestTimeout: 0.35,
  pingInterval: 0.3,
  pingTimeout: 0.25,
  retryDelay: 0.02,
  maxRetryDelay: 0.3,
  maxAttempts: 8,
  maxConnections: 6,
} as const
const PROGRESS_MS = 1000
/** What is spread over a time comes in blocks that take so long. */
const BLOCK_SECONDS = 2

/** Sends everything, waits for every fate, closes both ends, and balances the books. */
export async function chaosRun(options: ChaosRunOptions): Promise<ChaosRunResult> {
  const { seed, count, seconds, intensity, timeout } = options
  const startedAtMs = performance.now()
  const apns = await startSimulator({
    record: false,
    journal: { keep: true },
    rules: TOKEN_RULES,
    chaos: { seed, intensity },
  })
  const sender = new Sender(apns, IMPATIENT)
  const describe = (): string => `seed ${seed}: ${sender.describe()} ${JSON.stringify(apns.counts())}`
  const reporter = setInterval(() => options.progress?.(describe()), PROGRESS_MS)
  try {
    const deliveries = await sendAll(sender, count, seconds)
    await within(Promise.all(deliveries.map((delivery) => delivery.done())), describe, timeout)
    const stats = sender.apns.stats()
    // Both ends are closed before the books are, so that nothing is under way any more.
    await within(sender.apns.close(), describe)
    await apns.waitFor(() => apns.counts().openConnections === 0)
    await apns.close()
    const books = new Books()
    for (const delivery of deliveries) {
      for await (const outcome of delivery) books.enter(outcome, delivery.message)
    }
    const { journal } = apns
    if (journal === undefined) throw new Error('there is a journal')
    return {
      ...books.balance(count, stats, sender.errors, journal),
      seconds: (performance.now() - startedAtMs) / 1000,
      connections: apns.counts().connections,
      mischief: mischiefIn(journal.notifications, journal.connections),
    }
  } finally {
    clearInterval(reporter)
    await sender.apns.close({ timeout: 0 })
    await apns.close()
  }
}

/** Hands everything over, evenly spread over the time. */
async function sendAll(sender: Sender, count: number, seconds: number): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  const startedAtMs = performance.now()
  const blockSize = seconds === 0 ? count : Math.ceil((count / seconds) * BLOCK_SECONDS)
  let sent = 0
  for (const message of traffic(count, blockSize)) {
    const aheadMs = (sent / count) * seconds * 1000 - (performance.now() - startedAtMs)
    if (aheadMs > 0) await pause(aheadMs)
    deliveries.push(sender.sendMessage(message))
    sent += message.length
  }
  return deliveries
}

function mischiefIn(
  ...lines: readonly (readonly Pick<JournalNotification, 'why'>[])[]
): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { why } of lines.flat()) {
    if (why.startsWith('chaos: ')) counts[why] = (counts[why] ?? 0) + 1
  }
  return counts
}
