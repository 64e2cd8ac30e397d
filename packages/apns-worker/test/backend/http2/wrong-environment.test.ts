import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

const LIMIT = 10

describe('a list of tokens of the other environment', () => {
  it('stops the line before it costs the list: the first are reported, the others stay queued', async () => {
    await using apns = await startSimulator({ streamLimit: 100, latency: 0.01 })
    const mend = apns.reply({ badDeviceToken: true })
    await using sender = new Sender(apns, { badTokenLimit: LIMIT })
    sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    const delivery = sender.send(500)
    const error = await sender.stopped()
    assert.equal(error.code, 'configuration')
    assert.equal(error.reason, 'WrongEnvironment')
    assert.match(error.action, /Do not delete the tokens/)
    await until(() => sender.apns.stats().inFlight === 0)
    assert.equal(sender.errors.filter(({ reason }) => reason === 'BadDeviceToken').length, LIMIT)
    assert.equal(sender.errors.filter(({ reason }) => reason === 'WrongEnvironment').length, 1)
    assert.deepEqual(sender.feedback, [])
    assert.equal(delivery.pending, 500 - LIMIT)

    mend()
    sender.apns.resume()
    const outcomes = await sender.outcomes(delivery)
    assert.equal(outcomes.filter(({ status }) => status === 'accepted').length, 500 - LIMIT)
  })

  it('stops it again after a resume that changed nothing', async () => {
    await using apns = await startSimulator({ rules: [{ badDeviceToken: true }] })
    await using sender = new Sender(apns, { badTokenLimit: LIMIT })
    const delivery = sender.send(500)
    for (let round = 1; round <= 3; round++) {
      assert.equal((await sender.stopped()).reason, 'WrongEnvironment')
      await until(() => sender.apns.stats().inFlight === 0)
      assert.equal(delivery.failed, round * LIMIT)
      sender.apns.resume()
    }
  })

  it('does not stop it where that was ruled out', async () => {
    await using apns = await startSimulator({ rules: [{ badDeviceToken: true }] })
    await using sender = new Sender(apns, { badTokenLimit: Number.POSITIVE_INFINITY })
    const outcomes = await sender.outcomes(sender.send(500))
    assert.deepEqual(new Set(outcomes.map(({ error }) => error?.reason)), new Set(['BadDeviceToken']))
  })
})

describe('a list of bad tokens in the right environment', () => {
  const bad = tokensOf(200, 'bad0')

  it('is known by a good token before them', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'bad0', badDeviceToken: true }] })
    await using sender = new Sender(apns, { badTokenLimit: LIMIT })
    await sender.accepted(sender.send(1))
    const outcomes = await sender.outcomes(sender.send(bad))
    assert.equal(outcomes.filter(({ status }) => status === 'refused').length, bad.length)
    assert.equal(sender.apns.paused, undefined)
  })

  it('is known by one among the first of them', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'bad0', badDeviceToken: true }] })
    await using sender = new Sender(apns, { badTokenLimit: LIMIT })
    await sender.outcomes(sender.send([...bad.slice(0, LIMIT), ...tokensOf(1), ...bad.slice(LIMIT)]))
    assert.equal(sender.apns.paused, undefined)
  })

  it('is known by a dead one, which Apple would not know in the other', async () => {
    await using apns = await startSimulator({
      rules: [{ tokenPrefix: 'bad0', badDeviceToken: true }, { unregistered: true }],
    })
    await using sender = new Sender(apns, { badTokenLimit: LIMIT })
    await sender.outcomes(sender.send(1))
    await sender.outcomes(sender.send(bad))
    assert.equal(sender.apns.paused, undefined)
  })
})
