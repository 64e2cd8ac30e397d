import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager, AppManagers } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import {
  answer,
  type ScriptedConnection,
  settings,
  startScriptedServer,
} from '../../support/scripted-server.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { ScriptedBackend } from '../../support/test-backends.js'
import type { TestServer } from '../../support/test-servers.js'
import { until, within } from '../../support/within.js'

failOnLeaks()

const STREAM_LIMIT = 4

interface Held {
  /** The connection's number, from 1. */
  readonly connection: number
  readonly respond: () => void
}

/** Answers the first request of each connection, and holds the others, so that each connection fills up. */
async function startHoldingServer(): Promise<{ readonly server: TestServer; readonly held: Held[] }> {
  const held: Held[] = []
  const server = await startScriptedServer({
    connected: (connection) => connection.send(settings(STREAM_LIMIT)),
    requested: (connection: ScriptedConnection, streamId) => {
      const respond = (): void => connection.send(answer(streamId))
      if (streamId === 1) respond()
      else held.push({ connection: connection.number, respond })
    },
  })
  return { server, held }
}

/** Answers what is held, on these connections or on all, and what comes meanwhile, until then. */
async function answerUntil(
  held: Held[],
  isEnough: () => boolean,
  isMeant: (each: Held) => boolean = () => true,
): Promise<void> {
  await until(() => {
    for (const each of held.splice(0)) {
      if (isMeant(each)) each.respond()
      else held.push(each)
    }
    return isEnough()
  })
}

