import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { AppConfigurationError, AppManagers, type AppManagersOptions, ManagerClosedError } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { runModule } from '../support/run-module.js'
import { tokensOf } from '../support/sender.js'
import { ScriptedBackend } from '../support/test-backends.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { within } from '../support/within.js'

failOnLeaks()

const APP = 'com.example.app'

function managersFor(apns: Simulator, options: AppManagersOptions): AppManagers {
  const defaults = { ...apns.credentials, environment: apns.environment, ...options.defaults }
  return new AppManagers({ ...options, defaults })
}

async function send(managers: AppManagers, app: string, count = 3): Promise<void> {
  const delivery = managers.get(app).sendAps(tokensOf(count), { alert: 'hello' })
  const { succeeded } = await within(delivery.done(), () => `${app} does not settle`)
  assert.equal(succeeded, count)
}

describe('managers of many apps', () => {
  it('are made when they are asked for, once', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns, { apps: { [APP]: {}, other: {} } })
    assert.deepEqual(
      [managers.names, managers.has(APP), managers.has('third')],
      [[APP, 'other'], true, false],
    )
    const manager = managers.get(APP)
    assert.equal(managers.get(APP), manager)
    assert.notEqual(managers.get('other'), manager)
    assert.equal(manager.name, APP)
    assert.equal(apns.counts().connections, 0)
  })

  it('close connections that have nothing to do, and open them again; the managers stay', async (context: TestContext) => {
    const realNow = performance.now.bind(performance)
    let aheadMs = 0
    context.mock.method(performance, 'now', () => realNow() + aheadMs)
    await using apns = await startSimulator()
    await using managers = managersFor(apns, {
      apps: { [APP]: {}, kept: { idleConnections: 1 } },
      idleTimeout: 100,
    })
    const manager = managers.get(APP)
    await send(managers, APP)
    await send(managers, 'kept')
    aheadMs += 101_000
    await apns.waitFor((server) => server.counts().openConnections === 1)
    await send(managers, APP)
    assert.equal(managers.get(APP), manager)
    assert.equal(apns.counts().connections, 3)
  })

  it('come and go by the hundred, with a connection for each team and none left behind', async () => {
    await using apns = await startSimulator()
    const teams = Array.from({ length: 30 }, (_, team) => apns.addKey({ teamId: `TEAM0000${10 + team}` }))
    await using managers = new AppManagers({ defaults: { environment: apns.environment } })
    for (let round = 0; round < 10; round++) {
      const names = teams.map((credentials, team) => {
        const name = `com.example.round${round}.team${team}`
        managers.add(name, { ...credentials })
        return name
      })
      await Promise.all(names.map((name) => send(managers, name)))
      const reports = await Promise.all(names.map((name) => managers.remove(name)))
      assert.ok(reports.every((report) => report?.unsent.length === 0))
      assert.deepEqual(managers.names, [])
      await apns.waitFor((server) => server.counts().openConnections === 0)
    }
    const { connections, accepted } = apns.counts()
    assert.deepEqual([connections, accepted], [300, 900])
  })

  it('of 300 apps of 3 teams open 3 connections', async () => {
    await using apns = await startSimulator()
    const teams = Array.from({ length: 3 }, (_, team) => apns.addKey({ teamId: `TEAM00000${team}` }))
    const names = Array.from({ length: 300 }, (_, index) => `com.example.app${index}`)
    const apps = Object.fromEntries(names.map((name, index) => [name, { ...teams[index % 3] }]))
    const managers = new AppManagers({ apps, defaults: { environment: apns.environment, maxConnections: 1 } })
    await Promise.all(names.map((name) => send(managers, name)))
    assert.deepEqual([apns.counts().connections, apns.counts().accepted], [3, 900])
    // The connection stays for the others.
    await managers.remove('com.example.app0')
    await send(managers, 'com.example.app3')
    assert.equal(apns.counts().connections, 3)
    await managers.close()
    await apns.waitFor((server) => server.counts().openConnections === 0)
  })

  it('do not keep the process alive, nor let it end before everything is sent', async () => {
    await using apns = await startSimulator({
      latency: 0.02,
      rules: [
        { times: 10, status: 503, reason: 'ServiceUnavailable' },
        { times: 5, reset: 'INTERNAL_ERROR' },
      ],
    })
    const options = {
      apps: { [APP]: {}, other: {} },
      defaults: { ...apns.credentials, environment: apns.environment, retryDelay: 0.1 },
    }
    await runModule(`
      import { AppManagers } from 'apns-worker'
      const managers = new AppManagers(${JSON.stringify(options)})
      for (const name of managers.names) managers.get(name).sendAps(${JSON.stringify(tokensOf(100))}, { alert: name })
    `)
    assert.equal(apns.counts().accepted, 200)
  })

  it('make a new manager where one was closed by itself', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns, { apps: { [APP]: {} } })
    await send(managers, APP)
    await managers.get(APP).close()
    await send(managers, APP)
    assert.equal(apns.counts().accepted, 6)
  })

  it('of an app with a backend of its own are managers as any', async () => {
    await using managers = new AppManagers({ apps: { [APP]: { backend: ScriptedBackend } } })
    const delivery = managers.get(APP).sendAps(tokensOf(1), { alert: 'hello' })
    assert.equal(delivery.pending, 1)
    await managers.close({ timeout: 0 })
  })

  it('close once, with a report for each app, and are gone after that', async () => {
    await using apns = await startSimulator({ rules: [{ topic: 'slow', silent: true }] })
    const managers = managersFor(apns, { apps: { [APP]: {}, slow: {}, unused: {} } })
    await send(managers, APP)
    const delivery = managers.get('slow').sendAps(tokensOf(2), { alert: 'hello' })
    await apns.waitFor(4)
    const closing = managers.close({ timeout: 0 })
    assert.equal(managers.close(), closing)
    const reports = await within(closing, () => 'close() hangs')
    assert.deepEqual([...reports.keys()].sort(), [APP, 'slow'])
    assert.deepEqual([reports.get(APP)?.unsent.length, reports.get('slow')?.unsent.length], [0, 2])
    assert.equal(delivery.pending, 0)
    assert.throws(() => managers.get(APP), ManagerClosedError)
  })
})

