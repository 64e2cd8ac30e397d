import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagerStats } from 'apns-worker'
import fastify from 'fastify'
import type { ObservedManager } from '#src/operations/app-health.js'
import { probeRoutes } from '#src/operations/probe-routes.js'
import { ReadinessCheck, type ReadinessSources } from '#src/operations/readiness.js'
import type { StoreHealth } from '#src/operations/store-probe.js'

function manager(connections: number, backOff: number, paused?: object): ObservedManager {
  // As much of them as is looked at.
  const stats = { connections, traffic: { backOff } } as ManagerStats
  return { paused: paused as ObservedManager['paused'], stats: () => stats }
}

function check(sources: Partial<ReadinessSources> = {}): ReadinessCheck {
  return new ReadinessCheck({
    managers: () => new Map([['news', manager(1, 0)]]),
    probeStore: () => Promise.resolve({ state: 'writable' }),
    isRunning: () => true,
    isWorking: () => true,
    role: 'all',
    ...sources,
  })
}

test('ready: the store takes writes, the worker runs, and each app has its line', async () => {
  const managers = (): Map<string, ObservedManager> =>
    new Map([
      ['news', manager(2, 0)],
      ['quiet', manager(0, 0)],
    ])
  assert.deepEqual(await check({ managers }).check(), {
    status: 'ready',
    role: 'all',
    store: { state: 'writable' },
    worker: 'running',
    apps: { news: { state: 'connected', connections: 2 }, quiet: { state: 'idle', connections: 0 } },
  })
})

test('degraded: an app’s line is stopped, or Apple is out of reach', async () => {
  const paused = { reason: 'InvalidProviderToken', action: 'Look at the key.' }
  const stopped = await check({ managers: () => new Map([['news', manager(1, 0, paused)]]) }).check()
  assert.equal(stopped.status, 'degraded')
  assert.deepEqual(stopped.apps, { news: { state: 'paused', connections: 1, ...paused } })

  const away = await check({ managers: () => new Map([['news', manager(0, 12.5)]]) }).check()
  assert.equal(away.status, 'degraded')
  assert.deepEqual(away.apps, { news: { state: 'unreachable', connections: 0, backOffSeconds: 12.5 } })
})

test('unavailable: the store takes no writes, or the server stops', async () => {
  const store: StoreHealth = { state: 'failed', code: 'STORE_FULL' }
  const full = await check({ probeStore: () => Promise.resolve(store) }).check()
  assert.deepEqual([full.status, full.store], ['unavailable', store])
  const stopping = await check({ isRunning: () => false }).check()
  assert.deepEqual([stopping.status, stopping.worker], ['unavailable', 'stopped'])
})

test('a worker that has not started makes it unavailable; where others send there is none to wait for', async () => {
  const isWorking = (): boolean => false
  const waiting = await check({ isWorking }).check()
  assert.deepEqual([waiting.status, waiting.worker], ['unavailable', 'stopped'])
  const paused = { reason: 'InvalidProviderToken', action: 'Look at the key.' }
  const managers = (): Map<string, ObservedManager> => new Map([['news', manager(0, 5, paused)]])
  assert.deepEqual(await check({ role: 'api', isWorking, managers }).check(), {
    status: 'ready',
    role: 'api',
    store: { state: 'writable' },
    worker: 'none',
    apps: {},
  })
})

test('the store is asked once a second, however often it is asked for', async () => {
  let now = 0
  let asked = 0
  const readiness = check({
    now: () => now,
    probeStore: () => {
      asked++
      return Promise.resolve({ state: 'writable' })
    },
  })
  await Promise.all([readiness.check(), readiness.check()])
  now = 999
  await readiness.check()
  assert.equal(asked, 1)
  now = 1000
  await readiness.check()
  assert.equal(asked, 2)
})

test('the probes answer 200 or 503, without a key, and are not kept', async () => {
  let isRunning = true
  await using app = fastify()
  await app.register(probeRoutes(check({ isRunning: () => isRunning })))
  const ready = await app.inject('/readyz')
  assert.deepEqual([ready.statusCode, ready.headers['cache-control']], [200, 'no-store'])
  assert.equal(ready.json().status, 'ready')
  isRunning = false
  const stopping = await app.inject('/readyz')
  assert.deepEqual([stopping.statusCode, stopping.json().status], [503, 'unavailable'])
  const alive = await app.inject('/healthz')
  assert.deepEqual([alive.statusCode, alive.json()], [200, { status: 'ok' }])
})
