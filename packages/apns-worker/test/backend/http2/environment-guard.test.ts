import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EnvironmentGuard } from '#src/backend/http2/environment-guard.js'

/** How many bad tokens it takes, up to so many, until the guard says stop. */
function badTokensUntilStop(guard: EnvironmentGuard, most = 100): number | undefined {
  for (let count = 1; count <= most; count++) if (guard.badToken()) return count
  return undefined
}

describe('the environment guard', () => {
  it('lets as many bad tokens pass as its limit says, and stops at the next', () => {
    assert.equal(badTokensUntilStop(new EnvironmentGuard(20)), 21)
    assert.equal(badTokensUntilStop(new EnvironmentGuard(1)), 2)
  })

  it('goes on saying stop', () => {
    const guard = new EnvironmentGuard(1)
    badTokensUntilStop(guard)
    assert.equal(guard.badToken(), true)
  })

  it('never stops once a token of this environment was seen, before or in between', () => {
    const guard = new EnvironmentGuard(3)
    guard.badToken()
    guard.prove()
    assert.equal(badTokensUntilStop(guard), undefined)
    guard.reset()
    assert.equal(badTokensUntilStop(guard), undefined)
  })

  it('gives the same chance again after a reset', () => {
    const guard = new EnvironmentGuard(3)
    assert.equal(badTokensUntilStop(guard), 4)
    guard.reset()
    assert.equal(badTokensUntilStop(guard), 4)
  })

  it('never stops without a limit', () => {
    assert.equal(badTokensUntilStop(new EnvironmentGuard(Number.POSITIVE_INFINITY)), undefined)
  })
})
