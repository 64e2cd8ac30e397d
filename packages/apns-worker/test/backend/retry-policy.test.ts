import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveNetworkOptions } from '#src/backend/network-options.js'
import { RetryPolicy } from '#src/backend/retry-policy.js'

const NEVER = Number.POSITIVE_INFINITY

function policy(options: Record<string, number> = {}, random = 1): RetryPolicy {
  return new RetryPolicy(resolveNetworkOptions(options), () => random)
}

describe('the retry policy', () => {
  it('doubles the ceiling of the delay with each attempt, up to the longest delay', () => {
    const slow = policy({ retryDelay: 1, maxRetryDelay: 10 })
    assert.deepEqual(
      [1, 2, 3, 4, 5, 9, 2000].map((failures) => slow.backOffMs(failures)),
      [1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
    )
  })

  it('draws the delay at random from all of it', () => {
    assert.equal(policy({}, 0).backOffMs(3), 0)
    assert.equal(policy({}, 0.25).backOffMs(3), 1000)
  })

  it('never waits when the delay is 0', () => {
    assert.equal(policy({ retryDelay: 0 }).backOffMs(2000), 0)
  })

  it('gives up after so many attempts', () => {
    const three = policy({ maxAttempts: 3 })
    assert.equal(three.delayMs(2, 0, NEVER, 0), 2000)
    assert.equal(three.delayMs(3, 0, NEVER, 0), undefined)
    assert.equal(policy({ maxAttempts: 1 }).delayMs(1, 0, NEVER, 'promptly'), undefined)
  })

  it('makes the first prompt retry at once, and backs off after it', () => {
    assert.equal(policy().delayMs(1, 0, NEVER, 'promptly'), 0)
    assert.equal(policy().delayMs(2, 0, NEVER, 'promptly'), 2000)
  })

  it('waits as long as the server asks, or longer', () => {
    assert.equal(policy().delayMs(1, 0, NEVER, 30_000), 30_000)
    assert.equal(policy().delayMs(4, 0, NEVER, 3000), 8000)
    assert.equal(policy({}, 0).delayMs(1, 0, NEVER, 0), 0)
  })

  it('gives up when the retry would come after the expiration', () => {
    assert.equal(policy().delayMs(1, 0, 1001, 0), 1000)
    assert.equal(policy().delayMs(1, 0, 1000, 0), undefined)
    assert.equal(policy().delayMs(1, 0, -5, 0), undefined)
  })

  it('gives up when the retry would come too long after the first failure', () => {
    const minute = policy({ maxRetryTime: 60 })
    assert.equal(minute.delayMs(1, 59_000, NEVER, 0), 1000)
    assert.equal(minute.delayMs(1, 59_001, NEVER, 0), undefined)
    assert.equal(minute.isInTime(60_000), true)
    assert.equal(minute.isInTime(60_001), false)
  })
})
