import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { isClean } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import type { ServerConfig, ServerRole } from '#src/config/server-config.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, appFor, configFor, TestServer } from './test-server.js'

failOnLeaks()

/** A process of its own, as far as can be told: its own owner and ready file, on the one data file. */
function configOf(
  folder: Folder,
  simulator: Simulator,
  role: ServerRole,
  owner: string = role,
): ServerConfig {
  const config = configFor(folder, [appFor(simulator)])
  return {
    ...config,
    role,
    readyFile: folder.file(`ready-${owner}`),
    worker: { ...config.worker, owner },
  }
}

test('one takes messages and has no line to Apple, another sends them and takes none', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  // Where the API has Apple, so that whoever connects is seen.
  let connections = 0
  const apple = createServer((socket) => {
    connections++
    socket.destroy()
  })
  apple.listen(0, '127.0.0.1')
  await once(apple, 'listening')
  const { port } = apple.address() as AddressInfo
  const app = appFor(simulator)
  const environment = { ...simulator.environment, port }
  const elsewhere = [{ ...app, options: { ...app.options, environment } }]
  await using api = await TestServer.start({ ...configOf(folder, simulator, 'api'), apps: elsewhere })
  const id = await api.send(tokensOf(20))
  const { status, body } = await api.get('/readyz')
  assert.equal(status, 200)
  assert.deepEqual(body, {
    status: 'ready',
    role: 'api',
    store: { state: 'writable' },
    worker: 'none',
    apps: {},
  })
  assert.equal((await api.get(`/v1/messages/${id}`)).body['state'], 'queued')

  await using worker = await TestServer.start(configOf(folder, simulator, 'worker'))
  const { counts } = await api.done(id)
  assert.equal((counts as { accepted: number }).accepted, 20)
  assert.equal(connections, 0)
  apple.close()
  const ready = await worker.get('/readyz')
  assert.deepEqual(
    [ready.status, ready.body['role'], ready.body['worker'], Object.keys(ready.body['apps'] as object)],
    [200, 'worker', 'running', [APP]],
  )
  assert.equal((await worker.get('/healthz')).status, 200)
  assert.equal(await readFile(folder.file('ready-worker'), 'utf8'), `${process.pid}\n`)
  for (const path of ['/v1/messages', `/v1/messages/${id}`, '/v1/apps', '/v1/feedback', '/v1/openapi.json']) {
    const answer = await worker.get(path)
    assert.deepEqual([answer.status, answer.body['code']], [404, 'NOT_FOUND'], path)
  }
  const refused = await worker.post('/v1/messages', { app: APP, tokens: ['ab'], payload: {} })
  assert.equal(refused.status, 404)

  const [ofWorker, ofApi] = [await worker.server.stop(), await api.server.stop()]
  assert.ok(isClean(ofWorker) && isClean(ofApi), JSON.stringify([ofWorker, ofApi]))
  for (const owner of ['api', 'worker']) await assert.rejects(access(folder.file(`ready-${owner}`)))
})

test('the name of a worker is held by those that send alone', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using _worker = await TestServer.start(configOf(folder, simulator, 'worker', 'one'))
  await using _api = await TestServer.start(configOf(folder, simulator, 'api', 'one'))
  await assert.rejects(TestServer.start(configOf(folder, simulator, 'all', 'one')), {
    code: 'ALREADY_RUNNING',
  })
})

test('each tells what it does, and only those that send have metrics of sending', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using api = await TestServer.start(configOf(folder, simulator, 'api'))
  await using worker = await TestServer.start(configOf(folder, simulator, 'worker'))
  await api.done(await api.send(tokensOf(3)))
  const scrape = async ({ server }: TestServer): Promise<string> =>
    (await fetch(`${server.address}/metrics`)).text()
  const [ofApi, ofWorker] = [await scrape(api), await scrape(worker)]
  assert.match(ofApi, /^apns_worker_info\{role="api",worker=""\} 1$/m)
  assert.match(ofWorker, /^apns_worker_info\{role="worker",worker="worker"\} 1$/m)
  for (const text of [ofApi, ofWorker]) {
    assert.match(text, /^apns_worker_store_up 1$/m)
    assert.match(text, /^apns_worker_queue_tokens\{[^}]*\} 0$/m)
    assert.match(text, /^process_cpu_seconds_total /m)
  }
  assert.match(ofWorker, /^apns_worker_notifications_total\{[^}]*status="accepted"\} 3$/m)
  assert.match(ofWorker, /^apns_worker_connections\{/m)
  assert.doesNotMatch(ofApi, /^apns_worker_(notifications|connections|paused|claimed|store_errors)/m)
})

test('a worker serves what another process was the first to accept', { timeout: 30_000 }, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const apps = [appFor(simulator)]
  await using api = await TestServer.start({ ...configOf(folder, simulator, 'api'), apps })
  await using _worker = await TestServer.start({ ...configOf(folder, simulator, 'worker'), apps })
  const { id, storagePolicy } = simulator.addChannel({ bundleId: 'com.example.app', storagePolicy: 'latest' })
  const payload = { aps: { event: 'update', timestamp: 1_800_000_000, 'content-state': { score: 1 } } }
  const sent = await api.post('/v1/broadcasts', { app: APP, channel: { id, storagePolicy }, payload })
  assert.equal(sent.status, 202, JSON.stringify(sent.body))
  const { counts } = await api.done(String(sent.body['id']))
  assert.equal((counts as { accepted: number }).accepted, 1)
})
