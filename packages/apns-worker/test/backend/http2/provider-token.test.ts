import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

const MINUTE_MS = 60_000
const SLOT_MS = 30 * MINUTE_MS
const IN_FLIGHT = 100

/** The provider tokens that the simulator was shown, in the order in which they were first seen. */
function tokensShown(apns: Simulator): string[] {
  return [...new Set(apns.received.map(({ headers }) => headers.get('authorization') ?? ''))]
}

describe('a provider token', () => {
  // At the half hour, when a token is not dated back.
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Math.ceil(Date.now() / SLOT_MS) * SLOT_MS }))
  afterEach(() => mock.timers.reset())

  it('that is refused as expired to a hundred requests in flight is renewed once, and all of them are sent again', async () => {
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: 0.03 })
    await using sender = new Sender(apns, { maxConnections: 1, maxAttempts: 2 })
    await sender.accepted(sender.send(5))
    mock.timers.tick(21 * MINUTE_MS)
    apns.rejectProviderTokens('ExpiredProviderToken')
    await sender.accepted(sender.send(tokensOf(300, 'aa'), { ambiguous: 'drop' }))
    assert.equal(tokensShown(apns).length, 2)
    assert.equal(apns.counts().byReason['ExpiredProviderToken'], IN_FLIGHT)
    assert.equal(apns.counts().received, 5 + 300 + IN_FLIGHT)
    // The new one starts on a new connection, where it is not an update.
    assert.equal(apns.counts().connections, 2)
    assert.deepEqual(sender.warnings, [])
  })

  it('is renewed once too where several connections carry it', async () => {
    await using apns = await startSimulator({ streamLimit: 10, latency: 0.03 })
    await using sender = new Sender(apns, { maxConnections: 3 })
    const deliveries = [sender.send(200)]
    // However long it takes to open the others, there is more to send than the present ones take.
    await until(() => {
      if (sender.apns.stats().queued < 100) deliveries.push(sender.send(100))
      return apns.counts().openConnections === 3
    })
    for (const delivery of deliveries) await sender.accepted(delivery)
    mock.timers.tick(21 * MINUTE_MS)
    apns.rejectProviderTokens('ExpiredProviderToken')
    await sender.accepted(sender.send(tokensOf(200, 'aa')))
    assert.equal(tokensShown(apns).length, 2)
    assert.equal(apns.counts().byReason['TooManyProviderTokenUpdates'], undefined)
  })

  it('is one for all requests for half an hour, and then another', async () => {
    let now = Date.now()
    await using apns = await startSimulator({ now: () => now })
    await using sender = new Sender(apns)
    for (let minutes = 0; minutes <= 100; minutes += 5) {
      await sender.accepted(sender.send(tokensOf(3, minutes.toString(16).padStart(4, '0'))))
      mock.timers.tick(5 * MINUTE_MS)
      now += 5 * MINUTE_MS
    }
    assert.equal(tokensShown(apns).length, 4)
    assert.equal(apns.counts().accepted, apns.counts().received)
  })

  it('that was just made and is refused as expired means a wrong clock: the line stops, and nothing is lost', async () => {
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: 0.02 })
    await using sender = new Sender(apns, { maxConnections: 1 })
    await sender.accepted(sender.send(5))
    apns.rejectProviderTokens('ExpiredProviderToken')
    const delivery = sender.send(tokensOf(300, 'aa'))
    const error = await sender.stopped()
    assert.equal(error.code, 'configuration')
    assert.equal(error.reason, 'ClockSkew')
    assert.match(error.action, /clock/)
    await apns.waitFor((server) => server.counts().byReason['ExpiredProviderToken'] === IN_FLIGHT)
    assert.deepEqual(sender.errors, [error])
    assert.equal(delivery.pending, 300)
    assert.equal(tokensShown(apns).length, 1, 'no flood of new tokens')

    // The clock is set right, which makes the token an old one.
    mock.timers.tick(60 * MINUTE_MS)
    sender.apns.resume()
    await sender.accepted(delivery)
    assert.equal(tokensShown(apns).length, 2)
  })

  it('that was dated back, and is refused as expired, is dated exactly', async () => {
    mock.timers.tick(10 * MINUTE_MS)
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT })
    await using sender = new Sender(apns, { maxConnections: 1 })
    await sender.accepted(sender.send(5))
    apns.rejectProviderTokens('ExpiredProviderToken')
    await sender.accepted(sender.send(tokensOf(300, 'aa')))
    assert.equal(tokensShown(apns).length, 2)
    apns.rejectProviderTokens('ExpiredProviderToken')
    sender.send(tokensOf(300, 'bb'))
    assert.equal((await sender.stopped()).reason, 'ClockSkew')
  })

  it('of a clock that is an hour and more slow stops the line at the first request', async () => {
    const ahead = Date.now() + 61 * MINUTE_MS
    await using apns = await startSimulator({ now: () => ahead })
    await using sender = new Sender(apns)
    const delivery = sender.send(50)
    assert.equal((await sender.stopped()).reason, 'ClockSkew')
    assert.equal(apns.counts().received, 1)
    mock.timers.setTime(ahead)
    sender.apns.resume()
    await sender.accepted(delivery)
  })
})
