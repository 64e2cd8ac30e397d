import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../../support/leaks.js'
import {
  answer,
  type ScriptedConnection,
  settings,
  startScriptedServer,
} from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { startNodeServer, startTcpServer, type TestServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** Enough of a TLS handshake to begin with, and not enough to end it. */
const PART_OF_HANDSHAKE_BYTES = 200

/**
 * Where a connection can fall silent before it is one: what is done with the first connections to a server. `fallen` is
 * told when nothing more will come.
 */
const HOLES: Readonly<Record<string, (client: Socket, server: Socket, fallen: () => void) => void>> = {
  'after TCP’s accept': (_client, _server, fallen) => fallen(),
  'within the TLS handshake': (client, server, fallen) => {
    client.pipe(server)
    server.once('data', (chunk: Buffer) => client.write(chunk.subarray(0, PART_OF_HANDSHAKE_BYTES), fallen))
  },
  'before SETTINGS': (client, server, fallen) => {
    client.pipe(server)
    // What a server sends in a TLS 1.3 handshake comes in one piece; the rest would be SETTINGS.
    server.once('data', (chunk: Buffer) => client.write(chunk, fallen))
  },
}

/** A way to a server that passes the first `holes` connections into a hole. */
function startHoles(
  server: TestServer,
  hole: (client: Socket, server: Socket, fallen: () => void) => void,
  holes: number,
  fallen: () => void = () => {},
): Promise<TestServer> {
  const port = server.environment.port ?? 0
  return startTcpServer((client, number) => {
    const onward = connect(port, '127.0.0.1')
    onward.on('error', () => {})
    client.on('close', () => onward.destroy())
    client.resume()
    if (number <= holes) {
      hole(client, onward, fallen)
    } else {
      onward.on('close', () => client.destroy())
      client.pipe(onward).pipe(client)
    }
  }, server.environment.ca)
}

function startAnswering(): Promise<TestServer> {
  return startNodeServer(({ stream }) => stream.respond({ ':status': 200 }, { endStream: true }))
}

/** Seconds; how long they are is for the clocks of the tests. */
const CONNECT_TIMEOUT = 5
const REQUEST_TIMEOUT = 20
const LIMIT = 100

describe('a connection that falls silent', () => {
  for (const [where, hole] of Object.entries(HOLES)) {
    it(`${where} is given up in time, and another takes its place`, async () => {
      using clock = new StoppedClock()
      let fallen = 0
      await using server = await startAnswering()
      await using entrance = await startHoles(server, hole, 2, () => fallen++)
      await using sender = new Sender(entrance, { connectTimeout: CONNECT_TIMEOUT, retryDelay: 0 })
      // Nothing of it was sent.
      const delivery = sender.send(20, { ambiguous: 'drop' })
      for (let holes = 1; holes <= 2; holes++) {
        await until(() => fallen === holes)
        await clock.pass(CONNECT_TIMEOUT * 1000 - 1)
        assert.equal(sender.warnings.length, holes - 1)
        await clock.pass(1)
        assert.equal(sender.warnings.length, holes)
      }
      await sender.accepted(delivery)
      assert.equal(entrance.connections, 3)
      for (const warning of sender.warnings)
        assert.match(warning, /no HTTP\/2 connection to 127\.0\.0\.1:\d+ within 5 s/)
    })

    it(`${where} does not hold up close()`, async () => {
      await using server = await startAnswering()
      await using entrance = await startHoles(server, hole, 1)
      await using sender = new Sender(entrance)
      sender.send(3)
      await until(() => entrance.sockets.size === 1)
      const { unsent } = await sender.apns.close({ timeout: 0.05 })
      assert.deepEqual(
        unsent.map(({ code }) => code),
        ['cancelled', 'cancelled', 'cancelled'],
      )
    })
  }

  for (const ambiguous of ['resend', 'drop'] as const) {
    const what = ambiguous === 'resend' ? 'sent again over another' : 'reported as unknown'
    it(`with requests in flight is given up, and they are ${what}`, async () => {
      using clock = new StoppedClock()
      let unanswered = 0
      let answered = 0
      await using server = await startScriptedServer({
        connected: (connection) => connection.send(settings(LIMIT)),
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === 1) {
            answered++
            connection.send(answer(streamId))
          } else {
            unanswered++
          }
        },
      })
      await using sender = new Sender(server, {
        requestTimeout: REQUEST_TIMEOUT,
        maxConnections: 1,
        retryDelay: 0,
      })
      const delivery = sender.send(150, { ambiguous })
      await until(() => unanswered === LIMIT)
      await clock.pass(REQUEST_TIMEOUT * 1000 - 1)
      assert.deepEqual(sender.warnings, [])
      await clock.pass(1)
      assert.match(sender.warnings.join(), /the server has been silent for 20 s/)
      const outcomes = await sender.outcomes(delivery)
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : LIMIT)
      assert.equal(answered, 150 - unknown.length)
      assert.equal(server.connections, 2)
      assert.equal(sender.warnings.length, 1)
    })
  }

  it('with requests in flight does not hold up close(), which says what it does not know', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(10)),
      requested: (connection, streamId) => {
        if (streamId === 1) connection.send(answer(streamId))
      },
    })
    await using sender = new Sender(server, { maxConnections: 1 })
    const delivery = sender.send(31)
    await until(() => sender.apns.stats().inFlight === 10)
    const { unsent } = await sender.apns.close({ timeout: 0 })
    assert.equal(unsent.filter(({ code }) => code === 'unknown').length, 10)
    assert.equal(unsent.filter(({ code }) => code === 'cancelled').length, 20)
    const outcomes: string[] = []
    for await (const { status } of delivery) outcomes.push(status)
    assert.deepEqual(outcomes.sort(), [
      'accepted',
      ...Array<string>(20).fill('cancelled'),
      ...Array<string>(10).fill('unknown'),
    ])
  })
})

