import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { tokensOf } from '../../support/sender.js'

failOnLeaks()

const TOKENS = tokensOf(20)
const UNKNOWN_IDENT = 0xffff_ffff

describe('an error response that names nobody who waits', () => {
  it('leaves all in doubt: what must not arrive twice is reported as unknown', async () => {
    await using gateway = await startGateway({
      rules: [{ connection: 1, nth: 20, status: 8, ident: UNKNOWN_IDENT }],
    })
    await using sender = new GatewaySender(gateway)
    const outcomes = await sender.outcomes(sender.send(TOKENS, { ambiguous: 'drop' }))
    assert.ok(outcomes.every(({ status }) => status === 'unknown'))
    assert.equal(gateway.received.length, 19, 'nothing was sent again')
    assert.equal(sender.errors.length, TOKENS.length)
  })

  it('again and again uses up the attempts', async () => {
    await using gateway = await startGateway({ rules: [{ nth: 3, status: 1, ident: UNKNOWN_IDENT }] })
    await using sender = new GatewaySender(gateway, { maxAttempts: 3 })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.ok(outcomes.every(({ status }) => status === 'unknown'))
    assert.equal(gateway.counts().connections, 3)
    assert.equal(sender.errors.length, TOKENS.length)
  })

  it('is not taken at its word where frames have no ident', async () => {
    await using gateway = await startGateway({
      // Status 8 for ident 0, which is the first notification's.
      rules: [{ connection: 1, nth: 3, bytes: '080800000000' }],
    })
    await using sender = new GatewaySender(gateway, { frameFormat: 'simple' })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.ok(outcomes.every(({ status }) => status === 'accepted'))
    assert.deepEqual(sender.errors, [])
  })
})

describe('silence', () => {
  it('is not what was said while the event loop was held up', async () => {
    const grace = 0.3
    for (const sendsMeanwhile of [false, true]) {
      await using gateway = await startGateway({ rules: [{ connection: 1, nth: 3, status: 8 }] })
      await using sender = new GatewaySender(gateway, { messageGrace: grace })
      const delivery = sender.send(TOKENS)
      await gateway.waitFor(({ rejected }) => rejected.length === 1)
      const endMs = performance.now() + grace * 1000 + 100
      while (performance.now() < endMs);
      if (sendsMeanwhile) sender.send(tokensOf(1, 'aa'))
      const outcomes = await sender.outcomes(delivery)
      assert.deepEqual(
        outcomes.filter(({ status }) => status !== 'accepted').map(({ token }) => token),
        [TOKENS[2]],
      )
      const taken = new Set(gateway.received.map(({ token }) => token))
      for (const { token, status } of outcomes) assert.equal(taken.has(token), status === 'accepted', token)
    }
  })

  it('of a gateway that is slower than its grace has nothing sent again', async () => {
    await using gateway = await startGateway({ record: true, rules: [{ bytesPerSecond: 4_000_000 }] })
    await using sender = new GatewaySender(gateway, { messageGrace: 0.2, maxAttempts: 1 })
    const many = tokensOf(100_000)
    const delivery = sender.send(many)
    await gateway.waitFor(many.length)
    const outcomes = await sender.outcomes(delivery)
    assert.ok(outcomes.every(({ status }) => status === 'accepted'))
    assert.equal(gateway.counts().connections, 1)
    assert.equal(gateway.received.length, many.length, 'each arrived once')
  })
})
