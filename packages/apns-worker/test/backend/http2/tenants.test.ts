import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'

failOnLeaks()

const TENANTS = 300
/** How many are there at a time. */
const AT_ONCE = 20

function tokensReceived(apns: Simulator): Set<string> {
  return new Set(apns.received.map(({ token }) => token))
}

describe('many tenants, a manager for each', () => {
  it('come and go by the hundred, and leave no connection behind', async () => {
    await using apns = await startSimulator()
    const oneTenant = async (number: number): Promise<void> => {
      await using sender = new Sender(apns, { topic: `com.example.tenant${number}` })
      await sender.accepted(sender.send(tokensOf(3, number.toString(16).padStart(4, '0'))))
    }
    for (let first = 0; first < TENANTS; first += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => oneTenant(first + index)))
    }
    const { connections, openConnections, accepted } = apns.counts()
    assert.deepEqual([connections, openConnections, accepted], [TENANTS, 0, TENANTS * 3])
    const topics = new Set(apns.received.map(({ headers }) => headers.get('apns-topic')))
    assert.equal(topics.size, TENANTS)
  })

  it('of both environments and of several teams are each served by their own host, with their own key', async () => {
    await using sandbox = await startSimulator({ environment: 'sandbox' })
    await using production = await startSimulator({ environment: 'production' })
    await using other = await startSimulator({ environment: 'production' })
    const hosts = [sandbox, production, other]
    await using first = new Sender(sandbox)
    await using second = new Sender(production)
    await using third = new Sender(other)
    const senders = [first, second, third]
    const deliveries = Array.from({ length: 30 }, (_, round) =>
      senders.map((sender, index) =>
        sender.send(tokensOf(5, `${index}${round.toString(16).padStart(3, '0')}`)),
      ),
    )
    for (const round of deliveries) {
      for (const [index, delivery] of round.entries()) await senders[index]?.accepted(delivery)
    }
    const providerTokens = new Set<string>()
    for (const [index, host] of hosts.entries()) {
      assert.equal(host.counts().accepted, 150)
      for (const token of tokensReceived(host)) assert.equal(token[0], String(index))
      for (const { headers } of host.received) providerTokens.add(headers.get('authorization') ?? '')
    }
    assert.equal(providerTokens.size, hosts.length)
  })
})