describe('the configuration of many apps', () => {
  function refuses(make: () => unknown, path: string, message: RegExp, code = 'APP_OPTION_INVALID'): void {
    assert.throws(make, (error: unknown) => {
      assert.ok(error instanceof AppConfigurationError, String(error))
      assert.deepEqual([error.code, error.path], [code, path])
      assert.match(error.message, message)
      assert.ok(error.message.startsWith(path), error.message)
      assert.equal(error.app, /^apps\["(.*?)"\]/.exec(path)?.[1] ?? error.app)
      return true
    })
  }

  const wrong: readonly [path: string, options: object, message: RegExp][] = [
    ['timeout', { timeout: 3 }, /is no option; there are apps, defaults/],
    ['apps', { apps: 'all' }, /give an object of apps by their names/],
    ['apps["a"]', { apps: { a: null } }, /is null; give an object with the options of a manager/],
    ['apps["a"]', { apps: { a: [] } }, /give an object/],
    ['apps["a"].keyID', { apps: { a: { keyID: 'x' } } }, /is no option; there are keyPath, key, keyId/],
    ['apps["a"].name', { apps: { a: { name: 'x' } } }, /is no option/],
    ['apps["a b"].topic', { apps: { 'a b': {} } }, /"a b" is not a bundle id/],
    ['apps["a"].topic', { apps: { a: { topic: 'no topic' } } }, /is not a bundle id/],
    ['apps["a"].environment', { apps: { a: { environment: 'test' } } }, /is 'test'; it is 'production'/],
    ['apps["a"].maxConnections', { apps: { a: { maxConnections: 0 } } }, /is 0; give a number/],
    ['apps["a"].errorHandler', { apps: { a: { errorHandler: 1 } } }, /is 1; give a function/],
    ['apps["a"].logger', { apps: { a: { logger: {} } } }, /has no method debug/],
    ['defaults.keyid', { defaults: { keyid: 'x' } }, /is no option/],
    ['defaults', { defaults: 'none' }, /is "none"; give an object/],
    ['defaults.environment', { defaults: { environment: 7 }, apps: { a: {} } }, /is 7/],
    ['defaults.idleTimeout', { idleTimeout: -1, apps: { a: {} } }, /is -1/],
  ]
  for (const [path, options, message] of wrong) {
    it(`names ${path}: ${JSON.stringify(options)}`, () =>
      refuses(() => new AppManagers(options), path, message))
  }

  it('names the app and the option of credentials that can not work, when its manager is to be made', async () => {
    const noFile = { keyPath: '/none/AuthKey.p8', keyId: 'ABCDE12345', teamId: 'TEAM567890' }
    const managers = new AppManagers({
      apps: { [APP]: { ...PROVIDER_KEY }, none: {}, lost: noFile, short: { ...PROVIDER_KEY, teamId: 'X' } },
    })
    const code = 'APP_CREDENTIALS_INVALID'
    refuses(() => managers.get('none'), 'apps["none"]', /: No credential is given/, code)
    refuses(
      () => managers.get('lost'),
      'apps["lost"].keyPath',
      / \('\/none\/AuthKey.p8'\): no such file/,
      code,
    )
    refuses(() => managers.get('short'), 'apps["short"].teamId', / has 1 characters instead of ten/, code)
    assert.doesNotThrow(() => managers.get(APP))
    assert.deepEqual(
      managers.check().map(({ app, path }) => [app, path]),
      [
        ['none', 'apps["none"]'],
        ['lost', 'apps["lost"].keyPath'],
        ['short', 'apps["short"].teamId'],
      ],
    )
    refuses(() => managers.get('unknown'), 'apps["unknown"]', /there is no such app/, 'APP_UNKNOWN')
    refuses(() => managers.add('none', {}), 'apps["none"]', /is there already/)
    await managers.close()
  })

  it('takes no half of a credential from the defaults', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [APP] })
    await using managers = managersFor(apns, { apps: { [APP]: { cert, key } } })
    await send(managers, APP)
    assert.equal(apns.received[0]?.headers.get('authorization'), undefined)
  })

  it('names defaults whose key is nowhere to be found', () => {
    const managers = new AppManagers({ apps: { a: {} }, defaults: { ...PROVIDER_KEY, teamId: 'X' } })
    refuses(() => managers.get('a'), 'defaults.teamId', /instead of ten/, 'APP_CREDENTIALS_INVALID')
  })
})
