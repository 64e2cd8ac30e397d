import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import {
  answer,
  goAway,
  type ScriptedConnection,
  settings,
  startScriptedServer,
} from '../../support/scripted-server.js'
import { Sender, sorted, tokensOf } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import type { TestServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

const IN_FLIGHT = 100
/** Less than any deadline of the library. */
const LATENCY_MS = 20
/** GOAWAY with this id says: no more, and what is there is still answered (RFC 9113 section 6.8). */
const HIGHEST_STREAM_ID = 2 ** 31 - 1
const ENHANCE_YOUR_CALM = 11

/**
 * A server whose first connection answers the first request and then collects a hundred, for the test to do with them
 * what it likes. All others answer.
 */
async function startCollecting(collected: (first: ScriptedConnection) => void): Promise<{
  readonly server: TestServer
  readonly connections: ScriptedConnection[]
}> {
  const connections: ScriptedConnection[] = []
  const server = await startScriptedServer({
    connected: (connection) => {
      connections.push(connection)
      connection.send(settings(IN_FLIGHT))
    },
    requested: (connection, streamId) => {
      if (connection.number > 1 || streamId === 1) connection.send(answer(streamId))
      else if (connection.requests.length === IN_FLIGHT + 1) collected(connection)
    },
  })
  return { server, connections }
}

describe('GOAWAY with requests in flight', () => {
  it('sends what is above the last stream id elsewhere at once, and awaits the answers of the others', async () => {
    let lastStreamId = 0
    const { server, connections } = await startCollecting((first) => {
      lastStreamId = first.requests[IN_FLIGHT / 2] ?? 0
      first.send(goAway(lastStreamId))
    })
    await using _server = server
    // No attempt is lost on what was surely not processed, and it does not count as of unknown fate.
    await using sender = new Sender(server, { maxAttempts: 1, maxConnections: 1 })
    const delivery = sender.send(200, { ambiguous: 'drop' })
    await until(() => delivery.succeeded === 200 - IN_FLIGHT / 2)
    const [first, second] = connections
    assert.equal(first?.socket.destroyed, false, 'it is still open for its answers')
    assert.equal(second?.requests.length, 200 - 1 - IN_FLIGHT / 2)
    for (const streamId of first?.requests.slice(1) ?? [])
      if (streamId <= lastStreamId) first?.send(answer(streamId))
    await sender.accepted(delivery)
    await until(() => first?.socket.destroyed ?? false)
    assert.equal(server.connections, 2)
    assert.equal(sender.apns.stats().retried, IN_FLIGHT / 2)
    assert.deepEqual(sender.warnings, [])
  })

  it('may come twice, the second time for good', async () => {
    const { server, connections } = await startCollecting((first) => {
      first.send(goAway(HIGHEST_STREAM_ID))
      setImmediate(() => {
        const [, answered = 0] = first.requests
        first.send(goAway(answered), answer(answered))
      })
    })
    await using _server = server
    await using sender = new Sender(server, { maxConnections: 1 })
    await sender.accepted(sender.send(150, { ambiguous: 'drop' }))
    assert.equal(connections[1]?.requests.length, 150 - 2)
  })

  for (const [debugData, logged] of [
    ['', 'HTTP/2 error code 11'],
    ['{"reason":"TooManyRequests"}', 'TooManyRequests'],
  ] as const) {
    it(`with an error code is logged (${logged}), and costs nothing that was not processed`, async () => {
      const { server } = await startCollecting((first) => first.send(goAway(1, ENHANCE_YOUR_CALM, debugData)))
      await using _server = server
      await using sender = new Sender(server, { retryDelay: 0.01, maxConnections: 1 })
      await sender.accepted(sender.send(150, { ambiguous: 'drop' }))
      assert.deepEqual(sender.warnings, [`connection lost: the server closed the connection: ${logged}`])
    })
  }

  it('may leave out the same requests on several connections, and none of them waits', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(IN_FLIGHT)),
      requested: (connection, streamId) => {
        if (streamId === 1 || connection.number > 4) connection.send(answer(streamId))
        else if (connection.requests.length === IN_FLIGHT + 1) connection.send(goAway(1))
      },
    })
    await using sender = new Sender(server, { retryDelay: 60, maxRetryTime: 0, maxConnections: 1 })
    await sender.accepted(sender.send(IN_FLIGHT + 4, { ambiguous: 'drop' }))
    assert.equal(server.connections, 5)
  })

  it('re-sends with the same apns-id', async () => {
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: 0.02 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const delivery = sender.send(IN_FLIGHT + 1)
    await apns.waitFor((server) => server.counts().openStreams === IN_FLIGHT)
    apns.goAway({ lastStreamId: 'answered' })
    await sender.accepted(delivery)
    const ids = new Map<string, string[]>()
    for (const { token, id = '' } of apns.received) ids.set(token, [...(ids.get(token) ?? []), id])
    const twice = [...ids.values()].filter(({ length }) => length === 2)
    assert.equal(twice.length, IN_FLIGHT)
    for (const [first, second] of twice) assert.equal(first, second)
  })

  it('sends nothing twice when everything is answered', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: LATENCY_MS / 1000 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const tokens = tokensOf(500)
    const delivery = sender.send(tokens)
    for (let round = 1; round <= 3; round++) {
      const before = apns.counts().received
      await apns.waitFor(before + 1)
      clock.advance(LATENCY_MS)
      // The answer to the first on this connection lets the others go; those on the one before are answered as well.
      await apns.waitFor(before + 1 + IN_FLIGHT)
      assert.equal(apns.counts().connections, round)
      apns.goAway()
    }
    await until(() => {
      clock.advance(LATENCY_MS)
      return delivery.pending === 0
    })
    await sender.accepted(delivery)
    assert.deepEqual(sorted(apns.received.map(({ token }) => token)), tokens)
    assert.equal(apns.counts().connections, 4)
  })
})

