import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, pong, settings, startScriptedServer } from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** Seconds; how long they are is for the clocks of the tests. */
const PINGS = { pingInterval: 60, pingTimeout: 10, requestTimeout: 600, retryDelay: 0 } as const
const INTERVAL_MS = PINGS.pingInterval * 1000
const TIMEOUT_MS = PINGS.pingTimeout * 1000
/** A few times within the shortest of these durations the connection looks at them; there is always one that finds it over. */
const TICK_MS = 1000

describe('a PING', () => {
  it('goes out after a time of silence, and again, and the connection stays while it is answered', async () => {
    using clock = new StoppedClock()
    let pings = 0
    let read = 0
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId)),
      pinged: (connection, data) => {
        pings++
        connection.send(pong(data), settings())
      },
      acknowledged: () => read++,
    })
    await using sender = new Sender(server, PINGS)
    await sender.accepted(sender.send(5))
    for (let count = 1; count <= 4; count++) {
      await clock.pass(INTERVAL_MS - TICK_MS)
      assert.equal(pings, count - 1)
      await clock.pass(2 * TICK_MS)
      // The first SETTINGS were those of the connection, the others came after the answers to the PINGs.
      await until(() => read === 1 + count)
      assert.equal(pings, count)
    }
    await clock.pass(TIMEOUT_MS)
    await sender.accepted(sender.send(5))
    assert.equal(server.connections, 1)
    assert.deepEqual(sender.warnings, [])
  })

  it('is not needed while answers come', async () => {
    using clock = new StoppedClock()
    const waiting: (() => void)[] = []
    let pings = 0
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(1)),
      requested: (connection, streamId) => waiting.push(() => connection.send(answer(streamId))),
      pinged: () => pings++,
    })
    await using sender = new Sender(server, { ...PINGS, maxConnections: 1 })
    const delivery = sender.send(4)
    for (let requests = 1; requests <= 4; requests++) {
      await until(() => waiting.length === requests)
      await clock.pass(INTERVAL_MS - TICK_MS)
      waiting.at(-1)?.()
    }
    await sender.accepted(delivery)
    assert.equal(pings, 0)
  })

  it('that is not answered on an idle connection ends it, before anything is sent into the void', async () => {
    using clock = new StoppedClock()
    let pings = 0
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId)),
      pinged: () => pings++,
    })
    await using sender = new Sender(server, PINGS)
    await sender.accepted(sender.send(5))
    await clock.pass(INTERVAL_MS + TICK_MS)
    await until(() => pings === 1)
    await clock.pass(TIMEOUT_MS - 2 * TICK_MS)
    assert.equal(sender.apns.stats().connections, 1)
    await clock.pass(3 * TICK_MS)
    assert.equal(sender.apns.stats().connections, 0)
    assert.match(sender.warnings.join(), /a PING was not answered within 10 s/)
    await sender.accepted(sender.send(5, { ambiguous: 'drop' }))
    assert.equal(server.connections, 2)
  })

  for (const ambiguous of ['resend', 'drop'] as const) {
    const what = ambiguous === 'resend' ? 'sends them again' : 'reports them as unknown'
    it(`that is not answered with requests in flight ${what}, long before they time out`, async () => {
      using clock = new StoppedClock()
      let unanswered = 0
      let pings = 0
      await using server = await startScriptedServer({
        connected: (connection) => connection.send(settings(100)),
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === 1) connection.send(answer(streamId))
          else unanswered++
        },
        pinged: () => pings++,
      })
      await using sender = new Sender(server, { ...PINGS, maxConnections: 1 })
      const delivery = sender.send(150, { ambiguous })
      await until(() => unanswered === 100)
      await clock.pass(INTERVAL_MS + TICK_MS)
      await until(() => pings === 1)
      await clock.pass(TIMEOUT_MS + TICK_MS)
      const outcomes = await sender.outcomes(delivery)
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.equal(unknown.length, ambiguous === 'resend' ? 0 : 100)
      assert.equal(server.connections, 2)
    })
  }
})
