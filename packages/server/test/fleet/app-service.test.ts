import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { Apps } from '#src/apps/apps.js'
import type { AppConfig } from '#src/config/server-config.js'
import { AppService } from '#src/fleet/app-service.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { within } from '../../../apns-worker/dist-test/support/within.js'

failOnLeaks()

const TOKENS = Array.from({ length: 60 }, (_, index) => (index + 1).toString(16).padStart(64, '0'))

class Site implements AsyncDisposable {
  readonly apps: Apps
  readonly service: AppService
  readonly givenBack: string[] = []
  isServed = true

  constructor(apns: Simulator, configs: readonly Partial<AppConfig>[]) {
    const { credentials, environment } = apns
    this.apps = new Apps(
      configs.map(({ name = 'news', ...config }) => ({
        name,
        options: { ...credentials, environment, topic: `com.example.${name}`, retryDelay: 0.01 },
        ...config,
      })),
    )
    this.service = new AppService({
      managers: this.apps.managers,
      lines: this.apps.lines,
      maxConnectionsOf: (lane) => this.apps.maxConnectionsOf(lane),
      window: () => undefined,
      mayServe: () => this.isServed,
      giveBack: (lane) => this.givenBack.push(lane),
      leading() {},
      replaced() {},
    })
    this.apps.watchManagers((lane) => this.service.made(lane))
  }

  send(app: string): Promise<unknown> {
    const manager = this.apps.managers.get(app) ?? assert.fail(`no manager of ${app}`)
    return manager.sendAps(TOKENS, { alert: 'hello' }).done()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.apps.close(0)
  }
}

test('apps that share connections have one line, with the lowest limit; others have their own, or none', async () => {
  await using apns = await startSimulator()
  await using site = new Site(apns, [
    { name: 'news', fleetConnections: 6 },
    { name: 'sport', fleetConnections: 4 },
    { name: 'chess' },
  ])
  const { service, apps } = site
  const line = service.lineOf('news')
  assert.equal(line?.limit, 4)
  assert.deepEqual(service.lineOf('chess'), line)
  assert.deepEqual(service.lines(), [line])
  const broadcasts = apps.laneOf('news', undefined, 'broadcast')
  const other = service.lineOf(broadcasts)
  assert.equal(other?.limit, 6)
  assert.notEqual(other.name, line?.name)
  const chess = apps.laneOf('chess', undefined, 'broadcast')
  assert.equal(service.lineOf(chess), undefined)
  await using same = new Site(apns, [{ name: 'sport', fleetConnections: 4 }])
  assert.equal(same.service.lineOf('sport')?.name, line?.name)
})

test('nothing goes over a line before the fleet has given it connections', async () => {
  await using apns = await startSimulator({ streamLimit: 5, latency: 0.005 })
  await using site = new Site(apns, [{ name: 'news', fleetConnections: 2 }])
  const { service, apps } = site
  const line = service.lineOf('news')?.name ?? assert.fail('no line')
  const sent = site.send('news')
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  const { queued, traffic } = apps.managers.get('news')?.stats() ?? assert.fail('no manager')
  assert.deepEqual([queued, traffic.connections], [TOKENS.length, []])
  await service.setConnections(line, 2)
  await within(sent, () => JSON.stringify(apps.managers.get('news')?.stats()))
  assert.deepEqual(service.describe().lanes, [{ lane: 'news', state: 'open', connections: 2 }])
  assert.deepEqual(site.givenBack, [])
  await within(service.setConnections(line, 0, 1000), () => 'the connections stay open')
  await apns.waitFor((server) => server.counts().openConnections === 0)
  assert.deepEqual(site.givenBack, ['news'])
  site.isServed = false
  assert.deepEqual(service.describe().lanes, [{ lane: 'news', state: 'waiting', connections: 0 }])
})

test('a line whose limit is gone from the configuration has what it would have had without', async () => {
  await using apns = await startSimulator()
  await using site = new Site(apns, [{ name: 'news', fleetConnections: 2 }, { name: 'sport' }])
  const { service, apps } = site
  const line = service.lineOf('sport')?.name ?? assert.fail('no line')
  const { credentials, environment } = apns
  const configs = ['news', 'sport'].map((name) => ({
    name,
    options: { ...credentials, environment, topic: `com.example.${name}`, retryDelay: 0.01 },
  }))
  apps.reload(configs)
  assert.deepEqual([service.lines(), service.lineOf('sport')], [[], undefined])
  // As the fleet does, since nobody serves it any more that it knows of.
  await service.setConnections(line, 0)
  assert.deepEqual(site.givenBack, [])
  await within(Promise.all([site.send('news'), site.send('sport')]), () => 'not sent')
})

test('a process has no more connections than it may by itself', async () => {
  await using apns = await startSimulator({ streamLimit: 2, latency: 0.005 })
  const { credentials, environment } = apns
  const options = { ...credentials, environment, topic: 'com.example.news', maxConnections: 2 }
  await using site = new Site(apns, [{ name: 'news', fleetConnections: 50, options }])
  const { service } = site
  await service.setConnections(service.lineOf('news')?.name ?? '', 20)
  await within(site.send('news'), () => 'not sent')
  assert.equal(apns.counts().connections, 2)
})

test('what was resumed elsewhere goes on here', async () => {
  await using apns = await startSimulator()
  const other = apns.addKey({ teamId: 'OTHERTEAM1' })
  const { environment } = apns
  const options = { ...other, teamId: 'WRONGTEAM1', environment, topic: 'com.example.news' }
  await using site = new Site(apns, [{ name: 'news', options }])
  const manager = site.apps.managers.get('news') ?? assert.fail('no manager')
  for (const lanes of [['news'], 'all'] as const) {
    manager.sendAps(TOKENS, { alert: 'hello' })
    await within(
      manager.flushMessages().catch(() => {}),
      () => 'the line is not stopped',
    )
    assert.deepEqual(
      site.service.describe().lanes.map(({ state }) => state),
      ['paused'],
    )
    site.service.resumed(['sport'])
    assert.notEqual(manager.paused, undefined)
    site.service.resumed(lanes)
    assert.equal(manager.paused, undefined)
  }
})
