import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, pong, settings, startScriptedServer } from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

describe('a PING', () => {
  it('goes out after a time of silence, and again, and the connection stays while it is answered', async () => {
    let pings = 0
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId)),
      pinged: (connection, data) => {
        pings++
        connection.send(pong(data))
      },
    })
    await using sender = new Sender(server, { pingInterval: 0.03, pingTimeout: 5 })
    await sender.accepted(sender.send(5))
    await until(() => pings === 4)
    await sender.accepted(sender.send(5))
    assert.equal(server.connections, 1)
    assert.deepEqual(sender.warnings, [])
  })

  it('is not needed while answers come', async () => {
    let pings = 0
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1)),
      requested: (connection, streamId) => setTimeout(() => connection.send(answer(streamId)), 5),
      pinged: () => pings++,
    })
    await using sender = new Sender(server, { pingInterval: 0.2, maxConnections: 1 })
    await sender.accepted(sender.send(60))
    assert.equal(pings, 0)
  })

  it('that is not answered on an idle connection ends it, before anything is sent into the void', async () => {
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId)),
      pinged: () => {},
    })
    await using sender = new Sender(server, { pingInterval: 0.05, pingTimeout: 0.05, retryDelay: 0.01 })
    await sender.accepted(sender.send(5))
    await until(() => sender.apns.stats().connections === 0)
    assert.match(sender.warnings.join(), /a PING was not answered within 0\.05 s/)
    await sender.accepted(sender.send(5, { ambiguous: 'drop' }))
    assert.equal(server.connections, 2)
  })

  for (const ambiguous of ['resend', 'drop'] as const) {
    const what = ambiguous === 'resend' ? 'sends them again' : 'reports them as unknown'
    it(`that is not answered with requests in flight ${what}, long before they time out`, async () => {
      await using server = await startScriptedServer({
        connected: (connection) => connection.send(settings(100)),
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === 1) connection.send(answer(streamId))
        },
        pinged: () => {},
      })
      await using sender = new Sender(server, {
        pingInterval: 0.05,
        pingTimeout: 0.05,
        requestTimeout: 60,
        retryDelay: 0.01,
        maxConnections: 1,
      })
      const outcomes = await sender.outcomes(sender.send(150, { ambiguous }))
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : 100)
      assert.equal(server.connections, 2)
    })
  }
})
