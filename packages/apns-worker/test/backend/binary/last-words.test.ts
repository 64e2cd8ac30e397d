import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** More than the gateway's socket takes in ahead. What is unread when it closes makes the system reset the connection. */
const MANY = 4000

it('what a gateway said before it reset the connection is heard, though a write has failed by then', async () => {
  const [early, late] = [tokensOf(MANY, 'a1'), tokensOf(5, 'a2')]
  const expected = [...early.slice(3), ...late]
  await using gateway = await startGateway()
  await using sender = new GatewaySender(gateway, { messageGrace: 3600 })
  gateway.pause()
  const first = sender.send(early, { ambiguous: 'drop' })
  await until(() => sender.apns.stats().inFlight === early.length)
  await gateway.waitFor((service) => service.counts().openConnections === 1)

  // Both in one turn of the event loop, which reads nothing in between: it ends, and then something is written.
  setImmediate(() => {
    gateway.shutdown(2)
    gateway.disconnect()
    gateway.resume()
  })
  const second = sender.send(late, { ambiguous: 'drop' })

  await gateway.waitFor(expected.length)
  sender.passGrace()
  for (const delivery of [first, second]) {
    const outcomes = await sender.outcomes(delivery)
    assert.ok(
      outcomes.every(({ status }) => status === 'accepted'),
      'nothing is in doubt',
    )
  }
  assert.deepEqual(sender.warnings, [])
  assert.deepEqual(
    gateway.received.map(({ token }) => token),
    expected,
  )
})
