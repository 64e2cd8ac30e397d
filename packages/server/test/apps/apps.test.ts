import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ProviderCredentials, type Simulator, startSimulator } from '@apns-worker/simulator'
import { AppConfigurationError, BroadcastMessage, Message } from 'apns-worker'
import { UnknownAppError } from '#src/apps/app-registry.js'
import { Apps } from '#src/apps/apps.js'
import type { AppConfig } from '#src/config/server-config.js'

const TOKEN = 'ab'.repeat(32)
const PAYLOAD = { aps: { alert: 'hello' } }

function appAt(
  apns: Simulator,
  name: string,
  { topic = `com.example.${name}`, ...more }: Partial<AppConfig['options']> = {},
): AppConfig {
  const { credentials, environment } = apns
  return { name, options: { ...credentials, environment, topic, retryDelay: 0.01, ...more } }
}

/** With credentials only: nothing is sent there. */
function atApple(
  credentials: ProviderCredentials,
  name: string,
  environment?: 'production' | 'sandbox',
): AppConfig {
  return { name, options: { ...credentials, topic: 'com.example.app', environment } }
}

async function send(apps: Apps, lane: string): Promise<void> {
  const manager = apps.managers.get(lane)
  assert.ok(manager, `nobody sends for ${lane}`)
  assert.equal((await manager.sendMessage(new Message([TOKEN], PAYLOAD)).done()).succeeded, 1)
}

async function closing(apps: Apps, work: () => Promise<void> | void): Promise<void> {
  try {
    await work()
  } finally {
    await apps.close(0)
  }
}

describe('the apps of a configuration', () => {
  it('each have a manager, and share connections where they have a key in common', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([appAt(apns, 'news'), appAt(apns, 'weather')])
    await closing(apps, async () => {
      assert.deepEqual([...apps.managers.keys()], ['news', 'weather'])
      await send(apps, 'news')
      await send(apps, 'weather')
      assert.equal(apns.counts().connections, 1)
      assert.deepEqual(
        apns.received.map(({ topic }) => topic),
        ['com.example.news', 'com.example.weather'],
      )
      assert.deepEqual(apps.apps.get('news'), {
        name: 'news',
        topic: 'com.example.news',
        environment: `127.0.0.1:${apns.port}`,
        credentials: 'token',
      })
    })
  })

  it('say of errors and warnings which lane they are of', async () => {
    await using apns = await startSimulator()
    const said: string[] = []
    const apps = new Apps([appAt(apns, 'news')], {
      onError: ({ reason }, lane) => said.push(`${lane}: ${reason}`),
      loggerOf: (lane) => {
        const warn = (message: string): void => void said.push(`${lane}: ${message.slice(0, 15)}`)
        return { debug() {}, info() {}, warn, error: warn }
      },
    })
    await closing(apps, async () => {
      apns.reply({ unregistered: 0, times: 1 })
      await apps.managers
        .get('news')
        ?.sendMessage(new Message([TOKEN], PAYLOAD))
        .done()
      assert.deepEqual(said, ['news: Unregistered'])
      apns.disconnect('reset')
      await apns.waitFor(() => apns.counts().openConnections === 0)
      await send(apps, 'news')
      assert.ok(said.includes('news: connection lost'), said.join())
    })
  })

  it('are checked before anything is made of them', async () => {
    await using apns = await startSimulator()
    const broken = appAt(apns, 'weather', { keyId: 'short' })
    assert.throws(
      () => new Apps([appAt(apns, 'news'), broken]),
      (error) => error instanceof AppConfigurationError && error.path === 'apps["weather"].keyId',
    )
  })
})

describe('lanes', () => {
  it('are the app’s own, and one for each other environment and service', async () => {
    await using apns = await startSimulator()
    const { credentials } = apns
    const apps = new Apps([atApple(credentials, 'news', 'sandbox'), appAt(apns, 'local')])
    await closing(apps, () => {
      assert.equal(apps.laneOf('news'), 'news')
      assert.equal(apps.laneOf('news', 'sandbox'), 'news')
      assert.equal(apps.laneOf('news', 'production'), 'news@production')
      assert.equal(apps.laneOf('news', 'production', 'broadcast'), 'news@production#broadcast')
      assert.deepEqual(
        [...apps.managers.keys()],
        ['news', 'local', 'news@production', 'news@production#broadcast'],
      )
      assert.deepEqual(apps.lanesOf('news'), [
        'news',
        'news#broadcast',
        'news@production',
        'news@production#broadcast',
      ])
      assert.deepEqual(apps.lanesOf('local'), ['local', 'local#broadcast'])
      assert.deepEqual(apps.lanesOf('sport'), [])
    })
  })

  it('are there for apps and environments that can be, and no others', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: ['com.example.app'], environments: ['sandbox'] })
    const apps = new Apps([
      appAt(apns, 'local'),
      { name: 'old', options: { cert, key, topic: 'com.example.app', environment: 'sandbox' } },
    ])
    await closing(apps, () => {
      const unknown = (pattern: RegExp) => (error: unknown) =>
        error instanceof UnknownAppError && pattern.test(error.message)
      assert.throws(() => apps.laneOf('sport'), unknown(/no app "sport"; there are: local, old/))
      assert.throws(() => apps.laneOf('local', 'production'), unknown(/local sends to 127.0.0.1/))
      assert.throws(
        () => apps.laneOf('old', 'production'),
        unknown(/old cannot send to .*production.*sandbox/),
      )
      assert.equal(apps.managers.has('old@production'), false)
    })
  })

  it('of a former run are served again, but those whose app is gone', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([atApple(apns.credentials, 'news', 'sandbox')])
    await closing(apps, () => {
      const gone = apps.serve(['news', 'news@production', 'sport', 'news@moon', 'news#broadcast'])
      assert.deepEqual(gone, ['sport', 'news@moon'])
      assert.ok(apps.managers.has('news@production') && apps.managers.has('news#broadcast'))
    })
  })

  it('send broadcasts, to channels of the app’s own', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([appAt(apns, 'news', { topic: 'com.example.app' })])
    await closing(apps, async () => {
      const channels = apps.channelsOf('news')
      assert.equal(apps.channelsOf('news'), channels)
      const channel = await channels.create({ storagePolicy: 'none' })
      const lane = apps.laneOf('news', undefined, 'broadcast')
      const payload = { aps: { event: 'update', timestamp: 1_800_000_000, 'content-state': {} } }
      const delivery = apps.managers.get(lane)?.sendMessage(new BroadcastMessage(channel, payload))
      assert.equal((await delivery?.done())?.succeeded, 1)
      assert.equal(apns.broadcasts[0]?.channelId, channel.id)
    })
  })
})

