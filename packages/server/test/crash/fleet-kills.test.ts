import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startSimulator, writeCredentials } from '@apns-worker/simulator'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { ServerProcess } from './server-process.js'

failOnLeaks()

const APP = 'news'
const TOPIC = 'com.example.app'
const LIMIT = 3
const TOKENS = 12_000
/** So that the limit on connections, and not the processor, says how fast it goes. */
const STREAMS = 2
const LATENCY_S = 0.005
/** For a process to be dead to the others, and what it had to be shared out, on a machine that has much else to do. */
const TIMEOUT_MS = 120_000

interface Worker {
  readonly name: string
  readonly leader: boolean
  readonly lanes: readonly { readonly connections: number }[]
}

test('a leader that is killed is followed by another, and its connections are others’: never more than allowed', {
  skip: POSTGRES_MISSING,
  timeout: TIMEOUT_MS,
}, async () => {
  await using folder = await Folder.make()
  await using postgres = await PostgresServer.start()
  await using simulator = await startSimulator({ streamLimit: STREAMS, latency: LATENCY_S, record: false })
  const { caPath, keyPath, keyId, teamId } = await writeCredentials(simulator, folder.file('credentials'), [
    TOPIC,
  ])
  const { host, port } = simulator
  const url = postgres.url(await postgres.createDatabase())
  const processOf = async (owner: string): Promise<ServerProcess> => {
    const [configPath, socketPath] = [folder.file(`${owner}.yaml`), folder.file(`${owner}.sock`)]
    const environment = { host, port, caPath }
    // JSON is YAML. A lease that outlives the test: who waits for one to be over hangs.
    const config = {
      listen: `unix:${socketPath}`,
      outbox: { url },
      apps: [{ name: APP, topic: TOPIC, environment, keyPath, keyId, teamId, fleetConnections: LIMIT }],
      worker: { owner, lease: 3600, windowTokens: 500 },
      limits: { tokensPerRequest: TOKENS },
    }
    await writeFile(configPath, JSON.stringify(config))
    return new ServerProcess(configPath, socketPath, folder.file(`${owner}.log`))
  }
  let most = 0
  const look = setInterval(() => {
    most = Math.max(most, simulator.counts().openConnections)
  }, 1)
  await using one = await processOf('one')
  await using two = await processOf('two')
  const workersWhen = async (isSo: (workers: readonly Worker[]) => boolean): Promise<void> => {
    for (;;) {
      const workers = (await two.api.get('/v1/workers')).body['items'] as readonly Worker[]
      if (isSo(workers)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const leads = (owner: string) => (workers: readonly Worker[]) =>
    workers.some(({ name, leader }) => leader && name === owner)
  const bothSend = (workers: readonly Worker[]): boolean =>
    workers.length === 2 && workers.every(({ lanes }) => (lanes[0]?.connections ?? 0) > 0)
  try {
    await one.start()
    await two.start()
    const payload = { aps: { alert: 'hello' } }
    const sent = await two.api.post('/v1/messages', { app: APP, tokens: tokensOf(TOKENS), payload })
    assert.equal(sent.status, 202, JSON.stringify(sent.body))
    const report = async (): Promise<Readonly<Record<string, unknown>>> =>
      (await two.api.get(`/v1/messages/${String(sent.body['id'])}`)).body
    await workersWhen(leads('one'))
    await workersWhen(bothSend)
    // Its successor has its name at once, when it is known to be dead, and its leases with that.
    await one.killAndRestart()
    await workersWhen(leads('two'))
    assert.equal((await report())['state'], 'sending', 'it was through before its worker was killed')
    await workersWhen(bothSend)
    while ((await report())['state'] !== 'done') await new Promise((resolve) => setTimeout(resolve, 20))
    assert.deepEqual((await report())['reasons'], {})
    assert.equal(most, LIMIT)
    for (const each of [one, two]) assert.equal(await each.end('SIGTERM'), 0, await each.log())
  } finally {
    clearInterval(look)
  }
})
