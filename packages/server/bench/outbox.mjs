// What the outbox costs: `node packages/server/bench/outbox.mjs [--driver libsql] [--durability crash] [--scale 0.1]
// [--suppressed 5000000]`, after `npm run build`. Each figure is of this process, its store's thread included, on the disk of the temporary folder (TMPDIR).
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbeddedOutbox } from '../dist/index.js'
import { connect } from '../dist/outbox/embedded/database.js'

const { values } = parseArgs({
  options: {
    driver: { type: 'string' },
    durability: { type: 'string', default: 'power-loss' },
    scale: { type: 'string', default: '1' },
    suppressed: { type: 'string', default: '0' },
  },
})
const scale = Number(values.scale)
const content = JSON.stringify({ aps: { alert: { title: 'News', body: 'It is here, and it is new.' } } })
const message = { app: 'news', content }
const folder = mkdtempSync(join(tmpdir(), 'apns-worker-outbox-bench-'))
/** As many calls wait for the store at a time, as if so many requests were under way. */
const CONCURRENCY = 64

try {
  console.log(`Node ${process.version}, ${values.durability}, ${CONCURRENCY} calls at a time`)
  await waits()
  if (values.suppressed === '0') await singles()
  await thousands()
} finally {
  rmSync(folder, { recursive: true })
}

/** What the disk takes to say that it has something: the least that a durable call can take alone. */
async function waits() {
  const file = openSync(join(folder, 'waits'), 'w')
  const latencies = Array.from({ length: 200 }, () => {
    writeSync(file, Buffer.alloc(8192, 1))
    const start = performance.now()
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  console.log(`fdatasync of 8 KiB: ${quantiles(latencies)}`)
}

/** Messages of one token: a request each. */
async function singles() {
  const outbox = await open('singles.db')
  const count = Math.ceil(50_000 * scale)
  const tokens = tokensOf(count)
  const latencies = []
  await measure('append, messages of one token', count, async () => {
    await concurrently(count, async (index) => {
      const start = performance.now()
      await outbox.append(message, [tokens[index]])
      latencies.push(performance.now() - start)
    })
  })
  console.log(`  latency: ${quantiles(latencies)}`)
  await drain(outbox, 'messages', count, 1000)
  await outbox.close()
}

/** A message of a million tokens, streamed. */
async function thousands() {
  const outbox = await openSuppressed('thousands.db', Number(values.suppressed))
  const count = Math.ceil(1_000_000 * scale)
  const tokens = tokensOf(count)
  const batches = Math.ceil(count / 1000)
  const appended = Math.ceil(batches / 10)
  await measure('append, messages of a thousand tokens', appended, () =>
    concurrently(appended, async (index) => {
      await outbox.append(message, tokens.slice(index * 1000, (index + 1) * 1000))
    }),
  )
  await outbox.purge('everything')
  const { messageId } = await outbox.open(message)
  await measure('addTokens, tokens of one message', count, () => outbox.addTokens(messageId, tokens))
  await measure('send, messages of so many', 1, () => outbox.send(messageId))
  console.log(`  ${await sizeOf(outbox)} for ${count} tokens`)
  await drain(outbox, 'tokens', count, 5000)
  console.log(`  ${await sizeOf(outbox)} when all are settled`)
  await outbox.close()
}

/**
 * Claims and records everything; a twentieth of the tokens is refused.
 *
 * @param {import('../dist/index.js').Outbox} outbox
 */
async function drain(outbox, unit, count, maxTokens) {
  const claimed = []
  await measure(`claim, ${unit}`, count, async () => {
    for (;;) {
      const { batches } = await outbox.claim({ owner: 'bench', leaseMs: 3_600_000, maxTokens })
      if (batches.length === 0) return
      claimed.push(batches.map(({ batchId, fence, pending }) => ({ batchId, fence, pending })))
    }
  })
  const progress = claimed.map((batches) => batches.map(progressOf))
  await measure(`record, ${unit}, a twentieth of them refused`, count, () =>
    concurrently(progress.length, (index) => outbox.record(progress[index])),
  )
}

/** As a worker has it. Every second of those that are refused is dead. */
function progressOf({ batchId, fence, pending }) {
  const isRefused = (at) => (batchId + at) % 20 === 0
  const accepted = Uint32Array.from(pending.filter((at) => !isRefused(at)))
  const others = pending.filter(isRefused).map((index) => ({
    index,
    status: 'refused',
    reason: 'Unregistered',
    timestampMs: 1_700_000_000_000,
    isDead: index % 2 === 0,
  }))
  return { batchId, fence, accepted, others }
}

async function measure(what, count, work) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const perSecond = Math.round(count / seconds).toLocaleString('en')
  console.log(`${what}: ${perSecond} a second, ${((user + system) / count).toFixed(2)} µs of CPU each`)
}

async function concurrently(count, work) {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
}

/** @param {string} name */
function open(name) {
  const { driver, durability } = values
  return openEmbeddedOutbox({ path: join(folder, name), driver, durability })
}

/**
 * With so many tokens on the list of those that nothing is sent to: other ones than are sent to.
 *
 * @param {string} name @param {number} count
 */
async function openSuppressed(name, count) {
  if (count === 0) return open(name)
  const filling = await open(name)
  await filling.pause({ app: message.app })
  await filling.resume({ app: message.app })
  await filling.close()
  const database = connect(join(folder, name))
  database.exec(`
    INSERT INTO suppressed (app_id, timestamp, reason, token)
    WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${count})
    SELECT (SELECT id FROM apps), 1, 'Unregistered', randomblob(32) FROM counted`)
  database.close()
  const residentBefore = process.memoryUsage.rss()
  let outbox
  await measure(`open, tokens on the list`, count, async () => {
    outbox = await open(name)
  })
  await measure(`learn, tokens on the list, while nothing else is asked`, count, async () => {
    // Until the thread has nothing to do: it tells nobody.
    for (let busy = 1; busy > 0.05; ) {
      const { user } = process.cpuUsage()
      await new Promise((resolve) => setTimeout(resolve, 500))
      busy = (process.cpuUsage().user - user) / 500_000
    }
  })
  console.log(`  resident memory: ${((process.memoryUsage.rss() - residentBefore) / 1e6).toFixed(0)} MB more`)
  return outbox
}

/** @param {import('../dist/index.js').Outbox} outbox */
async function sizeOf(outbox) {
  const { storeBytes } = await outbox.stats()
  return `on disk, the journal aside: ${(storeBytes / 1e6).toFixed(1)} MB`
}

/** @param {number} count */
function tokensOf(count) {
  return Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, 'a'))
}

/** @param {readonly number[]} milliseconds */
function quantiles(milliseconds) {
  const sorted = milliseconds.toSorted((left, right) => left - right)
  const texts = [0.5, 0.99, 1].map((share) => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
    return `${(value ?? 0).toFixed(2)} ms`
  })
  return `${texts.join(', ')} (p50, p99, worst)`
}
