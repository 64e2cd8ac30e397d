import assert from 'node:assert/strict'
import type { ServerHttp2Session } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { Message } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { startNodeServer, startTcpServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

const TOKENS = 5000
const PAYLOAD = { aps: { alert: 'hello' }, filling: 'x'.repeat(4000) }
/** As large as HTTP/2 has them, so that nothing but the socket holds the client back. */
const WINDOW_BYTES = 2 ** 31 - 1
/** After so many bytes the way to the server is blocked for a while. */
const BLOCKED_AFTER_BYTES = 100_000

describe('a server that reads slowly', () => {
  it('gets no more than the network takes, and in the end everything, once', async () => {
    let blocked: Socket | undefined
    let answers = 0
    await using server = await startNodeServer(
      ({ stream }) => {
        answers++
        stream.respond({ ':status': 200 }, { endStream: true })
      },
      { settings: { maxConcurrentStreams: 2 * TOKENS, initialWindowSize: WINDOW_BYTES } },
      (session: ServerHttp2Session) => session.setLocalWindowSize(WINDOW_BYTES),
    )
    await using way = await startTcpServer((client) => {
      const onward = connect(server.environment.port ?? 0, '127.0.0.1')
      let bytes = 0
      client.on('data', (chunk: Buffer) => {
        onward.write(chunk)
        bytes += chunk.length
        if (bytes < BLOCKED_AFTER_BYTES || blocked !== undefined) return
        client.pause()
        blocked = client
      })
      onward.pipe(client)
      onward.on('close', () => client.destroy())
      client.on('close', () => onward.destroy())
    }, server.environment.ca)
    await using sender = new Sender(way)
    const delivery = sender.sendMessage(new Message(tokensOf(TOKENS), PAYLOAD))
    await until(() => blocked !== undefined)
    // What does not change for a hundred turns of the event loop does not change while the way is blocked.
    let inFlight = 0
    let unchanged = 0
    await until(() => {
      const { inFlight: now } = sender.apns.stats()
      unchanged = now === inFlight ? unchanged + 1 : 0
      inFlight = now
      return unchanged === 100
    })
    assert.ok(inFlight < TOKENS / 2, `${inFlight} of ${TOKENS} are in flight`)
    assert.equal(way.connections, 1, 'it is the way that is full, not the streams: others would not help')
    blocked?.resume()
    await sender.accepted(delivery)
    assert.equal(answers, TOKENS)
  })
})
