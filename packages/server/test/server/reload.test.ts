import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { startSimulator } from '@apns-worker/simulator'
import { LiveSettings } from '#src/operations/live-settings.js'
import { RunningServer, type ServerParts } from '#src/operations/running-server.js'
import { WebhookSlot } from '#src/operations/webhook-slot.js'
import { Folder } from '../operations/folder.js'
import { appFor, configFor, outboxAt, TestServer } from './test-server.js'

const KEYS = [{ name: 'ops', hash: '00'.repeat(32), scopes: ['read'], apps: 'all' }] as const

test('keys and limits of a new configuration hold from the next request on', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const config = configFor(folder, [appFor(simulator)])
  await using running = await TestServer.start(config)
  assert.equal((await running.get('/v1/apps')).status, 200)
  const report = await running.server.reload({ ...config, apiKeys: KEYS, log: { level: 'warn' } })
  assert.deepEqual(report, { apps: { added: [], removed: [], changed: [] }, needsRestart: [] })
  assert.equal((await running.get('/v1/apps')).status, 401)
  assert.equal((await running.get('/readyz')).status, 200)
  assert.equal(running.telemetry.log.level, 'warn')
  await running.server.reload(config)
  assert.equal((await running.get('/v1/apps')).status, 200)
})

test('what a reload cannot change is named, and stays', async () => {
  await using folder = await Folder.make()
  const config = configFor(folder, [])
  await using running = await TestServer.start(config)
  const next = {
    ...config,
    listen: { host: '127.0.0.1', port: 1 },
    role: 'api' as const,
    outbox: outboxAt('postgres://other/apns'),
    store: { ...config.store, path: folder.file('other.db') },
    worker: { ...config.worker, owner: 'other' },
  }
  const { needsRestart } = await running.server.reload(next)
  assert.deepEqual(needsRestart, ['listen', 'role', 'outbox', 'store', 'worker'])
  assert.equal((await running.get('/healthz')).status, 200)
  // It is the same difference the next time.
  assert.deepEqual((await running.server.reload(next)).needsRestart, needsRestart)
})

test('a server that others reach is not left without keys', async () => {
  await using folder = await Folder.make()
  const config = { ...configFor(folder, []), listen: { host: '0.0.0.0', port: 0 }, apiKeys: KEYS }
  const settings = new LiveSettings(config)
  const open = { ...config, listen: { host: '127.0.0.1', port: 0 }, apiKeys: [] }
  // Nothing else of the server is asked for that.
  const server = new RunningServer({ settings } as ServerParts)
  await assert.rejects(server.reload(open), { code: 'CANNOT_RELOAD' })
  assert.equal(settings.config, config)
  settings.check(config)
})

test('plain HTTP does not become TLS by a reload, nor the other way round', async () => {
  await using folder = await Folder.make()
  const config = configFor(folder, [])
  const settings = new LiveSettings(config)
  const tls = { cert: 'of today', key: 'secret' }
  assert.deepEqual(settings.replace({ ...config, tls }), ['tls'])
  assert.equal(settings.config.tls, undefined)
  const encrypted = new LiveSettings({ ...config, tls })
  assert.deepEqual(encrypted.replace(config), ['tls'])
  assert.equal(encrypted.config.tls, tls)
  const renewed = { ...tls, cert: 'of tomorrow' }
  assert.deepEqual(encrypted.replace({ ...config, tls: renewed }), [])
  assert.equal(encrypted.config.tls, renewed)
})

test('a server that stops reloads nothing', async () => {
  await using folder = await Folder.make()
  const config = configFor(folder, [])
  await using running = await TestServer.start(config)
  await running.server.stop()
  await assert.rejects(running.server.reload(config), { code: 'CANNOT_RELOAD' })
})

test('an app that cannot work leaves everything as it was', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const app = appFor(simulator)
  const config = configFor(folder, [app])
  await using running = await TestServer.start(config)
  const broken = { ...app, options: { ...app.options, key: 'no key' } }
  await assert.rejects(running.server.reload({ ...config, apps: [broken], apiKeys: KEYS }), /key/)
  assert.equal((await running.get('/v1/apps')).status, 200)
  await running.done(await running.send(['ab']))
})

test('an app that is added sends; one that is taken away is none any more', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const config = configFor(folder, [appFor(simulator)])
  await using running = await TestServer.start(config)
  const { apps } = await running.server.reload({ ...config, apps: [appFor(simulator, 'sport')] })
  assert.deepEqual(apps, { added: ['sport'], removed: ['news'], changed: [] })
  const message = { app: 'sport', tokens: ['ab'], payload: { aps: { alert: 'goal' } } }
  const { status, body } = await running.post('/v1/messages', message)
  assert.equal(status, 202)
  await running.done(String(body['id']))
  assert.equal((await running.post('/v1/messages', { ...message, app: 'news' })).body['code'], 'UNKNOWN_APP')
})

test('a line that a configuration error has stopped goes on with a reload, once that is mended', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const config = configFor(folder, [appFor(simulator)])
  const mend = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
  await using running = await TestServer.start(config)
  const id = await running.send(['ab'])
  const state = async (): Promise<unknown> => {
    const { status, body } = await running.get('/readyz')
    const { news } = body['apps'] as { news: { state: string; reason?: string } }
    return [status, body['status'], news.state, news.reason]
  }
  while (!isDeepStrictEqual(await state(), [200, 'degraded', 'paused', 'InvalidProviderToken'])) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  mend()
  await running.server.reload(config)
  const { counts } = await running.done(id)
  assert.equal((counts as { accepted: number }).accepted, 1)
})

test('a webhook comes, is replaced and goes, one at a time', async () => {
  const log: string[] = []
  const check = ({ url }: { url: string }) => {
    if (url === 'wrong') throw new TypeError('no URL')
  }
  const make = ({ url }: { url: string }) => {
    log.push(`start ${url}`)
    return {
      stop: () => {
        log.push(`stop ${url}`)
        return Promise.resolve()
      },
    }
  }
  const at = (url: string) => ({
    url,
    secret: 'secret',
    allowPrivateAddresses: false,
    batchSize: 1,
    timeoutMs: 1,
  })
  const slot = new WebhookSlot({ make, check }, undefined)
  slot.start()
  await slot.replace(at('a'))
  await slot.replace(at('a'))
  await slot.replace(at('b'))
  await assert.rejects(slot.replace(at('wrong')), /no URL/)
  await slot.replace(at('b'))
  await slot.replace(undefined)
  await slot.stop()
  // Another process reports now: what is configured is for when this one does again.
  await slot.replace(at('c'))
  await slot.replace(at('d'))
  assert.equal(slot.webhook, undefined)
  slot.start()
  slot.start()
  await slot.stop()
  assert.deepEqual(log, ['start a', 'stop a', 'start b', 'stop b', 'start d', 'stop d'])
})

test('whoever resumes an app by the API resumes its line to Apple too', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const mend = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
  await using running = await TestServer.start(configFor(folder, [appFor(simulator)]))
  const id = await running.send(['ab'])
  while ((await running.get('/readyz')).body['status'] !== 'degraded') {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  mend()
  const { address } = running.server
  assert.equal((await fetch(`${address}/v1/apps/news/resume`, { method: 'POST' })).status, 204)
  await running.done(id)
})
