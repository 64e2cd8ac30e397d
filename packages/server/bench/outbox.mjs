// What the outbox costs: `node packages/server/bench/outbox.mjs [--driver libsql] [--durability crash] [--scale 0.1]`, after
// `npm run build`. Each figure is of this process, its store's thread included, on the disk of the temporary folder (TMPDIR).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEmbeddedOutbox } from '../dist/index.js'

const { values } = parseArgs({
  options: {
    driver: { type: 'string' },
    durability: { type: 'string', default: 'power-loss' },
    scale: { type: 'string', default: '1' },
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
  await singles()
  await thousands()
} finally {
  rmSync(folder, { recursive: true })
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
  latencies.sort((left, right) => left - right)
  console.log(
    `  latency: ${[0.5, 0.99, 1].map((share) => `${quantile(latencies, share).toFixed(1)} ms`).join(', ')} (p50, p99, worst)`,
  )
  await drain(outbox, 'messages', count, 1000)
  await outbox.close()
}

/** A message of a million tokens, streamed. */
async function thousands() {
  const outbox = await open('thousands.db')
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
  await measure(`record, ${unit}, a twentieth of them refused`, count, () =>
    concurrently(claimed.length, async (index) => {
      await outbox.record(
        claimed[index].map(({ batchId, fence, pending }) => ({
          batchId,
          fence,
          accepted: pending.filter((at) => (batchId + at) % 20 !== 0),
          others: pending
            .filter((at) => (batchId + at) % 20 === 0)
            .map((index) => ({
              index,
              status: 'refused',
              reason: 'Unregistered',
              timestampMs: 1_700_000_000_000,
            })),
        })),
      )
    }),
  )
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

/** @param {import('../dist/index.js').Outbox} outbox */
async function sizeOf(outbox) {
  const { storeBytes } = await outbox.stats()
  return `on disk, the journal aside: ${(storeBytes / 1e6).toFixed(1)} MB`
}

/** @param {number} count */
function tokensOf(count) {
  return Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, 'a'))
}

/** @param {readonly number[]} sorted @param {number} share */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
