import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Simulator, type SimulatorOptions, startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import {
  answer,
  type ScriptedConnection,
  settings,
  startScriptedServer,
} from '../../support/scripted-server.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** A simulator that cuts off who opens too many streams, so that one violation would show in many ways. */
function startStrict(options: SimulatorOptions): Promise<Simulator> {
  return startSimulator({ onStreamLimitViolation: 'goAway', ...options })
}

function assertObeyed(apns: Simulator, connections = 1): void {
  const counts = apns.counts()
  assert.equal(counts.streamLimitViolations, 0)
  assert.equal(counts.connections, connections)
}

describe('a cold connection', () => {
  it('sends one request and waits for its answer, even where the server allows more', async () => {
    let receivedAtFirstAnswer = 0
    await using apns = await startStrict({
      initialStreamLimit: 1000,
      latency: 0.05,
      onNotification: () => {
        receivedAtFirstAnswer ||= apns.counts().received
      },
    })
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(500))
    assert.equal(receivedAtFirstAnswer, 1)
    assertObeyed(apns)
  })

  it('uses the full limit after that answer, and not one stream more', async () => {
    let mostOpen = 0
    const open: number[] = []
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1)),
      requested: (connection, streamId) => {
        open.push(streamId)
        mostOpen = Math.max(mostOpen, open.length)
        if (streamId === 1) connection.send(settings(1000))
        if (streamId === 1 || open.length >= 1000)
          setImmediate(() => {
            for (const id of open.splice(0)) connection.send(answer(id))
          })
      },
    })
    await using sender = new Sender(server, { maxConnections: 1 })
    await sender.accepted(sender.send(3001))
    assert.equal(mostOpen, 1000)
  })

  it('sends on when its first request is refused', async () => {
    await using apns = await startStrict({ rules: [{ times: 1, badDeviceToken: true }] })
    await using sender = new Sender(apns)
    const outcomes = await sender.outcomes(sender.send(200))
    assert.equal(outcomes.filter(({ status }) => status === 'accepted').length, 199)
    assertObeyed(apns)
  })

  it('waits where the server takes no streams yet', async () => {
    let connection: ScriptedConnection | undefined
    await using server = await startScriptedServer({
      connected: (connected) => {
        connection = connected
        connected.send(settings(0))
      },
      requested: (connected, streamId) => connected.send(answer(streamId)),
    })
    await using sender = new Sender(server, { maxConnections: 1 })
    const delivery = sender.send(20)
    await until(() => sender.apns.stats().connections === 1)
    assert.deepEqual(connection?.requests, [])
    connection?.send(settings(3))
    await sender.accepted(delivery)
    assert.equal(server.connections, 1)
  })
})

