import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startSimulator, writeCredentials } from '@apns-worker/simulator'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { within } from '../../../apns-worker/dist-test/support/within.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { ServerProcess } from './server-process.js'

failOnLeaks()

const APP = 'news'
const TOPIC = 'com.example.app'
const LIMIT = 3
/** More than are sent before the test is through. */
const TOKENS = 60_000
/** How a server ends that has given back what may have been sent. */
const IN_DOUBT = 3
/** So that the limit on connections, and not the processor, says how fast it goes. */
const STREAMS = 2
const LATENCY_S = 0.005
/** For a process to be dead to the others, and what it had to be shared out, on a machine that has much else to do. */
const PATIENCE_S = 60
const TIMEOUT_MS = 4 * PATIENCE_S * 1000

interface Worker {
  readonly name: string
  readonly leader: boolean
  readonly since: string
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
    let workers: readonly Worker[] = []
    const ask = async (): Promise<void> => {
      do {
        await new Promise((resolve) => setTimeout(resolve, 20))
        workers = (await two.api.get('/v1/workers')).body['items'] as readonly Worker[]
      } while (!isSo(workers))
    }
    await within(ask(), () => JSON.stringify(workers), PATIENCE_S)
  }
  let killed: string | undefined
  const isLed = (workers: readonly Worker[]): boolean => {
    const leader = workers.find((each) => each.leader)
    return leader !== undefined && leader.since !== killed
  }
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
    await workersWhen((workers) => isLed(workers) && bothSend(workers))
    const [leader] = (await two.api.get('/v1/workers')).body['items'] as readonly Worker[]
    assert.deepEqual([leader?.name, leader?.leader], ['one', true])
    killed = leader?.since
    // Its successor has its name at once, when it is known to be dead, and its leases with that.
    await one.killAndRestart()
    // Either of the two: whichever is heard first when it is dead.
    await workersWhen((workers) => isLed(workers) && bothSend(workers))
    assert.equal((await report())['state'], 'sending')
    assert.equal((await two.api.post(`/v1/messages/${String(sent.body['id'])}/cancel`)).status, 200)
    const counts = async (): Promise<Readonly<Record<string, number>>> =>
      (await report())['counts'] as Readonly<Record<string, number>>
    while ((await counts())['pending'] !== 0) await new Promise((resolve) => setTimeout(resolve, 20))
    // What the killed one had in flight, and nobody has sent again yet, is of unknown fate.
    const { accepted = 0, cancelled = 0, unknown = 0 } = await counts()
    assert.equal(accepted + cancelled + unknown, TOKENS, JSON.stringify(await report()))
    assert.equal(most, LIMIT)
    for (const each of [one, two]) {
      const code = await each.end('SIGTERM')
      // It may still have a batch in hand of what the killed one had in flight, and says so.
      assert.ok(code === 0 || code === IN_DOUBT, `${code}: ${await each.log()}`)
    }
  } finally {
    clearInterval(look)
  }
})
