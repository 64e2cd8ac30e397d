import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, settings, startScriptedServer } from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { startNodeServer, startTcpServer, type TestServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** Enough of a TLS handshake to begin with, and not enough to end it. */
const PART_OF_HANDSHAKE_BYTES = 200

/** Where a connection can fall silent before it is one: what is done with the first connection to a server. */
const HOLES: Readonly<Record<string, (client: Socket, server: Socket) => void>> = {
  'after TCP’s accept': () => {},
  'within the TLS handshake': (client, server) => {
    client.pipe(server)
    server.once('data', (chunk: Buffer) => client.write(chunk.subarray(0, PART_OF_HANDSHAKE_BYTES)))
  },
  'before SETTINGS': (client, server) => {
    client.pipe(server)
    // What a server sends in a TLS 1.3 handshake comes in one piece; the rest would be SETTINGS.
    server.once('data', (chunk: Buffer) => client.write(chunk))
  },
}

/** A way to a server that passes the first `holes` connections into a hole. */
function startHoles(
  server: TestServer,
  hole: (client: Socket, server: Socket) => void,
  holes: number,
): Promise<TestServer> {
  const port = server.environment.port ?? 0
  return startTcpServer((client, number) => {
    const onward = connect(port, '127.0.0.1')
    onward.on('error', () => {})
    client.on('close', () => onward.destroy())
    client.resume()
    if (number <= holes) {
      hole(client, onward)
    } else {
      onward.on('close', () => client.destroy())
      client.pipe(onward).pipe(client)
    }
  }, server.environment.ca)
}

function startAnswering(): Promise<TestServer> {
  return startNodeServer(({ stream }) => stream.respond({ ':status': 200 }, { endStream: true }))
}

describe('a connection that falls silent', () => {
  for (const [where, hole] of Object.entries(HOLES)) {
    it(`${where} is given up in time, and another takes its place`, async () => {
      await using server = await startAnswering()
      await using entrance = await startHoles(server, hole, 2)
      await using sender = new Sender(entrance, { connectTimeout: 0.1, retryDelay: 0.01 })
      // Nothing of it was sent.
      await sender.accepted(sender.send(20, { ambiguous: 'drop' }))
      assert.equal(entrance.connections, 3)
      assert.equal(sender.warnings.length, 2)
      for (const warning of sender.warnings)
        assert.match(warning, /no HTTP\/2 connection to 127\.0\.0\.1:\d+ within 0\.1 s/)
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
      let answered = 0
      await using server = await startScriptedServer({
        connected: (connection) => connection.send(settings(100)),
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === 1) {
            answered++
            connection.send(answer(streamId))
          }
        },
      })
      await using sender = new Sender(server, { requestTimeout: 0.15, maxConnections: 1, retryDelay: 0.01 })
      const outcomes = await sender.outcomes(sender.send(150, { ambiguous }))
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : 100)
      assert.equal(answered, 150 - unknown.length)
      assert.equal(server.connections, 2)
      assert.match(sender.warnings.join(), /the server has been silent for 0\.15 s/)
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
      let unanswered = 0
      let answered = 0
      await using server = await startScriptedServer({
        connected: (connection) => {
          connection.send(settings(100))
          // SETTINGS again and again: bytes, and no answers.
          const timer = setInterval(() => connection.send(settings(100)), 10)
          connection.socket.once('close', () => clearInterval(timer))
        },
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === 1) {
            answered++
            connection.send(answer(streamId))
          } else {
            unanswered++
          }
        },
      })
      await using sender = new Sender(server, { requestTimeout: 0.15, maxConnections: 1, retryDelay: 0.01 })
      const outcomes = await sender.outcomes(sender.send(150, { ambiguous }))
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unanswered, 100)
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : 100)
      for (const { error } of unknown) assert.equal(error?.reason, 'RequestTimeout')
      assert.equal(answered, 150 - unknown.length)
      assert.equal(server.connections, 2)
    })
  }

  it('to a single request keeps its others', async () => {
    let dropped = false
    const resets: number[] = []
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(100)),
      requested: (connection, streamId) => {
        if (streamId === 21 && !dropped) dropped = true
        else setTimeout(() => connection.send(answer(streamId)), streamId === 1 ? 0 : 20)
      },
      cancelled: (_connection, streamId) => resets.push(streamId),
    })
    await using sender = new Sender(server, { requestTimeout: 0.15, maxConnections: 1 })
    await sender.accepted(sender.send(50))
    assert.deepEqual(resets, [21], 'the server learns that nobody waits for it any more')
    assert.equal(server.connections, 1)
    assert.equal(sender.apns.stats().retried, 1)
  })

  it('counts the time from when a request was sent, not from when it was queued', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1)),
      requested: (connection, streamId) => setTimeout(() => connection.send(answer(streamId)), 10),
    })
    await using sender = new Sender(server, { requestTimeout: 0.2, maxConnections: 1 })
    // The last of them waits for more than 0.4 s.
    await sender.accepted(sender.send(40, { ambiguous: 'drop' }))
  })
})
