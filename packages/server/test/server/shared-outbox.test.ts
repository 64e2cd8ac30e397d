import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { test } from 'node:test'
import { type News, OutboxError } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import type { ServerConfig } from '#src/config/server-config.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { until } from '../../../apns-worker/dist-test/support/within.js'
import { Receiver } from '../feedback/webhook/receiver.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { FarOutbox } from './far-outbox.js'
import { APP, appFor, configFor, outboxAt, TestServer } from './test-server.js'

failOnLeaks()

const MESSAGE = { app: APP, tokens: ['ab'], payload: { aps: { alert: 'hello' } } }

/** With a store that must not come to be. */
function configOf(folder: Folder, simulator: Simulator): ServerConfig {
  const config = configFor(folder, [appFor(simulator)])
  const store = { ...config.store, path: folder.file('no/such/folder/store.db') }
  return { ...config, store, outbox: outboxAt('postgres://nowhere/apns') }
}

/** The test's own time limit is the only one: each question is answered. */
async function untilReadyIs(running: TestServer, status: number): Promise<void> {
  while ((await running.get('/readyz')).status !== status)
    await new Promise((resolve) => setTimeout(resolve, 10))
}

test('it listens before the outbox is there, and says so; when it comes, all goes on', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  far.mode = 'away'
  await using running = await TestServer.start(configOf(folder, simulator), far.open)
  assert.equal((await running.get('/healthz')).status, 200)
  const waiting = await running.get('/readyz')
  assert.equal(waiting.status, 503)
  assert.deepEqual(waiting.body['store'], { state: 'failed', code: 'STORE_UNAVAILABLE' })
  assert.equal(waiting.body['worker'], 'stopped')
  await assert.rejects(access(folder.file('ready')))
  const refused = await running.post('/v1/messages', MESSAGE)
  assert.deepEqual([refused.status, refused.body['code']], [503, 'STORE_FAILED'])
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  const line = running.lines.find(({ msg }) => String(msg).includes('tried again'))
  assert.deepEqual([line?.['level'], typeof line?.['retrySeconds']], ['error', 'number'])

  far.mode = 'there'
  await untilReadyIs(running, 200)
  const { counts } = await running.done(await running.send(tokensOf(3)))
  assert.equal((counts as { accepted: number }).accepted, 3)
  assert.equal(await readFile(folder.file('ready'), 'utf8'), `${process.pid}\n`)
  const told = running.lines.filter(({ msg }) => String(msg).includes('tried again'))
  assert.equal(told.length, far.opens - 1)
})

test('what would fail the next time too is no reason to wait', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const config = configOf(folder, simulator)
  const tooNew = (): Promise<never> => Promise.reject(new OutboxError('STORE_TOO_NEW', 'of a newer version'))
  await assert.rejects(TestServer.start(config, tooNew), { code: 'STORE_TOO_NEW' })
  const broken = (): Promise<never> => Promise.reject(new TypeError('a mistake'))
  await assert.rejects(TestServer.start(config, broken), TypeError)
})

test('it can be stopped while it waits, and while an attempt hangs', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  far.mode = 'away'
  const first = await TestServer.start(configOf(folder, simulator), far.open)
  const report = await first.server.stop()
  assert.deepEqual([report.pendingTokens, report.failures], [undefined, []])

  const second = await TestServer.start(configOf(folder, simulator), far.open)
  const opens = far.opens
  far.mode = 'silent'
  await until(() => far.opens > opens)
  assert.deepEqual((await second.server.stop()).failures, [])
  far.cut()
  await assert.rejects(access(folder.file('ready')))
})

test('while it is lost nothing is accepted, every route says so, and it goes on without a restart', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  await using running = await TestServer.start(configOf(folder, simulator), far.open)
  const id = await running.send(tokensOf(5))
  await running.done(id)
  far.mode = 'away'
  const gets = [
    '/v1/messages',
    `/v1/messages/${id}`,
    `/v1/messages/${id}/outcomes`,
    '/v1/apps',
    `/v1/apps/${APP}/suppressions`,
    '/v1/feedback',
  ]
  for (const path of gets) {
    const { status, body, headers } = await running.get(path)
    assert.deepEqual([status, body['code'], headers.has('retry-after')], [503, 'STORE_FAILED', true], path)
  }
  const posts: [path: string, body: unknown][] = [
    ['/v1/messages', MESSAGE],
    ['/v1/messages', { app: APP, payload: MESSAGE.payload }],
    [`/v1/messages/${id}/cancel`, {}],
    [`/v1/apps/${APP}/pause`, {}],
    ['/v1/pause', {}],
  ]
  for (const [path, content] of posts) {
    const { status, body } = await running.post(path, content)
    assert.deepEqual([status, body['code']], [503, 'STORE_FAILED'], path)
  }
  await untilReadyIs(running, 503)
  const metrics = await (await fetch(`${running.server.address}/metrics`)).text()
  assert.match(metrics, /^apns_worker_store_up 0$/m)

  far.mode = 'there'
  await untilReadyIs(running, 200)
  const { body } = await running.get('/v1/messages')
  assert.deepEqual(
    (body['items'] as { id: string }[]).map((item) => item.id),
    [id],
  )
  await running.done(await running.send(tokensOf(1)))
})

