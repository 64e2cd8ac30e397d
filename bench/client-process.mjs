/**
 * The process that one client runs in, for one round: warms up, then measures itself while it sends. Talks with the
 * process that started it: gets the task, says when it is warm, waits for the word to go, and gives its figures.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { makePayload, makeTokens } from './workload.mjs'

const [order] = await once(process, 'message')
const { open } = await import(`./clients/${order.name}.mjs`)
const client = await open({ ...order.task, payload: makePayload(order.payloadBytes) })
const warmUpTokens = makeTokens(order.warmUpCount)
const tokens = makeTokens(order.count)

await client.send(warmUpTokens)
process.send?.({ warm: true })
await once(process, 'message')

const startedAt = performance.now()
const cpuAtStart = process.cpuUsage()
const tally = await client.send(tokens)
const cpu = process.cpuUsage(cpuAtStart)
const seconds = (performance.now() - startedAt) / 1000

process.send?.({
  ...tally,
  requests: tally.accepted + tally.refused,
  seconds,
  userSeconds: cpu.user / 1e6,
  systemSeconds: cpu.system / 1e6,
  peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
})
await client.close()
process.disconnect()
