import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
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

const IN_FLIGHT = 100
const TOKENS = 150
/** Less than any deadline of the library. */
const LATENCY_MS = 20

/** How a connection can end, as the server does it. */
const ENDS: Readonly<Record<string, (connection: ScriptedConnection, reset: () => void) => void>> = {
  'TCP RST': (_connection, reset) => reset(),
  'a closed socket': ({ socket }) => socket.destroy(),
  'a half-closed socket': ({ socket }) => socket.end(),
  'a half-closed socket, after half of a frame': ({ socket }) => socket.end(Buffer.of(0, 0, 5, 1)),
  'bytes that are no HTTP/2': ({ socket }) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'a frame for a stream that never was': (connection) => connection.send(answer(999_999)),
}

describe('a connection that ends with a hundred requests in flight', () => {
  for (const [how, end] of Object.entries(ENDS)) {
    for (const ambiguous of ['resend', 'drop'] as const) {
      const what =
        ambiguous === 'resend' ? 'sends them again' : 'reports them as unknown if they must not arrive twice'
      it(`by ${how} ${what}`, async () => {
        const requests: number[] = []
        await using server = await startScriptedServer({
          connected: (connection) => connection.send(settings(IN_FLIGHT)),
          requested: (connection, streamId) => {
            requests.push(streamId)
            if (connection.number > 1 || streamId === 1) connection.send(answer(streamId))
            else if (connection.requests.length === IN_FLIGHT + 1) end(connection, () => server.resetAll())
          },
        })
        await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
        const outcomes = await sender.outcomes(sender.send(TOKENS, { ambiguous }))
        const unknown = outcomes.filter(({ status }) => status === 'unknown')
        assert.equal(unknown.length, ambiguous === 'resend' ? 0 : IN_FLIGHT)
        for (const { error } of unknown) assert.equal(error?.reason, 'ConnectionLost')
        assert.equal(outcomes.filter(({ status }) => status === 'accepted').length, TOKENS - unknown.length)
        assert.equal(requests.length, ambiguous === 'resend' ? TOKENS + IN_FLIGHT : TOKENS)
        assert.equal(server.connections, 2)
        assert.equal(sender.warnings.length, 1)
        assert.match(sender.warnings[0] ?? '', /^connection lost: /)
      })
    }
  }

  it('sends again with the same apns-id, and what had been answered not at all', async () => {
    using clock = new StoppedClock()
    const tokens = tokensOf(300)
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: LATENCY_MS / 1000 })
    await using sender = new Sender(apns, { maxConnections: 1, retryDelay: 0 })
    const delivery = sender.send(tokens)
    for (const received of [1, 1 + IN_FLIGHT, 1 + 2 * IN_FLIGHT]) {
      await apns.waitFor(received)
      if (received <= 1 + IN_FLIGHT) clock.advance(LATENCY_MS)
    }
    await until(() => delivery.succeeded === 1 + IN_FLIGHT)
    apns.disconnect()
    await until(() => {
      clock.advance(LATENCY_MS)
      return delivery.pending === 0
    })
    await sender.accepted(delivery)
    const ids = new Map<string, Set<string | undefined>>()
    for (const { token, id } of apns.received) ids.set(token, (ids.get(token) ?? new Set()).add(id))
    assert.equal(ids.size, tokens.length)
    for (const set of ids.values()) assert.equal(set.size, 1)
    assert.equal(apns.counts().received, tokens.length + IN_FLIGHT)
  })

  it('gives up after so many attempts, and reports what it does not know', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', disconnect: true }] })
    await using sender = new Sender(apns, { maxAttempts: 3, retryDelay: 0.005 })
    await sender.accepted(sender.send(20))
    const [outcome] = await sender.outcomes(sender.send(tokensOf(1, 'dead')))
    assert.equal(outcome?.status, 'unknown')
    assert.equal(apns.counts().received, 20 + 3)
    assert.equal(apns.counts().connections, 3)
  })
})
