import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { isClean } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, appFor, configFor, TestServer } from './test-server.js'

test('it takes a message, sends it, and says so; and stops with nothing left', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using running = await TestServer.start(configFor(folder, [appFor(simulator)]))
  const { server } = running
  assert.deepEqual((await running.get('/healthz')).body, { status: 'ok' })
  const id = await running.send(tokensOf(100))
  const { counts } = await running.done(id)
  assert.equal((counts as { accepted: number }).accepted, 100)
  const { status, body } = await running.get('/readyz')
  assert.equal(status, 200)
  assert.deepEqual(
    [body['status'], body['store'], body['worker'], Object.keys(body['apps'] as object)],
    ['ready', { state: 'writable' }, 'running', [APP]],
  )
  assert.equal(await readFile(folder.file('ready'), 'utf8'), `${process.pid}\n`)

  const report = await server.stop()
  assert.ok(isClean(report), JSON.stringify(report))
  assert.equal(report.pendingTokens, 0)
  assert.equal(await server.stop(), report)
  await assert.rejects(access(folder.file('ready')))
  await assert.rejects(fetch(server.address))
})

test('two servers with one owner on a store: the second does not start, and says why', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const config = configFor(folder, [appFor(simulator)])
  await using first = await TestServer.start(config)
  await assert.rejects(TestServer.start(config), { code: 'ALREADY_RUNNING' })
  assert.equal((await first.get('/readyz')).status, 200)
  await using other = await TestServer.start({ ...config, worker: { ...config.worker, owner: 'other' } })
  assert.equal((await other.get('/readyz')).status, 200)
})

test('a start that fails at its last step leaves nothing behind', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const config = configFor(folder, [appFor(simulator)])
  // Left by a former self that was killed.
  await writeFile(folder.file('ready'), '1')
  await assert.rejects(TestServer.start({ ...config, listen: { host: '127.0.0.1', port } }), {
    code: 'CANNOT_LISTEN',
  })
  taken.close()
  await assert.rejects(access(folder.file('ready')))
  // The lock, the store and the owner are free again.
  await using running = await TestServer.start(config)
  assert.equal((await running.get('/readyz')).status, 200)
})

test('a store that is none is told, and its lock is free again', async () => {
  await using folder = await Folder.make()
  const config = configFor(folder, [])
  const path = folder.file('no/such/folder/store.db')
  await assert.rejects(TestServer.start({ ...config, store: { ...config.store, path } }))
})

test('a stop sees requests to their end, turns others away, and is not ready meanwhile', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using running = await TestServer.start(configFor(folder, [appFor(simulator)]))
  const { address } = running.server
  const opened = await running.post('/v1/messages', { app: APP, payload: { aps: { alert: 'hello' } } })
  assert.equal(opened.status, 201)
  const id = String(opened.body['id'])
  // A list that is still on its way when the stop begins.
  const upload = request(`${address}/v1/messages/${id}/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', expect: '100-continue' },
  })
  upload.flushHeaders()
  await once(upload, 'continue')
  const [first, second] = tokensOf(2)
  upload.write(`${first}\n`)

  const stopped = running.server.stop()
  const turnedAway = await running.post('/v1/messages', { app: APP, tokens: [first], payload: {} })
  assert.equal(turnedAway.status, 503)
  assert.equal(turnedAway.body['code'], 'SHUTTING_DOWN')
  assert.equal(turnedAway.headers.get('connection'), 'close')
  assert.ok(Number(turnedAway.headers.get('retry-after')) > 0)
  const readiness = await running.get('/readyz')
  assert.deepEqual([readiness.status, readiness.body['worker']], [503, 'stopped'])
  assert.equal((await running.get('/healthz')).status, 200)
  await assert.rejects(access(folder.file('ready')))

  upload.end(`${second}\n`)
  const [response] = await once(upload, 'response')
  assert.equal(response.statusCode, 202)
  response.resume()
  const report = await stopped
  assert.ok(isClean(report), JSON.stringify(report))
  assert.equal(report.pendingTokens, 2)
})

test('what is not answered in time is cut off and given back; the next start sends it on at once', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const unblock = simulator.reply({ silent: true })
  const config = configFor(folder, [appFor(simulator)])
  const tokens = tokensOf(50)
  let id = ''
  {
    await using running = await TestServer.start(config)
    id = await running.send(tokens)
    await simulator.waitFor(1)
    const hanging = request(`${running.server.address}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100, expect: '100-continue' },
    })
    const cut = once(hanging, 'error')
    hanging.flushHeaders()
    await once(hanging, 'continue')
    const report = await running.server.stop({ timeout: 0.05 })
    await cut
    assert.ok(!isClean(report))
    assert.deepEqual(
      [report.cutRequests, report.batchesInDoubt, report.pendingTokens, report.failures],
      [1, 1, tokens.length, []],
    )
  }
  unblock()
  await using again = await TestServer.start(config)
  const { counts } = await again.done(id)
  assert.equal((counts as { accepted: number }).accepted, tokens.length)
})

test('its metrics and its dead tokens are there; who waits for more is answered when it stops', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  simulator.reply({ unregistered: true })
  await using running = await TestServer.start(configFor(folder, [appFor(simulator)]))
  const { address } = running.server
  await running.done(await running.send(['ab'.repeat(32)]))
  const { body } = await running.get('/v1/feedback')
  assert.deepEqual(
    (body['items'] as { token: string; app: string; reason: string }[]).map(({ token, app, reason }) => [
      token,
      app,
      reason,
    ]),
    [['ab'.repeat(32), APP, 'Unregistered']],
  )
  const metrics = await (await fetch(`${address}/metrics`)).text()
  assert.match(metrics, /^apns_worker_dead_tokens_total{.*app="news".*} 1$/m)

  const waiting = running.get(`/v1/feedback?after=${String(body['next'])}&wait=50`)
  // Its request is there when a later one is answered.
  await running.get('/healthz')
  const stopped = running.server.stop()
  const { status, body: rest } = await waiting
  assert.deepEqual([status, rest['items']], [200, []])
  assert.ok(isClean(await stopped))
})

test('messages of an app that is not configured any more wait, and it says so', async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const silence = simulator.reply({ silent: true })
  const config = configFor(folder, [appFor(simulator)])
  let id = ''
  {
    await using running = await TestServer.start(config)
    id = await running.send(['ab'])
  }
  {
    await using running = await TestServer.start({ ...config, apps: [appFor(simulator, 'sport')] })
    const warning = running.lines.find(({ lanes }) => lanes !== undefined)
    assert.deepEqual([warning?.['level'], warning?.['lanes']], ['warn', [APP]])
  }
  silence()
  await using running = await TestServer.start(config)
  await running.done(id)
})