describe('GOAWAY on an idle connection', () => {
  for (const options of [{}, { reason: 'IdleTimeout' }]) {
    it(`${options.reason ?? 'without a reason'} is no fault: the next request opens another at once`, async () => {
      await using apns = await startSimulator()
      await using sender = new Sender(apns, { retryDelay: 30 })
      await sender.accepted(sender.send(5))
      apns.goAway(options)
      await until(() => sender.apns.stats().connections === 0)
      await sender.accepted(sender.send(5))
      assert.equal(apns.counts().connections, 2)
      assert.deepEqual(sender.warnings, [])
    })
  }

  it('comes from a server that closes what is idle, and everything is sent all the same', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator({ idleTimeout: 1 })
    await using sender = new Sender(apns, { retryDelay: 30 })
    for (let round = 1; round <= 3; round++) {
      await sender.accepted(sender.send(5))
      await until(() => {
        clock.advance(1000)
        return apns.counts().openConnections === 0
      })
      await until(() => sender.apns.stats().connections === 0)
    }
    assert.equal(apns.counts().received, 15)
    assert.equal(apns.counts().connections, 3)
  })
})

describe('GOAWAY that names a configuration error', () => {
  it('stops the line, once, and loses nothing', async () => {
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: 0.02 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    const delivery = sender.send(500)
    await apns.waitFor((server) => server.counts().openStreams === IN_FLIGHT)
    apns.goAway({ reason: 'BadCertificateEnvironment', lastStreamId: 'answered' })
    const error = await sender.stopped()
    assert.equal(error.code, 'configuration')
    assert.equal(error.reason, 'BadCertificateEnvironment')
    assert.equal(error.token, undefined)
    assert.deepEqual(sender.errors, [error])
    await until(() => sender.apns.stats().inFlight === 0)
    sender.apns.resume()
    await sender.accepted(delivery)
  })

  it('stops it before SETTINGS too', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => {
        if (connection.number <= 2) {
          connection.send(goAway(0, 0, '{"reason":"BadCertificate"}'))
          connection.socket.end()
        } else {
          connection.send(settings())
        }
      },
      requested: (connection, streamId) => connection.send(answer(streamId)),
    })
    await using sender = new Sender(server)
    const delivery = sender.send(10)
    for (let round = 1; round <= 2; round++) {
      assert.equal((await sender.stopped()).reason, 'BadCertificate')
      assert.equal(sender.errors.length, round)
      assert.equal(server.connections, round)
      await until(() => server.sockets.size === 0)
      sender.apns.resume()
    }
    await sender.accepted(delivery)
  })
})

describe('GOAWAY before SETTINGS', () => {
  for (const debugData of ['', '{"reason":"Shutdown"}', 'go away', '{"reason":']) {
    it(`${debugData === '' ? 'without debug data' : `with ${debugData}`} means another connection, after a back-off`, async () => {
      await using server = await startScriptedServer({
        connected: (connection) =>
          connection.send(connection.number <= 2 ? goAway(0, 0, debugData) : settings()),
        requested: (connection, streamId) => connection.send(answer(streamId)),
      })
      await using sender = new Sender(server, { retryDelay: 0.01 })
      await sender.accepted(sender.send(10, { ambiguous: 'drop' }))
      assert.equal(server.connections, 3)
    })
  }
})
