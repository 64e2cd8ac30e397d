import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import {
  newApiKey,
  type RunningServer,
  runServer,
  type ServerConfig,
  startServer,
  startTelemetry,
} from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { ApiClient } from './api-client.js'
import { demoTokens } from './demo-tokens.js'
import { showMessage } from './message-progress.js'
import { formatCount } from './refusal-table.js'

const APP = 'demo'
const TOPIC = 'com.example.demo'
const TOKENS = 20_000
const MONTH_MS = 30 * 86_400_000
const PAYLOAD = { aps: { alert: { title: 'apns-worker', body: 'Hello from the demonstration' } } }

/**
 * The server's demonstration: the simulator as Apple, a store in a temporary folder, an API key, and a first message. Then it
 * runs until it is told to stop, and the folder is gone.
 *
 * @param options.once ends after the first message
 */
export async function serveDemo({ once }: { readonly once: boolean }): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'apns-worker-demo-'))
  try {
    await using apns = await startSimulator({
      record: false,
      rules: [
        { tokenPrefix: 'dead', unregistered: new Date(Date.now() - MONTH_MS) },
        { tokenPrefix: 'bad0', badDeviceToken: true },
        { tokenPrefix: 'e0d0', expiredToken: new Date(Date.now() - MONTH_MS) },
        // As Apple's are now and then.
        { share: 0.1, delay: { uniform: [0.02, 0.2] } },
      ],
    })
    const { key, hash } = newApiKey()
    const telemetry = await startTelemetry({
      log: { level: 'warn' },
      destination: process.stderr,
      environment: {},
    })
    return await runServer({
      logger: telemetry.log,
      start: () => startServer(demoConfig(folder, apns, hash), { telemetry, environment: {} }),
      whileRunning: async (server, told) => {
        introduce(server, apns, folder, key)
        await sendFirst(new ApiClient(server.address, key), told)
        sayNext(server, key, once)
        if (!once) await new Promise(() => {})
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function demoConfig(folder: string, apns: Simulator, hash: string): ServerConfig {
  const { credentials, environment } = apns
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    role: 'all',
    outbox: undefined,
    store: { path: join(folder, 'apns-worker.db'), durability: 'power-loss' },
    apps: [{ name: APP, options: { ...credentials, environment, topic: TOPIC } }],
    apiKeys: [{ name: 'demonstration', hash, scopes: ['admin'], apps: 'all' }],
    limits: {
      bodyBytes: 16 * 1024 * 1024,
      tokensPerRequest: 100_000,
      pendingTokens: 10_000_000,
      storeBytes: 1024 ** 3,
      connections: 100,
      requestTimeoutMs: 30_000,
    },
    worker: { owner: 'worker', leaseMs: 60_000, windowTokens: 20_000 },
    retention: { finishedMs: 86_400_000, idempotencyMs: 86_400_000 },
    webhook: undefined,
    drainTimeoutMs: 10_000,
    log: { level: 'warn' },
    readyFile: undefined,
  }
}

function introduce({ address }: RunningServer, apns: Simulator, folder: string, key: string): void {
  const { host, port } = apns.environment
  console.error(styleText('bold', `The server is at ${address}`))
  console.error(`  Apple    an APNs on this machine, ${host}:${port}`)
  console.error(`  store    ${folder}, removed at the end`)
  console.error(`  API key  ${key}`)
  console.error(`A first message, to ${formatCount(TOKENS)} devices: stored, then sent over TLS and HTTP/2 …`)
}

async function sendFirst(api: ApiClient, told: AbortSignal): Promise<void> {
  const tokens = [...demoTokens(TOKENS)]
  const { id } = await api.post('/v1/messages', { app: APP, tokens, payload: PAYLOAD })
  await showMessage(api, String(id), told)
}

function sayNext({ address }: RunningServer, key: string, once: boolean): void {
  const [token] = demoTokens(1)
  const body = JSON.stringify({ app: APP, tokens: [token], payload: PAYLOAD })
  const authorization = `-H 'authorization: Bearer ${key}'`
  const next = once ? 'With a terminal, `npm start` runs on, and takes more' : 'Send another'
  console.log(`
${styleText('bold', next)}:
  curl ${authorization} -H 'content-type: application/json' \\
    -d '${body}' ${address}/v1/messages
${styleText('bold', 'Dead tokens, as Apple told them')}:
  curl ${authorization} '${address}/v1/feedback'`)
  if (!once) console.error('\nCtrl-C stops the server.')
}
