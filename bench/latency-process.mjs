/**
 * The process that one probe runs in, for one round: sends at a steady rate, first to warm up and then measured, and
 * gives the latencies' percentiles.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { arrivals } from './arrivals.mjs'
import { percentile } from './statistics.mjs'
import { makePayload } from './workload.mjs'

/**
 * @typedef {object} Order
 * @property {string} probe its module is `probes/<probe>.mjs`
 * @property {Omit<import('./clients/catalogue.mjs').Task, 'payload'>} task
 * @property {number} payloadBytes
 * @property {number} requestBytes for a probe that has no protocol to tell
 * @property {number} answerBytes
 * @property {number} perSecond
 * @property {number} warmUpSeconds
 * @property {number} seconds
 *
 * @typedef {(order: Order & { task: import('./clients/catalogue.mjs').Task }) => Promise<{
 *   send(index: number, settled: () => void): void,
 *   close(): Promise<unknown>,
 * }>} OpenProbe
 *
 * @typedef {object} Latencies
 * @property {number} p50 in milliseconds, as all of them
 * @property {number} p95
 * @property {number} p99
 * @property {number} most
 * @property {number} lateP99 how late arrivals were: the timers' and the machine's doing
 * @property {number} cpuMicroseconds for each
 */

const [order] = /** @type {[Order]} */ (await once(process, 'message'))
const { open } = await import(`./probes/${order.probe}.mjs`)
const probe = await open({ ...order, task: { ...order.task, payload: makePayload(order.payloadBytes) } })
await measure(order.warmUpSeconds)
process.send?.({ warm: true })
await once(process, 'message')
process.send?.(await measure(order.seconds))
await probe.close()
process.disconnect()

/**
 * @param {number} seconds
 * @returns {Promise<Latencies>}
 */
async function measure(seconds) {
  const count = Math.ceil(order.perSecond * seconds)
  const latenciesMs = new Float64Array(count)
  const latenesses = new Float64Array(count)
  const cpuBefore = process.cpuUsage()
  await new Promise((resolve) => {
    let settled = 0
    void arrivals(order.perSecond, count, (index, lateMs) => {
      latenesses[index] = lateMs
      const sentAt = performance.now()
      probe.send(index, () => {
        latenciesMs[index] = performance.now() - sentAt
        settled += 1
        if (settled === count) resolve(undefined)
      })
    })
  })
  const cpu = process.cpuUsage(cpuBefore)
  latenciesMs.sort()
  return {
    p50: percentile(latenciesMs, 0.5),
    p95: percentile(latenciesMs, 0.95),
    p99: percentile(latenciesMs, 0.99),
    most: latenciesMs[count - 1],
    lateP99: percentile(latenesses.sort(), 0.99),
    cpuMicroseconds: (cpu.user + cpu.system) / count,
  }
}
