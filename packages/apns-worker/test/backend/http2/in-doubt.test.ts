import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import type { Delivery, Outcome } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { within } from '../../support/within.js'

failOnLeaks()

const [TOKEN = ''] = tokensOf(1, 'dead')
/** Seconds; longer than any test waits. */
const LONG = 3600

/** Resolves when the notification waits for its next attempt, its fate unknown. */
async function waiting(sender: Sender, attempts: number): Promise<void> {
  const { apns } = sender
  await within(
    (async () => {
      while (apns.stats().retried < attempts || apns.stats().inFlight > 0) {
        await new Promise((resolve) => setImmediate(resolve))
      }
    })(),
    () => `it does not wait; ${sender.describe()}`,
  )
}

/** What the caller's own doing brought about, which no errorHandler hears of. */
async function outcomeOf(delivery: Delivery): Promise<Outcome | undefined> {
  for await (const outcome of delivery) return outcome
  return undefined
}

describe('a notification that may have been delivered, and waits to be sent again', () => {
  it('is reported as unknown when the manager is closed, not as never sent', async () => {
    await using apns = await startSimulator({ rules: [{ token: TOKEN, reset: 'INTERNAL_ERROR' }] })
    await using sender = new Sender(apns, { retryDelay: LONG, maxRetryDelay: LONG, maxRetryTime: 10 * LONG })
    const delivery = sender.send([TOKEN])
    await waiting(sender, 2)
    const { unsent } = await sender.apns.close({ timeout: 0 })
    assert.deepEqual(
      unsent.map(({ token, code }) => [token, code]),
      [[TOKEN, 'unknown']],
    )
    const outcome = await outcomeOf(delivery)
    assert.equal(outcome?.status, 'unknown')
    assert.equal(outcome.error?.reason, 'RequestReset')
  })

  it('is reported as unknown when its delivery is cancelled', async () => {
    await using apns = await startSimulator({ rules: [{ token: TOKEN, reset: 'INTERNAL_ERROR' }] })
    await using sender = new Sender(apns, { retryDelay: LONG, maxRetryDelay: LONG, maxRetryTime: 10 * LONG })
    const delivery = sender.send([TOKEN])
    await waiting(sender, 2)
    assert.equal(delivery.cancel(), 1)
    assert.equal((await outcomeOf(delivery))?.status, 'unknown')
  })

  it('stays unknown when the server then says "later" until the attempts are used up', async () => {
    await using apns = await startSimulator({
      rules: [
        { token: TOKEN, timesPerToken: 1, reset: 'INTERNAL_ERROR' },
        { token: TOKEN, status: 503, reason: 'ServiceUnavailable' },
      ],
    })
    await using sender = new Sender(apns, { retryDelay: 0.005, maxAttempts: 3 })
    const [outcome] = await sender.outcomes(sender.send([TOKEN]))
    assert.equal(outcome?.status, 'unknown')
    assert.equal(apns.counts().received, 3)
  })

  it('is refused when the server then says that it never could have been delivered', async () => {
    await using apns = await startSimulator({
      rules: [
        { token: TOKEN, timesPerToken: 1, reset: 'INTERNAL_ERROR' },
        { token: TOKEN, unregistered: new Date(0) },
      ],
    })
    await using sender = new Sender(apns)
    const [outcome] = await sender.outcomes(sender.send([TOKEN]))
    assert.equal(outcome?.status, 'refused')
    assert.equal(outcome.error?.reason, 'Unregistered')
  })
})
