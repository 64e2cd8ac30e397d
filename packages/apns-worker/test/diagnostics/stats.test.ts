import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import type { ConnectionStats, ManagerStats, TrafficStats } from 'apns-worker'
import { ConnectionRecord } from '#src/diagnostics/connection-record.js'
import { LagProbe } from '#src/diagnostics/lag-probe.js'
import { Traffic } from '#src/diagnostics/traffic.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { answer, type ScriptedConnection, settings, startScriptedServer } from '../support/scripted-server.js'
import { Sender, tokensOf } from '../support/sender.js'
import { managerWith, ScriptedBackend } from '../support/test-backends.js'
import { startTcpServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

function onlyConnection({ traffic }: ManagerStats): ConnectionStats {
  const [connection, ...more] = traffic.connections
  assert.ok(connection !== undefined && more.length === 0, JSON.stringify(traffic))
  return connection
}

describe('the traffic of a manager', () => {
  it('counts answers by their class, and refusals by their reason, retried ones too', async () => {
    await using apns = await startSimulator({
      rules: [
        { tokenPrefix: 'dead', unregistered: true },
        { tokenPrefix: 'bad', badDeviceToken: true },
        { tokenPrefix: 'b5', timesPerToken: 2, status: 503, reason: 'ServiceUnavailable' },
        { tokenPrefix: 'c3', timesPerToken: 1, status: 302 },
      ],
    })
    await using sender = new Sender(apns, { retryDelay: 0.01, maxRetryDelay: 0.01 })
    await sender.outcomes(
      sender.send([
        ...tokensOf(10, 'a'),
        ...tokensOf(3, 'dead'),
        ...tokensOf(2, 'bad'),
        ...tokensOf(4, 'b5'),
        ...tokensOf(1, 'c3'),
      ]),
    )
    const { traffic } = sender.apns.stats()
    assert.deepEqual(traffic.answered, { '2xx': 14, '4xx': 5, '5xx': 8, other: 1 })
    assert.deepEqual(traffic.reasons, {
      Unregistered: 3,
      BadDeviceToken: 2,
      ServiceUnavailable: 8,
      'HTTP 302': 1,
    })
    assert.deepEqual(
      [traffic.sent, traffic.unanswered, traffic.connectionsOpened, traffic.connectionsFailed],
      [28, 0, 1, 0],
    )
  })

  it('shows each connection through its life', async () => {
    const connections: ScriptedConnection[] = []
    await using server = await startScriptedServer({
      connected: (connection) => {
        connections.push(connection)
        connection.send(settings(5))
      },
      requested: (connection, streamId) => {
        if (streamId === 3) connection.send(answer(streamId))
      },
    })
    await using sender = new Sender(server, { maxConnections: 1 })
    const state = (): string => {
      const { connection: _, age, ...rest } = onlyConnection(sender.apns.stats())
      assert.ok(age >= 0 && age < 60, `${age} s`)
      return JSON.stringify(rest)
    }
    const told = (states: Partial<ConnectionStats>): string =>
      JSON.stringify({
        state: 'open',
        streams: 0,
        streamLimit: 5,
        sent: 0,
        answered: 0,
        roundTrip: undefined,
        ...states,
      })
    const delivery = sender.send(3)
    // It connects in the turn after that.
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(state(), told({ state: 'connecting', streamLimit: 1 }))
    await until(() => connections[0]?.requests.length === 1)
    assert.equal(state(), told({ state: 'probing', streams: 1, sent: 1 }))
    const [connection] = connections
    connection?.send(answer(1))
    // The second is answered by itself.
    await until(() => delivery.succeeded === 2)
    assert.equal(state(), told({ streams: 1, sent: 3, answered: 2 }))
    assert.equal(sender.apns.stats().inFlight, 1)
    connection?.send(answer(5))
    await sender.accepted(delivery)
    assert.equal(state(), told({ sent: 3, answered: 3 }))
  })

  it('shows a connection that drains, and then forgets it', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'a', delay: 0.2 }] })
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(1))
    const delivery = sender.send(tokensOf(1, 'a'))
    await apns.waitFor((server) => server.counts().openStreams === 1)
    apns.goAway()
    await until(() => onlyConnection(sender.apns.stats()).state === 'draining')
    await sender.accepted(delivery)
    await until(() => sender.apns.stats().traffic.connections.length === 0)
  })

  it('counts connections that are opened again', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { retryDelay: 30 })
    for (let round = 1; round <= 3; round++) {
      await sender.accepted(sender.send(5))
      assert.equal(sender.apns.stats().traffic.connectionsOpened, round)
      apns.goAway()
      await until(() => sender.apns.stats().connections === 0)
    }
    assert.equal(sender.apns.stats().traffic.connectionsFailed, 0)
  })

  it('says how long the next attempt to connect is put off', async (context) => {
    context.mock.method(Math, 'random', () => 0.5)
    await using server = await startTcpServer((socket) => socket.destroy())
    await using sender = new Sender(server, { retryDelay: 100 })
    sender.send(1)
    assert.equal(sender.apns.stats().traffic.backOff, 0)
    await until(() => sender.apns.stats().traffic.backOff > 0)
    const { backOff, connectionsFailed, connections } = sender.apns.stats().traffic
    assert.ok(backOff > 20 && backOff <= 50, `${backOff} s`)
    assert.deepEqual([connectionsFailed, connections], [1, []])
    await sender.apns.close({ timeout: 0 })
    assert.equal(sender.apns.stats().traffic.backOff, 0, 'there will be no other')
  })

  it('counts PINGs, and times the last', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { pingInterval: 0.03, pingTimeout: 5 })
    await sender.accepted(sender.send(1))
    await until(() => onlyConnection(sender.apns.stats()).roundTrip !== undefined)
    const { pings } = sender.apns.stats().traffic
    const { roundTrip = -1 } = onlyConnection(sender.apns.stats())
    assert.ok(pings >= 1 && roundTrip > 0 && roundTrip < 5, `${pings} PINGs, ${roundTrip} s`)
    const record = new ConnectionRecord(new Traffic('any'), 'http2', { host: '', port: 1, proxy: undefined })
    record.ponged(250)
    assert.equal(record.stats('open', 0).roundTrip, 0.25)
  })

  it('is the caller’s own snapshot', async () => {
    await using apns = await startSimulator({ rules: [{ times: 1, badDeviceToken: true }] })
    await using sender = new Sender(apns)
    await sender.outcomes(sender.send(2))
    const before = sender.apns.stats()
    const copy = structuredClone(before)
    await sender.outcomes(sender.send(2))
    assert.deepEqual(before, copy)
    assert.equal(sender.apns.stats().traffic.sent, 4)
  })

  it('of the gateway has its one connection', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(tokensOf(3)))
    const { connection: _, age, ...rest } = onlyConnection(sender.apns.stats())
    assert.ok(age > 0 && age < 60, `${age} s`)
    assert.deepEqual(rest, {
      state: 'open',
      streams: 0,
      streamLimit: Number.POSITIVE_INFINITY,
      sent: 3,
      answered: 0,
      roundTrip: undefined,
    })
  })

  it('is nothing from a backend that does not count', () => {
    const { apns } = managerWith(ScriptedBackend)
    const nothing: TrafficStats = {
      sent: 0,
      answered: { '2xx': 0, '4xx': 0, '5xx': 0, other: 0 },
      unanswered: 0,
      reasons: {},
      connectionsOpened: 0,
      connectionsFailed: 0,
      pings: 0,
      backOff: 0,
      connections: [],
    }
    assert.deepEqual(apns.stats().traffic, nothing)
  })
})

