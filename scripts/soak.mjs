// A soak run: notifications at a steady rate, to a simulator that misbehaves at random, for as long as one likes. The books
// must balance in the end, and memory and handles be what they were in the beginning.
//
//     npm run soak -- --seconds 1800 --rate 500 --seed 1 --intensity 0.3
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ApnsManager, Message } from '../packages/apns-worker/dist/index.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1800' },
    rate: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    intensity: { type: 'string', default: '0.3' },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const TICK_MS = 50
const REPORT_SECONDS = 60
/** What is in the heap settles in the first minute: compiled code, caches, the pool. */
const WARM_UP_SECONDS = Math.min(REPORT_SECONDS, seconds / 4)
const DEAD_EVERY = 50
const DROP_EVERY = 7
const MEBIBYTE = 2 ** 20

const child = fork(fileURLToPath(new URL('soak-simulator.mjs', import.meta.url)), [
  JSON.stringify({ seed: values.seed, intensity: Number(values.intensity) }),
])
const [{ environment, credentials }] = await once(child, 'message')
child.channel?.unref()
child.unref()

const outcomes = { accepted: 0, refused: 0, expired: 0, unknown: 0, cancelled: 0 }
let sent = 0
const apns = new ApnsManager({
  ...credentials,
  environment,
  topic: 'com.example.app',
  maxConnections: 4,
  connectTimeout: 2,
  requestTimeout: 3,
  pingInterval: 5,
  pingTimeout: 2,
  retryDelay: 0.05,
  maxRetryDelay: 2,
  maxAttempts: 50,
  badTokenLimit: Number.POSITIVE_INFINITY,
  logger: { debug() {}, info() {}, warn() {}, error: (text) => console.error(text) },
})

// Feedback that nobody listens to is kept for the first who does.
apns.getFeedback(() => {})

/** @param {number} number */
function messageFor(number) {
  const isDead = number % DEAD_EVERY === 0
  const token = (isDead ? 'dead' : 'aaaa') + number.toString(16).padStart(60, '0')
  return new Message(
    [token],
    { aps: { alert: `message ${number}` } },
    number % DROP_EVERY === 0 ? { ambiguous: 'drop' } : {},
  )
}

/** @param {import('../packages/apns-worker/dist/index.js').Delivery} delivery */
async function follow(delivery) {
  for await (const { status } of delivery) outcomes[status]++
}

function look() {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  /** @type {Record<string, number>} */
  const handles = {}
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1
  return { rss: rss / MEBIBYTE, heap: heapUsed / MEBIBYTE, handles }
}

/** @param {string} when */
function report(when) {
  const { rss, heap, handles } = look()
  const { queued, inFlight, retried, connections, traffic } = apns.stats()
  console.log(
    `${when}: ${sent} sent, ${JSON.stringify(outcomes)}, ${queued} queued, ${inFlight} in flight, ${retried} retried, ` +
      `${connections} connections (${traffic.connectionsOpened} opened, ${traffic.connectionsFailed} failed), ` +
      `resident ${rss.toFixed(1)} MiB, heap ${heap.toFixed(1)} MiB, ${JSON.stringify(handles)}`,
  )
  return { rss, heap }
}

console.log(`seed ${values.seed}, intensity ${values.intensity}, ${rate} a second for ${seconds} s`)
const startedMs = performance.now()
let nextReportSeconds = WARM_UP_SECONDS
let start
for (;;) {
  const elapsedSeconds = (performance.now() - startedMs) / 1000
  if (elapsedSeconds >= seconds) break
  // All that is due by now, so that the rate is kept whatever the timers do.
  for (const due = elapsedSeconds * rate; sent < due; sent++) void follow(apns.sendMessage(messageFor(sent)))
  if (elapsedSeconds >= nextReportSeconds) {
    const now = report(`after ${Math.round(elapsedSeconds)} s`)
    start ??= now
    nextReportSeconds = Math.max(REPORT_SECONDS, nextReportSeconds + REPORT_SECONDS)
  }
  await sleep(TICK_MS)
}
await apns.flushMessages()
const end = report('all settled')
await apns.close()
const settled = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
console.log(`books: ${sent} sent, ${settled} settled, ${sent === settled ? 'balanced' : 'NOT BALANCED'}`)
if (start !== undefined) {
  console.log(
    `memory: resident ${start.rss.toFixed(1)} -> ${end.rss.toFixed(1)} MiB, heap ${start.heap.toFixed(1)} -> ${end.heap.toFixed(1)} MiB`,
  )
}
child.disconnect()
console.log(`after close: ${JSON.stringify(look().handles)}`)
process.exitCode = sent === settled ? 0 : 1
