import assert from 'node:assert/strict'
import { beforeEach, describe, it, mock, type TestContext } from 'node:test'
import { type Gateway, type GatewayNotification, startGateway } from '@apns-worker/simulator'
import type { Delivery, Outcome } from 'apns-worker'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { sorted, tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

// Back-offs are drawn at random; here each takes half of what it may at most.
beforeEach(() => {
  mock.method(Math, 'random', () => 0.5)
})

/** How long before its expiration a message is sent, in milliseconds. */
const LIFE_MS = 10_000

/** Makes the wall clock the test's; returns what lets all that is sent with `soon` expire. */
function clockOf(context: TestContext): { readonly soon: { readonly expiration: Date }; expire(): void } {
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  return {
    soon: { expiration: new Date(Date.now() + LIFE_MS) },
    expire: () => context.mock.timers.tick(LIFE_MS),
  }
}

/** A rule's condition for the nth notification of a connection, which does something as it comes. */
function whenComes(connection: number, nth: number, act: () => void): (each: GatewayNotification) => boolean {
  return (each) => {
    if (each.connection !== connection || each.index !== nth) return false
    act()
    return true
  }
}

/** The token and the fate of each, in the order of the tokens. */
async function fatesOf(sender: GatewaySender, delivery: Delivery): Promise<string[]> {
  const outcomes: Outcome[] = await sender.outcomes(delivery)
  return sorted(outcomes.map(({ token, status }) => `${token} ${status}`))
}

/** So many `token fate`s. */
function fates(tokens: readonly string[], status: Outcome['status']): string[] {
  return tokens.map((token) => `${token} ${status}`)
}

/** What was handed to the error handler: of each, the token and the code. */
function reportsTo(sender: GatewaySender): string[] {
  return sorted(sender.errors.map(({ token, code }) => `${token} ${code}`))
}

/** The tokens of all that reached the gateway, on this connection or on any. */
function carriedBy(gateway: Gateway, connection?: number): string[] {
  const { received, rejected, discarded } = gateway
  return [...received, ...rejected, ...discarded]
    .filter((each) => connection === undefined || each.connection === connection)
    .map(({ token }) => token)
}

describe('what has expired before it could be sent', () => {
  it('is reported once and never written, and what is around it flows', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    const [first, late, last] = [tokensOf(5, 'a1'), tokensOf(5, 'a2'), tokensOf(5, 'a3')]
    const before = sender.send(first)
    const expired = sender.send(late, { expiration: new Date(Date.now() - 1000) })
    const after = sender.send(last, { expiration: 0 })
    assert.deepEqual(await fatesOf(sender, expired), fates(late, 'expired'))
    assert.deepEqual(await fatesOf(sender, before), fates(first, 'accepted'))
    assert.deepEqual(
      await fatesOf(sender, after),
      fates(last, 'accepted'),
      '0 is no time, but "now or never"',
    )
    assert.deepEqual(carriedBy(gateway), [...first, ...last])
    assert.deepEqual(reportsTo(sender), fates(late, 'expired'))
    assert.equal(sender.errors[0]?.reason, 'Expired')
  })

  it('is reported when there is nothing else to send', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    const late = tokensOf(3)
    for (let round = 1; round <= 2; round++) {
      const expired = sender.send(late, { expiration: new Date(Date.now() - 1000) })
      assert.deepEqual(await fatesOf(sender, expired), fates(late, 'expired'))
      assert.equal(sender.errors.length, round * late.length)
    }
    assert.deepEqual(carriedBy(gateway), [])
  })
})

describe('what expires while nobody can be reached', () => {
  it('is reported once; what does not expire stays queued', async (context) => {
    const clock = clockOf(context)
    const gateway = await startGateway()
    await gateway.close()
    await using sender = new GatewaySender(gateway, { retryDelay: 0.02, maxRetryDelay: 0.02 })
    const [short, long] = [tokensOf(5, 'a1'), tokensOf(7, 'a2')]
    const lasting = [sender.send(long.slice(0, 3)), sender.send(long.slice(3), { expiration: 0 })]
    const expiring = sender.send(short, clock.soon)
    await until(() => sender.warnings.length >= 2)
    assert.equal(expiring.pending, short.length)
    clock.expire()
    assert.deepEqual(await fatesOf(sender, expiring), fates(short, 'expired'))
    const warnings = sender.warnings.length
    await until(() => sender.warnings.length >= warnings + 2)
    assert.deepEqual(reportsTo(sender), fates(short, 'expired'))
    assert.deepEqual(
      lasting.map(({ pending }) => pending),
      [3, 4],
    )
    assert.equal(sender.apns.stats().queued, long.length)
  })
})