test('a list that is cut off by the loss says how far it came, and goes on from there', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  await using running = await TestServer.start(configOf(folder, simulator), far.open)
  const opened = await running.post('/v1/messages', { app: APP, payload: MESSAGE.payload })
  const path = `/v1/messages/${String(opened.body['id'])}/tokens`
  const [first, second, third] = tokensOf(3)
  const upload = async (list: string, query = ''): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'text/plain' }
    const response = await fetch(running.server.address + path + query, {
      method: 'POST',
      headers,
      body: list,
    })
    // The API answers with objects.
    return (await response.json()) as Record<string, unknown>
  }
  assert.equal((await upload(`${first}\n`))['total'], 1)
  const uploading = request(running.server.address + path, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', expect: '100-continue' },
  })
  uploading.flushHeaders()
  await once(uploading, 'continue')
  far.mode = 'away'
  uploading.end(`${second}\n`)
  const [response] = await once(uploading, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  const lost = JSON.parse(text) as Record<string, unknown>
  assert.deepEqual([response.statusCode, lost['code'], lost['total']], [503, 'STORE_FAILED', 1])
  far.mode = 'there'
  assert.equal((await upload(`${second}\n${third}\n`, '?offset=1'))['total'], 3)
})

test('a database that is silent makes it not ready in bounded time, and is well again once it answers', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  const config = configOf(folder, simulator)
  const running = await TestServer.start({ ...config, role: 'api' }, far.open)
  try {
    far.mode = 'silent'
    await untilReadyIs(running, 503)
    const probes = far.unanswered
    const silent = await running.get('/readyz')
    assert.deepEqual([silent.status, silent.body['store']], [503, { state: 'failed', code: 'STORE_SILENT' }])
    assert.equal(far.unanswered, probes)
    const metrics = await (await fetch(`${running.server.address}/metrics`)).text()
    assert.match(metrics, /^apns_worker_store_up 0$/m)
    const waiting = running.get('/v1/messages')
    await until(() => far.unanswered > probes + 1)
    far.mode = 'there'
    far.cut()
    assert.equal((await waiting).status, 503)
    await untilReadyIs(running, 200)
    assert.equal((await running.get('/v1/messages')).status, 200)
  } finally {
    far.cut()
    await running.server.stop({ timeout: 0 })
  }
})

/** All of it is asked from time to time as well, but not in the very turn in which it is told, unless that was just under way. */
async function isAskedAtOnce(far: FarOutbox, news: News, call: string): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = far.calls.filter((name) => name === call).length
    far.tell(news)
    await new Promise((resolve) => setImmediate(resolve))
    if (far.calls.filter((name) => name === call).length > before) return true
    // What is under way is answered meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return false
}

test('what other processes have done is acted on as soon as it is told', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const far = new FarOutbox(folder.file('far.db'))
  {
    await using running = await TestServer.start(configOf(folder, simulator), far.open)
    await untilReadyIs(running, 200)
    simulator.reply({ silent: true })
    await running.send(tokensOf(5))
    await simulator.waitFor(1)
    // Somebody waits for dead tokens, and is told that there are none yet.
    const waiting = running.get('/v1/feedback?wait=50')
    // The first look is its own; the next one is for those that wait.
    await until(() => far.calls.filter((name) => name === 'feedback').length >= 2)
    for (const [news, call] of [
      ['work', 'claim'],
      ['control', 'renew'],
      ['dead tokens', 'feedback'],
    ] as const) {
      assert.ok(await isAskedAtOnce(far, news, call), news)
    }
    await running.server.stop({ timeout: 0 })
    assert.equal((await waiting).status, 200)
  }
  assert.equal(far.listeners, 0)
})

test('dead tokens are reported once the outbox is there, and by those that send', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using receiver = await Receiver.start('plain HTTP')
  simulator.reply({ unregistered: true })
  const far = new FarOutbox(folder.file('far.db'))
  far.mode = 'away'
  const webhook = {
    url: `http://127.0.0.1:${receiver.port}/`,
    secret: 'a-secret-that-nobody-knows',
    allowPrivateAddresses: true,
    batchSize: 10,
    timeoutMs: 5000,
  }
  const config = { ...configOf(folder, simulator), webhook }
  const [ofApi, ofWorker] = [folder.file('ready-api'), folder.file('ready-worker')]
  await using api = await TestServer.start({ ...config, role: 'api', readyFile: ofApi }, far.open)
  await using worker = await TestServer.start({ ...config, role: 'worker', readyFile: ofWorker }, far.open)
  far.mode = 'there'
  await untilReadyIs(api, 200)
  await untilReadyIs(worker, 200)
  await api.done(await api.send(tokensOf(1)))
  await until(() => receiver.deliveries.length > 0)
  const lag = /^apns_worker_webhook_lag_seconds /m
  const scrape = async ({ server }: TestServer): Promise<string> =>
    (await fetch(`${server.address}/metrics`)).text()
  assert.match(await scrape(worker), lag)
  assert.doesNotMatch(await scrape(api), lag)
  await worker.server.stop()
  assert.equal(receiver.deliveries.length, 1)
})
