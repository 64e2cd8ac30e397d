/**
 * The process of a client that sends without end, and measures a stretch of it once its connections are all there. Talks
 * with the process that started it: gets the task, says when it is steady, waits for the word to go, gives its figures.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { MESSAGE_OPTIONS, openManager } from './clients/apns-worker.mjs'
import { makePayload, makeTokens, makeTokensWithDead } from './workload.mjs'

/** Lists that are sent one behind the other in each lane, so that the queue never runs dry. */
const LIST_LENGTH = 200_000
const LANES = 2
const LOOK_AGAIN_MS = 20
/** The pool has stopped growing when it did not grow for this long, and for so many round trips. */
const QUIET_MS = 1000
const QUIET_ROUND_TRIPS = 10

/**
 * @typedef {object} Order
 * @property {Omit<import('./clients/catalogue.mjs').Task, 'payload'>} task
 * @property {number} payloadBytes
 * @property {number} roundTripMs
 * @property {number} seconds to measure
 * @property {import('./workload.mjs').DeadTokens} [dead]
 *
 * @typedef {object} Stretch
 * @property {number} seconds
 * @property {number} accepted
 * @property {number} refused
 * @property {number} connections
 * @property {number} grownAfterSeconds from the first message to the last new connection
 * @property {number} cpuSeconds
 */

const [order] = /** @type {[Order]} */ (await once(process, 'message'))
const payload = makePayload(order.payloadBytes)
const { manager, Message } = await openManager({ ...order.task, payload })
const { dead } = order
for (let lane = 0; lane < LANES; lane += 1) void sendForEver()
const grownAfterSeconds = await untilGrown()
process.send?.({ steady: true })
await once(process, 'message')
process.send?.({ ...(await measure()), grownAfterSeconds })
await once(process, 'message')
process.exit()

async function sendForEver() {
  const next = dead === undefined ? theSame() : newOnes(dead)
  for (;;) await manager.sendMessage(next()).done()
}

function theSame() {
  const message = makeMessage(makeTokens(LIST_LENGTH))
  return () => message
}

/**
 * Each list is a new one, so that nobody can know its dead tokens from before; that costs some CPU time.
 *
 * @param {import('./workload.mjs').DeadTokens} deadTokens
 */
function newOnes(deadTokens) {
  return () => makeMessage(makeTokensWithDead(LIST_LENGTH, deadTokens))
}

/** @param {string[]} tokens */
function makeMessage(tokens) {
  return new Message(tokens, payload, MESSAGE_OPTIONS)
}

async function untilGrown() {
  const startedAt = performance.now()
  const quietMs = Math.max(QUIET_MS, QUIET_ROUND_TRIPS * order.roundTripMs)
  let connections = 0
  let grownAt = startedAt
  while (performance.now() - grownAt < quietMs) {
    await setTimeout(LOOK_AGAIN_MS)
    if (manager.paused !== undefined) throw manager.paused
    if (manager.stats().connections === connections) continue
    connections = manager.stats().connections
    grownAt = performance.now()
  }
  return (grownAt - startedAt) / 1000
}

/** @returns {Promise<Omit<Stretch, 'grownAfterSeconds'>>} */
async function measure() {
  const startedAt = performance.now()
  const before = manager.stats()
  const cpuBefore = process.cpuUsage()
  await setTimeout(order.seconds * 1000)
  const cpu = process.cpuUsage(cpuBefore)
  const after = manager.stats()
  return {
    seconds: (performance.now() - startedAt) / 1000,
    accepted: after.accepted - before.accepted,
    refused: after.refused - before.refused,
    connections: after.connections,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  }
}
