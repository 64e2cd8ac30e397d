/**
 * The process whose memory is watched. Gets its order, does what it says, and gives what it saw. Started with
 * `--expose-gc`, for what is alive at a point; while it sends, the collector does as it likes.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { MESSAGE_OPTIONS, openManager } from './clients/apns-worker.mjs'
import { makePayload, makeTokens } from './workload.mjs'

const WARM_UP_COUNT = 10_000
/** Tokens are made in pieces: a caller's own list is not what is measured. */
const PIECE = 1000
const LIST_SAMPLE_MS = 20
const STREAM_SAMPLE_MS = 1000

/**
 * @typedef {object} Order
 * @property {'list' | 'stream'} scenario
 * @property {Omit<import('./clients/catalogue.mjs').Task, 'payload'>} task
 * @property {number} payloadBytes
 * @property {number} count
 * @property {number} messageTokens tokens of each message of a stream
 *
 * @typedef {object} Sample
 * @property {number} atSeconds
 * @property {number} residentBytes of the whole process
 * @property {number} heldBytes JavaScript's heap and its buffers
 */

const [order] = /** @type {[Order]} */ (await once(process, 'message'))
const payload = makePayload(order.payloadBytes)
const { manager, Message } = await openManager({ ...order.task, payload })
await manager.sendMessage(new Message(makeTokens(WARM_UP_COUNT), payload, MESSAGE_OPTIONS)).done()
collect()
const startedAt = performance.now()
const start = sample()
const seen = order.scenario === 'list' ? await sendList() : await sendStream()
process.send?.({ start, ...seen })
await manager.close({ timeout: 5 })
process.disconnect()

/** One message to all tokens: queued, and then sent. */
async function sendList() {
  const beganAt = performance.now()
  const message = new Message(tokens(order.count), payload, MESSAGE_OPTIONS)
  const madeAt = performance.now()
  const delivery = manager.sendMessage(message)
  const queuedAt = performance.now()
  const queued = sample()
  collect()
  const queuedAlive = sample()
  const { samples, stop } = watch(LIST_SAMPLE_MS)
  const { succeeded, failed } = await delivery.done()
  stop()
  return {
    makeMs: madeAt - beganAt,
    appendMs: queuedAt - madeAt,
    queued,
    queuedAlive,
    samples,
    accepted: succeeded,
    refused: failed,
  }
}

/** Messages of some tokens each, and each outcome read. */
async function sendStream() {
  const { samples, stop } = watch(STREAM_SAMPLE_MS)
  let accepted = 0
  let refused = 0
  for await (const { status } of manager.stream(messages())) {
    if (status === 'accepted') accepted += 1
    else refused += 1
  }
  stop()
  return { samples, accepted, refused }
}

function* messages() {
  for (let left = order.count; left > 0; left -= order.messageTokens) {
    yield new Message(makeTokens(Math.min(left, order.messageTokens)), payload, MESSAGE_OPTIONS)
  }
}

/** @param {number} count */
function* tokens(count) {
  for (let left = count; left > 0; left -= PIECE) yield* makeTokens(Math.min(left, PIECE))
}

/** @param {number} everyMs */
function watch(everyMs) {
  const samples = [sample()]
  const timer = setInterval(() => samples.push(sample()), everyMs)
  return {
    samples,
    stop() {
      clearInterval(timer)
      samples.push(sample())
    },
  }
}

/** Twice: what the first finds dead may hold on to buffers. */
function collect() {
  globalThis.gc?.()
  globalThis.gc?.()
}

/** @returns {Sample} */
function sample() {
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    atSeconds: (performance.now() - startedAt) / 1000,
    residentBytes: rss,
    heldBytes: heapUsed + external,
  }
}
