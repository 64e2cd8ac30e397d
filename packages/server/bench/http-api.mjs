// What a durable request costs: `node packages/server/bench/http-api.mjs [--seconds 5] [--connections 64] [--durability crash]
// [--keys]`, after `npm run build`. POSTs of one token each, a request at a time on each connection, from a process of its own; the
// store is on the disk of the temporary folder (TMPDIR), and what was accepted is compared with it at the end.
import { fork } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ApnsManager } from 'apns-worker'
import pino from 'pino'
import { createApi, newApiKey, openEmbeddedOutbox } from '../dist/index.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    durability: { type: 'string', default: 'power-loss' },
    keys: { type: 'boolean', default: false },
  },
})
const MICROSECONDS = 1_000_000
const folder = mkdtempSync(join(tmpdir(), 'apns-worker-api-bench-'))
const outbox = await openEmbeddedOutbox({ path: join(folder, 'outbox.db'), durability: values.durability })
const manager = makeManager()
const { key, hash } = newApiKey()
const app = createApi({
  outbox,
  apps: registry(),
  apiKeys: values.keys ? [{ name: 'bench', hash, scopes: ['send'], apps: 'all' }] : [],
  limits: {
    bodyBytes: 1_000_000,
    tokensPerRequest: 1000,
    pendingTokens: 1e9,
    storeBytes: 1e12,
    connections: 1000,
    requestTimeoutMs: 10_000,
  },
  logger: pino({ level: 'warn' }),
  wake() {},
})
try {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address()
  await run(port, 1)
  const before = (await outbox.stats()).pending
  const cpuBefore = process.cpuUsage()
  const { count, seconds, latencies, clientCpu } = await run(port, Number(values.seconds))
  const { user, system } = process.cpuUsage(cpuBefore)
  const stored = (await outbox.stats()).pending - before
  if (stored !== count) throw new Error(`${count} were accepted, and ${stored} are stored`)
  const [p50, p99, worst] = latencies.map((latency) => `${latency.toFixed(1)} ms`)
  console.log(
    `Node ${process.version}, ${values.durability}, ${values.connections} connections${values.keys ? ', API keys' : ''}`,
  )
  console.log(`${Math.round(count / seconds)} requests a second; p50 ${p50}, p99 ${p99}, worst ${worst}`)
  const cpu = (user + system) / count
  console.log(
    `CPU a request: server ${cpu.toFixed(0)} µs (of ${((user + system) / MICROSECONDS / seconds).toFixed(2)} cores), client ${clientCpu.toFixed(0)} µs`,
  )
} finally {
  await app.close()
  await manager.close({ timeout: 0 })
  await outbox.close()
  rmSync(folder, { recursive: true })
}

function makeManager() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return new ApnsManager({ key: pem, keyId: 'ABCDE12345', teamId: 'FGHIJ67890', topic: 'com.example.app' })
}

function registry() {
  const info = { name: 'news', topic: 'com.example.app', environment: 'sandbox', credentials: 'token' }
  return {
    apps: new Map([['news', info]]),
    managers: new Map([['news', manager]]),
    laneOf: (name) => name,
    lanesOf: (name) => [name],
  }
}

/** In a process of its own. */
async function run(port, seconds) {
  const client = fork(new URL('http-api-client.mjs', import.meta.url))
  client.send({ port, seconds, connections: Number(values.connections), key: values.keys ? key : undefined })
  const [result] = await new Promise((resolve, reject) => {
    client.once('message', (message) => resolve([message]))
    client.once('exit', (code) => reject(new Error(`the client ended with ${code}`)))
  })
  return result
}
