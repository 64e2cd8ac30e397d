import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { h2loadVersion, measureH2load } from './h2load.mjs'
import { CLIENT_CORE, NodeProcess } from './processes.mjs'
import { assertHonest } from './sink-process.mjs'
import { makePayload } from './workload.mjs'

const CLIENT_PROCESS = fileURLToPath(new URL('client-process.mjs', import.meta.url))
/** A round that takes longer than this hangs. */
const ROUND_LIMIT_MS = 120_000
/** Each JavaScript client warms up with this share of the measured count: enough for the compiler to settle. */
const WARM_UP_SHARE = 0.25

/**
 * One round's figures, each for one notification.
 *
 * @typedef {object} Figures
 * @property {number} cpuMicroseconds the client process's user and system time
 * @property {number} userMicroseconds
 * @property {number} systemMicroseconds
 * @property {number} perSecond
 * @property {number} accepted
 * @property {number} refused
 * @property {number} connections that the client opened
 * @property {number} requestBytes what the sink received for each request, framing and headers included
 * @property {number} sinkShare how busy the sink's core was, 0 to 1
 * @property {number} [peakMemoryBytes]
 */

/**
 * What to run.
 *
 * @typedef {object} Round
 * @property {import('./clients/catalogue.mjs').ClientEntry} client
 * @property {NodeProcess} sink
 * @property {Omit<import('./clients/catalogue.mjs').Task, 'payload'>} task
 * @property {number} count
 * @property {number} payloadBytes
 * @property {string[]} nodeOptions for the client's process
 */

/**
 * Why a client cannot be measured here, if so.
 *
 * @param {string} name
 * @param {string} library file URL
 * @returns {string | undefined}
 */
export function whyNot(name, library) {
  if (name === 'h2load' && h2loadVersion() === undefined) return 'not installed (Debian: nghttp2-client)'
  if (name.startsWith('apns-worker') && !existsSync(new URL(library)))
    return `not built (npm run build): ${library}`
  return undefined
}

/**
 * Runs one client for one round in a process of its own.
 *
 * @param {Round} round
 * @returns {Promise<Figures>}
 */
export async function measureRound(round) {
  const { result, seen, connections } =
    round.client.name === 'h2load' ? await roundOfH2load(round) : await roundOfNodeClient(round)
  assertHonest(seen)
  if (seen.requests !== result.requests) {
    throw new Error(
      `${round.client.name} counted ${result.requests} outcomes, the sink ${seen.requests} requests`,
    )
  }
  const count = result.accepted + result.refused
  const perSecond = count / result.seconds
  return {
    cpuMicroseconds: ((result.userSeconds + result.systemSeconds) / count) * 1e6,
    userMicroseconds: (result.userSeconds / count) * 1e6,
    systemMicroseconds: (result.systemSeconds / count) * 1e6,
    perSecond,
    accepted: result.accepted,
    refused: result.refused,
    connections,
    requestBytes: seen.bytesReceived / seen.requests,
    sinkShare: (seen.cpuSeconds / seen.requests) * perSecond,
    peakMemoryBytes: result.peakMemoryBytes,
  }
}

/** @param {Round} round */
async function roundOfH2load({ sink, task, count, payloadBytes }) {
  await sink.ask({})
  const result = measureH2load({ ...task, payload: makePayload(payloadBytes) }, count)
  return { result, seen: await sink.ask({}), connections: 1 }
}

/** @param {Round} round */
async function roundOfNodeClient(round) {
  const process = new NodeProcess(CLIENT_CORE, [...round.nodeOptions, CLIENT_PROCESS])
  const limit = new AbortController()
  try {
    return await Promise.race([converse(process, round), hanging(round.sink, limit.signal)])
  } finally {
    limit.abort()
    await process.kill()
  }
}

/**
 * @param {NodeProcess} process the client's
 * @param {Round} round
 */
async function converse(process, { client, sink, task, count, payloadBytes }) {
  await sink.ask({})
  const warmUpCount = Math.ceil(count * WARM_UP_SHARE)
  await process.ask({ name: client.name, task, payloadBytes, warmUpCount, count })
  const warmUp = await sink.ask({})
  const result = await process.ask({})
  const seen = await sink.ask({})
  await process.end()
  return { result, seen, connections: warmUp.connections + seen.connections }
}

/**
 * Rejects when a round takes too long, with what the sink saw meanwhile.
 *
 * @param {NodeProcess} sink
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
async function hanging(sink, signal) {
  await setTimeout(ROUND_LIMIT_MS, undefined, { signal })
  const { requests } = await sink.ask({})
  throw new Error(
    `not done after ${ROUND_LIMIT_MS / 1000} s; of this stage the sink saw ${requests} requests`,
  )
}
