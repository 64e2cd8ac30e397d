import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { tokensOf } from '../../support/sender.js'
import { startTcpServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

/** Seconds that no test waits for: what is tried again after it is not tried again in a test. */
const LONG = 3600

describe('connecting again', () => {
  it('waits after a connection that was closed in order before it was of any use', async (context) => {
    context.mock.method(Math, 'random', () => 0.999)
    await using gateway = await startGateway()
    await using server = await startTcpServer((socket) => socket.resume().end())
    const environment = { ...gateway.environment, port: server.environment.port ?? 0 }
    await using sender = new GatewaySender(gateway, { environment, retryDelay: LONG, maxRetryDelay: LONG })
    const delivery = sender.send(tokensOf(3))
    await until(
      () => sender.warnings.length > 0,
      () => `${server.connections} connections, and no warning`,
    )
    assert.equal(server.connections, 1)
    assert.equal(delivery.pending, 3)
  })

  it('begins with a short wait anew once something was delivered', async (context) => {
    const rounds = 9
    context.mock.method(Math, 'random', () => 0.999)
    await using gateway = await startGateway({
      rules: Array.from({ length: rounds }, (_, round) => ({
        tokenPrefix: `dead${round}`,
        disconnect: true as const,
        times: 1,
      })),
    })
    // Without a fresh start, the last round alone would wait for 12 seconds.
    await using sender = new GatewaySender(gateway, { messageGrace: 0.1, retryDelay: 0.05 })
    for (let round = 0; round < rounds; round++) {
      await sender.outcomes(sender.send(tokensOf(2, `a${round}`)))
      const outcomes = await sender.outcomes(sender.send(tokensOf(1, `dead${round}`)))
      assert.equal(outcomes[0]?.status, 'accepted')
    }
    assert.equal(gateway.counts().connections, rounds + 1)
  })

  it('goes on after a refused certificate when a gateway has been silent, and so content, before', async () => {
    const first = await startGateway()
    const { port, feedbackPort } = first
    await using sender = new GatewaySender(first)
    await sender.outcomes(sender.send(tokensOf(3)))
    await first.close()
    // Another gateway has another authority.
    await using _second = await startGateway({ port, feedbackPort })
    sender.send(tokensOf(3))
    await until(() => sender.warnings.length >= 3)
    assert.equal(sender.apns.paused, undefined)
  })

  it('counts as retried what was given back, and not what was settled', async () => {
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 15, status: 8 }] })
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(tokensOf(20)))
    assert.equal(sender.apns.stats().retried, 5)
  })
})