describe('a reload', () => {
  it('leaves alone what has not changed, with its connections', async () => {
    await using apns = await startSimulator()
    const other = apns.addKey()
    const sport = appAt(apns, 'sport', { ...other })
    const apps = new Apps([appAt(apns, 'news'), sport])
    await closing(apps, async () => {
      await send(apps, 'news')
      await send(apps, 'sport')
      const before = apps.managers.get('news')
      const done = apps.reload([
        appAt(apns, 'news'),
        { ...sport, options: { ...sport.options, topic: 'com.example.other' } },
        appAt(apns, 'weather'),
      ])
      assert.deepEqual(done, { added: ['weather'], removed: [], changed: ['sport'] })
      assert.equal(apps.managers.get('news'), before)
      await send(apps, 'news')
      await send(apps, 'weather')
      // They have a key in common.
      assert.equal(apns.counts().connections, 2)
      await send(apps, 'sport')
      assert.equal(apns.received.at(-1)?.topic, 'com.example.other')
    })
  })

  it('lets a manager that is replaced send what it has', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([appAt(apns, 'news')])
    await closing(apps, async () => {
      apns.reply({ delay: 0.2, times: 1 })
      const delivery = apps.managers.get('news')?.sendMessage(new Message([TOKEN], PAYLOAD))
      const { added, changed } = apps.reload([appAt(apns, 'news', { topic: 'com.example.other' })])
      assert.deepEqual([added, changed], [[], ['news']])
      assert.equal((await delivery?.done())?.succeeded, 1)
      assert.equal(apns.received[0]?.topic, 'com.example.news')
      await send(apps, 'news')
      assert.equal(apns.received[1]?.topic, 'com.example.other')
    })
  })

  it('ends what is not configured any more', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([appAt(apns, 'news'), appAt(apns, 'weather', { ...apns.addKey() })])
    await closing(apps, async () => {
      await send(apps, 'weather')
      apps.laneOf('weather', undefined, 'broadcast')
      assert.deepEqual(apps.reload([appAt(apns, 'news')]).removed, ['weather'])
      assert.deepEqual([...apps.managers.keys()], ['news'])
      assert.deepEqual([...apps.apps.keys()], ['news'])
      await apns.waitFor(() => apns.counts().openConnections === 0)
    })
  })

  it('that is wrong changes nothing', async () => {
    await using apns = await startSimulator()
    const apps = new Apps([appAt(apns, 'news')])
    await closing(apps, async () => {
      const before = apps.managers.get('news')
      const configs = [
        appAt(apns, 'news', { topic: 'com.example.other' }),
        appAt(apns, 'weather', { keyId: 'x' }),
      ]
      assert.throws(() => apps.reload(configs), AppConfigurationError)
      assert.equal(apps.managers.get('news'), before)
      await send(apps, 'news')
    })
  })

  it('of an app whose line had stopped goes on with the new key', async () => {
    await using apns = await startSimulator()
    const bad = apns.addKey()
    apns.revokeKey(bad.keyId)
    const apps = new Apps([appAt(apns, 'news', { ...bad })], { drainTimeoutMs: 0 })
    await closing(apps, async () => {
      const delivery = apps.managers.get('news')?.sendMessage(new Message([TOKEN], PAYLOAD))
      await apns.waitFor(1)
      apps.reload([appAt(apns, 'news')])
      assert.equal((await delivery?.done())?.failed, 1)
      await send(apps, 'news')
    })
  })
})

describe('resume', () => {
  it('starts an app’s line again', async () => {
    await using apns = await startSimulator()
    let stopped = (): void => {}
    const hasStopped = new Promise<void>((resolve) => {
      stopped = resolve
    })
    const apps = new Apps([appAt(apns, 'news')], { onError: stopped })
    await closing(apps, async () => {
      apns.reply({ status: 403, reason: 'InvalidProviderToken', times: 1 })
      const delivery = apps.managers.get('news')?.sendMessage(new Message([TOKEN], PAYLOAD))
      await hasStopped
      apps.resume('news')
      assert.equal((await delivery?.done())?.succeeded, 1)
      assert.throws(() => apps.resume('sport'), UnknownAppError)
    })
  })
})
