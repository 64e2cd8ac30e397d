import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { type Failure, Http2Backend, Message, type Notification, NotificationQueue } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { TOPIC, tokensOf } from '../../support/sender.js'
import { within } from '../../support/within.js'

failOnLeaks()

/** A queue in which retries are due a moment after the backend has claimed what it could: time passes in between. */
class RacingQueue extends NotificationQueue {
  races = 0

  override claim(): Notification | undefined {
    const isRetry = this.hasUnclaimed() && this.unclaimedCount === this.#retries
    if (isRetry && this.races < 3) {
      this.races++
      return undefined
    }
    const notification = super.claim()
    if (notification !== undefined && isRetry) this.#retries--
    return notification
  }

  override requeue(notification: Notification, delay?: number): boolean {
    this.#retries++
    return super.requeue(notification, delay)
  }

  #retries = 0
}

it('a retry that comes due just after the connections were filled is not left waiting', async () => {
  await using apns = await startSimulator({
    rules: [{ times: 1, status: 503, reason: 'ServiceUnavailable' }],
  })
  const queue = new RacingQueue(Number.POSITIVE_INFINITY)
  const backend = new Http2Backend({
    ...apns.credentials,
    queue,
    environment: apns.environment,
    topic: TOPIC,
    retryDelay: 0.02,
  })
  queue.setBackend(backend)
  try {
    const settled = new Promise<Failure | undefined>((resolve) => {
      queue.append(new Message(tokensOf(1), { aps: {} }), {
        settled: (_notification, failure) => resolve(failure),
      })
    })
    assert.equal(await within(settled, () => `it waits; ${JSON.stringify(backend.stats())}`), undefined)
    assert.equal(queue.races, 3)
    assert.equal(apns.counts().received, 2)
  } finally {
    await backend.stop()
  }
})