describe('a stream limit that moves', () => {
  it('is followed down and up with streams in flight', async () => {
    let mostAfterLowering = 0
    let isLow = false
    await using apns = await startStrict({
      streamLimit: 100,
      latency: 0.01,
      onNotification: () => {
        const { openStreams } = apns.counts()
        if (isLow) mostAfterLowering = Math.max(mostAfterLowering, openStreams)
      },
    })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const delivery = sender.send(2000)
    await apns.waitFor((server) => server.counts().openStreams === 100)
    apns.setStreamLimit(7)
    await apns.waitFor((server) => server.counts().openStreams <= 7)
    isLow = true
    const { received } = apns.counts()
    await apns.waitFor((server) => server.counts().received >= received + 100)
    isLow = false
    assert.ok(mostAfterLowering > 0 && mostAfterLowering <= 7, `${mostAfterLowering} streams were open`)
    apns.setStreamLimit(300)
    // Those that are open at this moment may be answered before the others have come.
    await apns.waitFor((server) => server.counts().maxOpenStreams >= 300 - 7)
    await sender.accepted(delivery)
    assertObeyed(apns)
  })

  it('may be 0 for a while', async () => {
    await using apns = await startStrict({ streamLimit: 50, latency: 0.01 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const delivery = sender.send(500)
    await apns.waitFor((server) => server.counts().openStreams === 50)
    apns.setStreamLimit(0)
    await apns.waitFor((server) => server.counts().openStreams === 0)
    assert.ok(delivery.pending > 0)
    // What is sent now is a violation, and counted.
    apns.setStreamLimit(1)
    await apns.waitFor((server) => server.counts().openStreams === 1)
    apns.setStreamLimit(1000)
    await sender.accepted(delivery)
    assertObeyed(apns)
  })

  for (const [when, limits] of [
    ['from the beginning', [0]],
    ['after it took some', [5, 0]],
  ] as const) {
    it(`to 0 for good, ${when}, costs the connection its place`, async () => {
      using clock = new StoppedClock()
      const requests: number[] = []
      await using server = await startScriptedServer({
        connected: (connection) => connection.send(settings(connection.number === 1 ? limits[0] : 100)),
        requested: (connection, streamId) => {
          requests.push(connection.number)
          const [, second] = limits
          if (connection.number === 1 && second !== undefined) connection.send(settings(second))
          connection.send(answer(streamId))
        },
      })
      await using sender = new Sender(server, { maxConnections: 1, connectTimeout: 10, retryDelay: 0.001 })
      const delivery = sender.send(20)
      await until(() => sender.apns.stats().traffic.connections[0]?.streamLimit === 0)
      await until(() => sender.apns.stats().inFlight === 0)
      // The first look begins the wait, and it is over at the one after ten seconds.
      for (let passed = 0; passed < 12_000; passed += 1000) await clock.pass(1000)
      await until(() => {
        clock.advance(1)
        return delivery.pending === 0
      })
      await sender.accepted(delivery)
      assert.equal(server.connections, 2)
      assert.equal(requests.filter((number) => number === 1).length, limits.length - 1)
      assert.match(sender.warnings.join(), /the server has taken no request for 10 s/)
    })
  }

  it('drops to 1 with each refusal and comes back with each success', async () => {
    const tokens = tokensOf(1000)
    await using apns = await startStrict({
      shrinkOnRefusal: true,
      rules: [{ token: tokens.filter((_, index) => index % 3 === 2), badDeviceToken: true }],
    })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const outcomes = await sender.outcomes(sender.send(tokens))
    assert.equal(outcomes.filter(({ status }) => status === 'refused').length, 333)
    assert.equal(apns.counts().received, 1000)
    assertObeyed(apns)
  })

  it('of 1 after a refusal is not spent on a cluster of dead tokens: every other one comes from the end of the list', async () => {
    const dead = tokensOf(50, 'dead')
    const good = tokensOf(500, 'aa')
    await using apns = await startStrict({
      shrinkOnRefusal: true,
      latency: 0.01,
      rules: [{ tokenPrefix: 'dead', status: 400, reason: 'DeviceTokenNotForTopic' }],
    })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const outcomes = await sender.outcomes(sender.send([...dead, ...good]))
    assert.equal(outcomes.filter(({ status }) => status === 'refused').length, dead.length)
    assert.deepEqual(
      apns.received.slice(0, 3).map(({ token }) => token),
      [dead[0], good.at(-1), dead[1]],
      'the second opens the limit again',
    )
    assertObeyed(apns)
  })

  it('of 1 that the server always has keeps the order', async () => {
    await using apns = await startStrict({ streamLimit: 1 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const tokens = tokensOf(20)
    await sender.accepted(sender.send(tokens))
    assert.deepEqual(
      apns.received.map(({ token }) => token),
      tokens,
    )
  })

  it('that the server does not set is none', async () => {
    let mostOpen = 0
    const waiting: number[] = []
    await using server = await startScriptedServer({
      requested: (connection, streamId) => {
        waiting.push(streamId)
        mostOpen = Math.max(mostOpen, waiting.length)
        if (streamId === 1 || waiting.length === 2000)
          for (const id of waiting.splice(0)) connection.send(answer(id))
      },
    })
    await using sender = new Sender(server)
    await sender.accepted(sender.send(2001))
    assert.equal(mostOpen, 2000)
    assert.equal(server.connections, 1)
  })
})
