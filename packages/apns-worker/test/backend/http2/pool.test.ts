import assert from 'node:assert/strict'
import { beforeEach, describe, it, mock } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, settings, startScriptedServer } from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { startTcpServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** Seconds; how long they are is for the clock of a test. */
const IDLE_TIMEOUT = 60
/** How often idle connections are looked for. */
const SHRINK_INTERVAL_MS = 1000

// Back-offs are drawn at random; here each takes half of what it may at most.
beforeEach(() => {
  mock.method(Math, 'random', () => 0.5)
})

describe('the connection pool', () => {
  it('has no connection while there is nothing to send', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    assert.equal(sender.apns.stats().connections, 0)
    await sender.accepted(sender.send(0))
    assert.equal(apns.counts().connections, 0)
  })

  it('keeps to one connection as long as its streams suffice', async () => {
    await using apns = await startSimulator({ latency: 0.01 })
    await using sender = new Sender(apns)
    for (let round = 0; round < 10; round++) await sender.accepted(sender.send(round * 90))
    assert.equal(apns.counts().connections, 1)
  })

  it('opens further ones only when those before are full, one at a time, up to the most allowed', async () => {
    const connectionsAtFirstAnswer = new Map<number, number>()
    await using apns = await startSimulator({
      streamLimit: 10,
      latency: 0.01,
      onNotification: ({ connection }) => {
        if (!connectionsAtFirstAnswer.has(connection))
          connectionsAtFirstAnswer.set(connection, apns.counts().connections)
      },
    })
    await using sender = new Sender(apns, { maxConnections: 4 })
    await sender.accepted(sender.send(1000))
    assert.deepEqual(
      [...connectionsAtFirstAnswer],
      [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ],
    )
    assert.equal(apns.counts().connections, 4)
    assert.equal(apns.counts().maxOpenStreams, 10)
    assert.equal(sender.apns.stats().connections, 4)
  })

  it('replaces a connection that has served its number of requests', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { maxConnections: 1, maxConnectionRequests: 10 })
    await sender.accepted(sender.send(95))
    await apns.waitFor((server) => server.counts().openConnections === 1)
    assert.equal(apns.counts().connections, 10)
    assert.equal(apns.counts().received, 95)
    assert.deepEqual(sender.warnings, [])
  })

  it('ends a connection that is old, and opens another when there is work', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { maxConnectionAge: 60 })
    await sender.accepted(sender.send(3))
    await clock.pass(59_000)
    await sender.accepted(sender.send(3))
    assert.equal(sender.apns.stats().connections, 1)
    await clock.pass(1000)
    assert.equal(sender.apns.stats().connections, 0)
    await sender.accepted(sender.send(3))
    assert.equal(apns.counts().connections, 2)
    assert.deepEqual(sender.warnings, [])
  })

  it('closes all but one when they have had nothing to do for a while, and sends on over that one', async () => {
    using clock = new StoppedClock()
    const held: (() => void)[] = []
    let isHeld = true
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(10)),
      // Answered is the first on each connection. With the others it is full, and another is opened.
      requested: (connection, streamId) => {
        const respond = (): void => connection.send(answer(streamId))
        if (isHeld && streamId !== 1) held.push(respond)
        else respond()
      },
    })
    await using sender = new Sender(server, { maxConnections: 3, idleTimeout: IDLE_TIMEOUT })
    const delivery = sender.send(300)
    await until(() => held.length === 30)
    isHeld = false
    for (const respond of held) respond()
    await sender.accepted(delivery)
    await clock.pass(IDLE_TIMEOUT * 1000 - 1)
    assert.equal(sender.apns.stats().connections, 3)
    await clock.pass(SHRINK_INTERVAL_MS)
    assert.equal(sender.apns.stats().connections, 1)
    await until(() => server.sockets.size === 1)
    await sender.accepted(sender.send(5))
    assert.equal(server.connections, 3)
    assert.deepEqual(sender.warnings, [])
  })

  it('leaves nothing behind, however many managers come and go', async () => {
    await using apns = await startSimulator()
    for (let count = 0; count < 40; count++) {
      await using sender = new Sender(apns)
      await sender.accepted(sender.send(2))
    }
    const { connections, openConnections } = apns.counts()
    assert.deepEqual([connections, openConnections], [40, 0])
  })

  it('waits longer and longer while nobody answers, and sends when somebody does', async () => {
    const attemptsAtMs: number[] = []
    await using server = await startTcpServer((socket) => {
      attemptsAtMs.push(performance.now())
      socket.destroy()
    })
    await using sender = new Sender(server, { retryDelay: 0.1 })
    sender.send(100)
    await until(() => attemptsAtMs.length === 4)
    assertWaits(attemptsAtMs)
    assert.equal(sender.apns.stats().queued, 100)
    assert.deepEqual(sender.errors, [])
  })

  it('waits longer and longer to open another while the server takes no more', async () => {
    const refusedAtMs: number[] = []
    await using server = await startScriptedServer({
      connected: (connection) => {
        if (connection.number === 1) {
          connection.send(settings(1))
        } else {
          refusedAtMs.push(performance.now())
          connection.socket.destroy()
        }
      },
      requested: (connection, streamId) => setImmediate(() => connection.send(answer(streamId))),
    })
    await using sender = new Sender(server, { retryDelay: 0.1 })
    const endless = setInterval(() => sender.send(100), 1)
    await until(() => refusedAtMs.length === 4).finally(() => clearInterval(endless))
    assertWaits(refusedAtMs)
    assert.deepEqual(sender.errors, [])
  })

  for (const [status, reason] of [
    [503, 'Shutdown'],
    [429, 'TooManyProviderTokenUpdates'],
    [403, 'UnrelatedKeyIdInToken'],
  ] as const) {
    it(`does not hammer a server that answers ${reason} on each new connection`, async () => {
      await using apns = await startSimulator()
      const mend = apns.reply({ status, reason })
      await using sender = new Sender(apns, { retryDelay: 0.1 })
      const startMs = performance.now()
      const delivery = sender.send(100)
      await apns.waitFor((server) => server.counts().connections === 4)
      // Half of 100, 200 and 400 ms, and timers may be a little early.
      assert.ok(performance.now() - startMs >= 340)
      assert.ok(apns.counts().received <= 4)
      mend()
      await sender.accepted(delivery)
    })
  }

  it('replaces a connection that has served at once', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { retryDelay: 30 })
    await sender.accepted(sender.send(10))
    apns.reply({ times: 1, status: 503, reason: 'Shutdown', headers: { 'retry-after': '0' } })
    sender.send(1)
    await apns.waitFor(11)
    await sender.accepted(sender.send(10))
    assert.equal(apns.counts().connections, 2)
  })
})

/** Four attempts, with half of 100, 200 and 400 ms in between; what is seen may be a little off. */
function assertWaits(attemptsAtMs: readonly number[]): void {
  const waits = attemptsAtMs.slice(1).map((atMs, index) => atMs - (attemptsAtMs[index] ?? 0))
  for (const [index, atLeast] of [50, 100, 200].entries())
    assert.ok((waits[index] ?? 0) >= atLeast - 10, `attempts came after ${waits.join(', ')} ms`)
}
