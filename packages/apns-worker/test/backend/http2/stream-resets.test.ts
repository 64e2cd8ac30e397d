import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'

failOnLeaks()

const TOKENS = tokensOf(60)
const RESET = TOKENS.slice(20, 40)
/** What speaks of the request, in any of these ways, does not say whether it was processed. */
const UNCLEAR_CODES = ['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'CANCEL', 'ENHANCE_YOUR_CALM'] as const

function idsOf(apns: Simulator, token: string): (string | undefined)[] {
  return apns.received.filter((notification) => notification.token === token).map(({ id }) => id)
}

describe('a stream reset with REFUSED_STREAM', () => {
  it('is sent again at once, with the same apns-id, and is no attempt', async () => {
    await using apns = await startSimulator({
      rules: [{ token: RESET, timesPerToken: 1, reset: 'REFUSED_STREAM' }],
    })
    await using sender = new Sender(apns, { maxAttempts: 1, retryDelay: 30 })
    // Nothing of it was processed, so that it cannot arrive twice.
    await sender.accepted(sender.send(TOKENS, { ambiguous: 'drop' }))
    for (const token of RESET) {
      const [first, second, ...more] = idsOf(apns, token)
      assert.ok(first !== undefined && first === second && more.length === 0)
    }
    assert.equal(apns.counts().connections, 1)
    assert.equal(sender.apns.stats().retried, RESET.length)
  })

  it('again and again is reported as refused, when the time for retries is up', async () => {
    await using apns = await startSimulator({ rules: [{ token: RESET, reset: 'REFUSED_STREAM' }] })
    await using sender = new Sender(apns, { retryDelay: 0.01, maxRetryDelay: 0.01, maxRetryTime: 0.1 })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    const refused = outcomes.filter(({ status }) => status === 'refused')
    assert.deepEqual(refused.map(({ token }) => token).sort(), RESET)
    for (const { error } of refused) assert.equal(error?.reason, 'StreamRefused')
  })
})

describe('a stream reset with another code', () => {
  for (const code of UNCLEAR_CODES) {
    it(`${code} is sent again, with the same apns-id`, async () => {
      await using apns = await startSimulator({ rules: [{ token: RESET, timesPerToken: 1, reset: code }] })
      await using sender = new Sender(apns, { retryDelay: 30 })
      await sender.accepted(sender.send(TOKENS))
      for (const token of RESET) {
        const [first, second, ...more] = idsOf(apns, token)
        assert.ok(first !== undefined && first === second && more.length === 0)
      }
      assert.equal(apns.counts().connections, 1)
    })

    it(`${code} is reported as unknown where the message must not arrive twice`, async () => {
      await using apns = await startSimulator({ rules: [{ token: RESET, timesPerToken: 1, reset: code }] })
      await using sender = new Sender(apns)
      const outcomes = await sender.outcomes(sender.send(TOKENS, { ambiguous: 'drop' }))
      const unknown = outcomes.filter(({ status }) => status === 'unknown')
      assert.deepEqual(unknown.map(({ token }) => token).sort(), RESET)
      for (const { error } of unknown) assert.equal(error?.reason, 'RequestReset')
      assert.equal(apns.counts().received, TOKENS.length)
    })
  }

  it('is sent as often as the attempts allow, and then reported as unknown', async () => {
    await using apns = await startSimulator({ rules: [{ token: RESET, reset: 'INTERNAL_ERROR' }] })
    await using sender = new Sender(apns, { maxAttempts: 3, retryDelay: 0.01 })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.equal(outcomes.filter(({ status }) => status === 'unknown').length, RESET.length)
    for (const token of RESET) assert.equal(idsOf(apns, token).length, 3)
  })
})