describe('the count of reasons', () => {
  it('is bounded, whatever a server calls its reasons', () => {
    const traffic = new Traffic('any')
    for (const reason of ['__proto__', 'constructor', 'x'.repeat(65)]) traffic.refused(400, reason)
    for (let index = 0; index < 1000; index++) traffic.refused(400, `Reason${index}`)
    traffic.refused(400, 'Reason0')
    const { reasons } = traffic.snapshot([], 0)
    assert.ok(Object.keys(reasons).length <= 65)
    assert.equal(Object.getPrototypeOf(reasons), Object.prototype)
    assert.equal(Object.getOwnPropertyDescriptor(reasons, '__proto__')?.value, 1)
    assert.equal(Object.hasOwn(reasons, 'constructor'), true)
    assert.equal(Object.hasOwn(reasons, 'x'.repeat(65)), false)
    assert.equal(reasons['Reason0'], 2)
    assert.equal(
      Object.values(reasons).reduce((sum, count) => sum + count, 0),
      1004,
    )
  })
})

describe('the lag', () => {
  it('grows while nothing moves, and is what the last message took after that', async (context) => {
    let nowMs = 1000
    context.mock.method(performance, 'now', () => nowMs)
    const probe = new LagProbe()
    const [first, second, third] = [{}, {}, {}]
    assert.equal(probe.seconds, 0)
    probe.sent(first)
    nowMs += 500
    probe.sent(second)
    probe.done(second)
    assert.equal(probe.seconds, 0.5)
    nowMs += 500
    assert.equal(probe.seconds, 1, 'one is watched at a time')
    probe.done(first)
    nowMs += 5000
    assert.equal(probe.seconds, 1)
    probe.sent(third)
    assert.equal(probe.seconds, 0)
    nowMs += 250
    assert.equal(probe.seconds, 0.25)
  })

  it('is told by a manager', async () => {
    await using apns = await startSimulator({ rules: [{ silent: true }] })
    await using sender = new Sender(apns)
    sender.send([])
    assert.equal(sender.apns.stats().lag, 0, 'a message to nobody is never watched')
    sender.send(1)
    await until(() => sender.apns.stats().lag > 0.02)
  })
})
