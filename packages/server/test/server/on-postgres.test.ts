import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { isClean } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import type { ServerConfig, ServerRole } from '#src/config/server-config.js'
import { freePort } from '../../../apns-worker/dist-test/support/free-port.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { DatabaseProxy } from '../postgres/database-proxy.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { APP, appFor, configFor, outboxAt, TestServer } from './test-server.js'

const skip = POSTGRES_MISSING
let postgres: PostgresServer
before(async () => {
  if (skip === false) postgres = await PostgresServer.start()
})
after(() => postgres?.[Symbol.asyncDispose]())

const MESSAGE = { app: APP, tokens: tokensOf(1), payload: { aps: { alert: 'hello' } } }

interface Place {
  readonly folder: Folder
  readonly simulator: Simulator
  readonly url: string
}

function configOf({ folder, simulator, url }: Place, role: ServerRole = 'all', owner = role): ServerConfig {
  const config = configFor(folder, [appFor(simulator)])
  return {
    ...config,
    role,
    outbox: { ...outboxAt(url), connectTimeoutMs: 1000 },
    readyFile: folder.file(`ready-${owner}`),
    worker: { ...config.worker, owner, leaseMs: 10_000 },
  }
}

/** The test's own time limit is the only one: each question is answered. */
async function untilReadyIs(running: TestServer, status: number): Promise<void> {
  while ((await running.get('/readyz')).status !== status)
    await new Promise((resolve) => setTimeout(resolve, 10))
}

async function untilNotAccepted(running: TestServer): Promise<Record<string, unknown>> {
  for (;;) {
    const { status, body } = await running.post('/v1/messages', MESSAGE)
    if (status !== 202) return { status, ...body }
  }
}

test('messages that one takes, another sends; what is said of them is the same everywhere', {
  skip,
}, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const place = { folder, simulator, url: postgres.url(await postgres.createDatabase()) }
  await using api = await TestServer.start(configOf(place, 'api'))
  await untilReadyIs(api, 200)
  const id = await api.send(tokensOf(50))
  await using worker = await TestServer.start(configOf(place, 'worker'))
  await using all = await TestServer.start(configOf(place, 'all'))
  const { counts } = await api.done(id)
  assert.equal((counts as { accepted: number }).accepted, 50)
  await untilReadyIs(all, 200)
  assert.deepEqual((await all.get(`/v1/messages/${id}`)).body, (await api.get(`/v1/messages/${id}`)).body)
  // Told by the database, not looked for: the next look is a second away, at the latest.
  const next = await api.send(tokensOf(1))
  await all.done(next)
  const reports = [await worker.server.stop(), await all.server.stop(), await api.server.stop()]
  assert.ok(reports.every(isClean), JSON.stringify(reports))
  assert.equal(simulator.received.length, 51)
})

test('it is ready when its database is, and goes on when that comes back', {
  skip,
  timeout: 120_000,
}, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using own = await PostgresServer.start()
  const url = own.url(await own.createDatabase())
  await own.stop()
  const place = { folder, simulator, url }
  await using running = await TestServer.start(configOf(place))
  assert.deepEqual((await running.get('/readyz')).body['store'], {
    state: 'failed',
    code: 'STORE_UNAVAILABLE',
  })
  assert.equal((await untilNotAccepted(running))['code'], 'STORE_FAILED')
  await assert.rejects(access(folder.file('ready-all')))
  await own.startAgain()
  await untilReadyIs(running, 200)
  await access(folder.file('ready-all'))
  await running.done(await running.send(tokensOf(10)))

  await own.stop('immediate')
  const refused = await untilNotAccepted(running)
  assert.equal(refused['status'], 503)
  await untilReadyIs(running, 503)
  await own.startAgain()
  await untilReadyIs(running, 200)
  await running.done(await running.send(tokensOf(10)))
})

test('a network that swallows everything makes it not ready, and nobody waits for ever', {
  skip,
  timeout: 120_000,
}, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using proxy = await DatabaseProxy.start(postgres.port)
  const url = proxy.through(postgres.url(await postgres.createDatabase()))
  await using running = await TestServer.start(configOf({ folder, simulator, url }))
  await untilReadyIs(running, 200)
  proxy.set('silent')
  proxy.cut()
  await untilReadyIs(running, 503)
  const refused = await untilNotAccepted(running)
  assert.equal(refused['status'], 503)
  for (const path of ['/v1/workers', '/v1/apps']) assert.equal((await running.get(path)).status, 503, path)
  proxy.set('pass')
  proxy.cut()
  await untilReadyIs(running, 200)
  await running.done(await running.send(tokensOf(10)))
})

test('the next address is tried where the first is not to be had', { skip }, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const url = postgres.url(await postgres.createDatabase())
  const config = configOf({ folder, simulator, url: `postgres://127.0.0.1:${await freePort()}/none` })
  const outbox = { ...outboxAt(config.outbox?.url ?? ''), failoverUrls: [url] }
  await using running = await TestServer.start({ ...config, outbox })
  await untilReadyIs(running, 200)
  await running.done(await running.send(tokensOf(10)))
})

test('what a configuration error has stopped in one process is told by those that only take messages, and resumed by them', {
  skip,
  timeout: 60_000,
}, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const mend = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
  const place = { folder, simulator, url: postgres.url(await postgres.createDatabase()) }
  await using api = await TestServer.start(configOf(place, 'api'))
  await using worker = await TestServer.start(configOf(place, 'worker'))
  await untilReadyIs(api, 200)
  await untilReadyIs(worker, 200)
  const id = await api.send(tokensOf(3))
  const pauseOf = async (): Promise<{ by: string } | undefined> => {
    const { body } = await api.get('/v1/apps')
    const [app] = body['items'] as { paused?: { by: string } }[]
    return app?.paused
  }
  let paused = await pauseOf()
  while (paused === undefined) paused = await pauseOf()
  assert.equal(paused.by, 'configuration')
  assert.equal((await worker.get('/readyz')).body['status'], 'degraded')
  mend()
  assert.equal((await fetch(`${api.server.address}/v1/apps/${APP}/resume`, { method: 'POST' })).status, 204)
  const { counts } = await api.done(id)
  assert.equal((counts as { accepted: number }).accepted, 3)
  while ((await pauseOf()) !== undefined);
})