describe('the limit on connections, changed while it sends', () => {
  it('lets the pool grow when it is raised', async () => {
    const { server, held } = await startHoldingServer()
    await using _server = server
    await using sender = new Sender(server, { maxConnections: 1 })
    const delivery = sender.send(40)
    await until(() => held.length === STREAM_LIMIT)
    assert.equal(server.connections, 1)
    await within(sender.apns.setMaxConnections(3), () => sender.describe())
    await until(() => held.length === 3 * STREAM_LIMIT)
    assert.equal(sender.apns.stats().connections, 3)
    await answerUntil(held, () => delivery.pending === 0)
    assert.equal(server.connections, 3)
    await sender.accepted(delivery)
    assert.deepEqual(sender.warnings, [])
  })

  it('retires the least busy when it is lowered, which finish what they have', async () => {
    const { server, held } = await startHoldingServer()
    await using _server = server
    await using sender = new Sender(server, { maxConnections: 3 })
    // Three that are full, and then the second is idle.
    const delivery = sender.send(3 + 3 * STREAM_LIMIT)
    await until(() => held.length === 3 * STREAM_LIMIT)
    await answerUntil(
      held,
      () => delivery.pending === 2 * STREAM_LIMIT,
      ({ connection }) => connection === 2,
    )
    const isLowered = sender.apns.setMaxConnections(1)
    let isMet = false
    void isLowered.then(() => {
      isMet = true
    })
    // The idle one closes; of the two that are full, one stays.
    await until(() => server.sockets.size === 2)
    assert.equal(sender.apns.stats().connections, 2)
    const states = (): string[] => sender.apns.stats().traffic.connections.map(({ state }) => state)
    assert.deepEqual(states().sort(), ['draining', 'open'])
    const later = sender.send(20)
    await until(() => sender.apns.stats().queued === 20)
    assert.equal(isMet, false)
    await answerUntil(held, () => later.pending === 0)
    await within(isLowered, () => sender.describe())
    assert.equal(server.sockets.size, 1)
    assert.equal(server.connections, 3)
    await sender.accepted(delivery)
    await sender.accepted(later)
    assert.deepEqual(sender.warnings, [])
  })

  it('opens none in the place of one that is not gone yet', async () => {
    const { server, held } = await startHoldingServer()
    await using _server = server
    await using sender = new Sender(server, { maxConnections: 2 })
    const delivery = sender.send(60)
    await until(() => held.length === 2 * STREAM_LIMIT)
    void sender.apns.setMaxConnections(0)
    void sender.apns.setMaxConnections(2)
    await until(() => sender.apns.stats().traffic.connections.every(({ state }) => state === 'draining'))
    let most = 0
    const count = (): void => {
      most = Math.max(most, server.sockets.size)
    }
    await answerUntil(held, () => {
      count()
      return delivery.pending === 0
    })
    assert.equal(most, 2)
    assert.equal(server.connections, 4)
    await sender.accepted(delivery)
  })

  it('sends nothing and loses nothing with none', async () => {
    await using apns = await startSimulator({ latency: 0.01 })
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(50))
    await within(sender.apns.setMaxConnections(0), () => sender.describe())
    assert.equal(sender.apns.stats().connections, 0)
    await apns.waitFor((server) => server.counts().openConnections === 0)
    const waiting = sender.send(50)
    await within(sender.apns.setMaxConnections(0), () => sender.describe())
    assert.equal(apns.counts().received, 50)
    const { queued, inFlight, paused } = sender.apns.stats()
    assert.deepEqual({ queued, inFlight, paused }, { queued: 50, inFlight: 0, paused: false })
    void sender.apns.setMaxConnections(1)
    await sender.accepted(waiting)
    assert.equal(apns.counts().received, 100)
    assert.deepEqual(sender.errors, [])
  })

  it('takes back a connection that is still being made', async () => {
    await using server = await startScriptedServer({ connected() {} })
    await using sender = new Sender(server)
    sender.send(1)
    await until(() => sender.apns.stats().traffic.connections.length === 1)
    await within(sender.apns.setMaxConnections(0), () => sender.describe())
    assert.equal(sender.apns.stats().traffic.connections.length, 0)
    assert.equal(sender.apns.stats().queued, 1)
    await until(() => server.sockets.size === 0)
    assert.deepEqual(sender.warnings, [])
  })

  it('cuts those that are too many and do not finish in time; what they had is sent again', async () => {
    const { server, held } = await startHoldingServer()
    await using _server = server
    await using sender = new Sender(server, { maxConnections: 2, retryDelay: 0 })
    const delivery = sender.send(2 + 2 * STREAM_LIMIT)
    await until(() => held.length === 2 * STREAM_LIMIT)
    await within(sender.apns.setMaxConnections(0, { timeout: 0.01 }), () => sender.describe())
    await until(() => server.sockets.size === 0)
    assert.equal(delivery.pending, 2 * STREAM_LIMIT)
    void sender.apns.setMaxConnections(1)
    await answerUntil(held, () => delivery.pending === 0)
    await sender.accepted(delivery)
    assert.equal(server.connections, 3)
  })

  it('gives up what waits when it is closed with none, and stops waiting for a limit to be met', async () => {
    const { server, held } = await startHoldingServer()
    await using _server = server
    const sender = new Sender(server)
    sender.send(STREAM_LIMIT + 1)
    await until(() => held.length === STREAM_LIMIT)
    const isLowered = sender.apns.setMaxConnections(0)
    const waiting = sender.send(3)
    const { unsent } = await within(sender.apns.close({ timeout: 0 }), () => sender.describe())
    await within(isLowered, () => sender.describe())
    assert.equal(unsent.length, STREAM_LIMIT + 3)
    assert.equal(waiting.failed, 3)
  })

  it('is that of all apps that share the connections', async () => {
    await using apns = await startSimulator({ streamLimit: 5, latency: 0.005 })
    await using apps = new AppManagers({
      apps: { 'com.example.a': {}, 'com.example.b': {} },
      defaults: { ...apns.credentials, environment: apns.environment },
    })
    const [one, other] = [apps.get('com.example.a'), apps.get('com.example.b')]
    const send = (manager: ApnsManager): Promise<unknown> =>
      within(manager.sendAps(tokensOf(100), { alert: 'hello' }).done(), () => JSON.stringify(manager.stats()))
    await within(one.setMaxConnections(1), () => 'the limit is not met')
    await Promise.all([send(one), send(other)])
    assert.equal(apns.counts().connections, 1)
    await within(other.setMaxConnections(2), () => 'the limit is not met')
    await Promise.all([send(one), send(other)])
    assert.equal(one.stats().connections, 2)
  })

  for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`is a whole number, and not ${count}`, async () => {
      await using sender = new Sender({ environment: { host: 'localhost', port: 1 } })
      assert.throws(() => sender.apns.setMaxConnections(count), {
        name: 'TypeError',
        message: `the number of connections is ${count}; give a whole number, 0 or more`,
      })
    })
  }

  it('is not there with a backend that has none', async () => {
    await using apns = new ApnsManager({ backend: ScriptedBackend })
    assert.throws(() => apns.setMaxConnections(1), { name: 'TypeError', message: /no limit/ })
  })
})