describe('what expires before it could be sent again', () => {
  const short = tokensOf(10, 'a1')
  const long = tokensOf(10, 'a2')

  it('is expired where an error response has given it back: it was thrown away', async (context) => {
    const clock = clockOf(context)
    await using gateway = await startGateway({ rules: [{ when: whenComes(1, 4, clock.expire), status: 8 }] })
    await using sender = new GatewaySender(gateway)
    const expiring = sender.send(short, clock.soon)
    const lasting = sender.send(long)
    assert.deepEqual(await fatesOf(sender, expiring), [
      ...fates(short.slice(0, 3), 'accepted'),
      ...fates(short.slice(3, 4), 'refused'),
      ...fates(short.slice(4), 'expired'),
    ])
    assert.deepEqual(await fatesOf(sender, lasting), fates(long, 'accepted'))
    assert.deepEqual(reportsTo(sender), [
      ...fates(short.slice(3, 4), 'refused'),
      ...fates(short.slice(4), 'expired'),
    ])
    assert.deepEqual(carriedBy(gateway, 2), long)
  })

  it('is unknown where the connection was lost: it may have arrived', async (context) => {
    const clock = clockOf(context)
    await using gateway = await startGateway({
      rules: [{ when: whenComes(1, 4, clock.expire), disconnect: true }],
    })
    await using sender = new GatewaySender(gateway)
    const expiring = sender.send(short, clock.soon)
    const lasting = sender.send(long)
    assert.deepEqual(await fatesOf(sender, expiring), fates(short, 'unknown'))
    assert.deepEqual(await fatesOf(sender, lasting), fates(long, 'accepted'))
    assert.deepEqual(reportsTo(sender), fates(short, 'unknown'))
    assert.equal(sender.errors[0]?.reason, 'ConnectionLost')
    assert.deepEqual(carriedBy(gateway, 2), long)
  })

  it('is unknown too when it expires as late as between the attempt to connect and the first write', async (context) => {
    const clock = clockOf(context)
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 4, disconnect: true }] })
    await using sender = new GatewaySender(gateway, { retryDelay: 1 })
    const expiring = sender.send(short, clock.soon)
    const lasting = sender.send(long)
    // Half a second before it connects, and after it has looked for what has expired.
    await until(() => sender.warnings.length === 1)
    clock.expire()
    assert.equal(expiring.pending, short.length)
    assert.deepEqual(await fatesOf(sender, expiring), fates(short, 'unknown'))
    assert.deepEqual(await fatesOf(sender, lasting), fates(long, 'accepted'))
    assert.deepEqual(reportsTo(sender), fates(short, 'unknown'))
    assert.deepEqual(carriedBy(gateway, 2), long)
  })

  it('stays in doubt from an earlier connection, whatever is known of the last one', async (context) => {
    const clock = clockOf(context)
    await using gateway = await startGateway({
      rules: [
        { connection: 1, nth: 4, disconnect: true },
        { when: whenComes(2, 6, clock.expire), status: 8 },
      ],
    })
    await using sender = new GatewaySender(gateway)
    const expiring = sender.send(short, clock.soon)
    const lasting = sender.send(long)
    assert.deepEqual(await fatesOf(sender, expiring), [
      ...fates(short.slice(0, 5), 'accepted'),
      ...fates(short.slice(5, 6), 'refused'),
      ...fates(short.slice(6), 'unknown'),
    ])
    assert.deepEqual(await fatesOf(sender, lasting), fates(long, 'accepted'))
    assert.deepEqual(carriedBy(gateway, 3), long)
  })
})