describe('a connection that is alive and does not answer', () => {
  for (const ambiguous of ['resend', 'drop'] as const) {
    const what = ambiguous === 'resend' ? 'sent again over another' : 'reported as unknown'
    it(`is replaced, and its requests are ${what}`, async () => {
      using clock = new StoppedClock()
      let first: ScriptedConnection | undefined
      let unanswered = 0
      let answered = 0
      let acknowledged = 0
      await using server = await startScriptedServer({
        connected: (connection) => {
          first ??= connection
          connection.send(settings(LIMIT))
        },
        requested: (connection, streamId) => {
          if (connection !== first || streamId === 1) {
            answered++
            connection.send(answer(streamId))
          } else {
            unanswered++
          }
        },
        acknowledged: () => acknowledged++,
      })
      await using sender = new Sender(server, {
        requestTimeout: REQUEST_TIMEOUT,
        maxConnections: 1,
        retryDelay: 0,
      })
      const delivery = sender.send(150, { ambiguous })
      await until(() => unanswered === LIMIT)
      await clock.pass(REQUEST_TIMEOUT * 500)
      // Bytes, and no answers.
      first?.send(settings(LIMIT))
      await until(() => acknowledged === 2)
      await clock.pass(REQUEST_TIMEOUT * 500 - 1)
      assert.equal(sender.apns.stats().inFlight, LIMIT)
      await clock.pass(1)
      assert.equal(sender.apns.stats().inFlight, 0)
      const outcomes = await sender.outcomes(delivery)
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unanswered, LIMIT)
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : LIMIT)
      for (const { error } of unknown) assert.equal(error?.reason, 'RequestTimeout')
      assert.equal(answered, 150 - unknown.length)
      assert.equal(server.connections, 2)
    })
  }

  it('to a single request keeps its others', async () => {
    using clock = new StoppedClock()
    let dropped = false
    const resets: number[] = []
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(LIMIT)),
      requested: (connection, streamId) => {
        if (streamId === 21 && !dropped) dropped = true
        else connection.send(answer(streamId))
      },
      cancelled: (_connection, streamId) => resets.push(streamId),
    })
    await using sender = new Sender(server, { requestTimeout: REQUEST_TIMEOUT, maxConnections: 1 })
    const delivery = sender.send(50)
    await until(() => delivery.succeeded === 49)
    await clock.pass(REQUEST_TIMEOUT * 1000)
    await sender.accepted(delivery)
    assert.deepEqual(resets, [21], 'the server learns that nobody waits for it any more')
    assert.equal(server.connections, 1)
    assert.equal(sender.apns.stats().retried, 1)
  })

  it('counts the time from when a request was sent, not from when it was queued', async () => {
    using clock = new StoppedClock()
    const waiting: (() => void)[] = []
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1)),
      requested: (connection, streamId) => waiting.push(() => connection.send(answer(streamId))),
    })
    await using sender = new Sender(server, { requestTimeout: REQUEST_TIMEOUT, maxConnections: 1 })
    const delivery = sender.send(5, { ambiguous: 'drop' })
    // The last of them waits for more than four times as long as a request may take.
    for (let requests = 1; requests <= 5; requests++) {
      await until(() => waiting.length === requests)
      await clock.pass(REQUEST_TIMEOUT * 1000 - 1)
      waiting.at(-1)?.()
    }
    await sender.accepted(delivery)
  })
})

describe('a connection whose answers came in time', () => {
  it('is not given up because the process was held up and has not read them yet', async () => {
    using clock = new StoppedClock()
    const unanswered: number[] = []
    let first: ScriptedConnection | undefined
    await using server = await startScriptedServer({
      connected: (connection) => {
        first = connection
        connection.send(settings(LIMIT))
      },
      requested: (connection, streamId) => {
        if (streamId === 1) connection.send(answer(streamId))
        else unanswered.push(streamId)
      },
    })
    await using sender = new Sender(server, { requestTimeout: REQUEST_TIMEOUT, maxConnections: 1 })
    const delivery = sender.send(1 + LIMIT, { ambiguous: 'drop' })
    await until(() => unanswered.length === LIMIT)
    first?.send(...unanswered.map((streamId) => answer(streamId)))
    // In the same turn: nothing has been read yet.
    clock.advance(REQUEST_TIMEOUT * 1000)
    await sender.accepted(delivery)
    assert.deepEqual(sender.warnings, [])
    assert.equal(server.connections, 1)
  })
})
