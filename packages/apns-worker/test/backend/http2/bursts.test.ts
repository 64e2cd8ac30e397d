import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { Message } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { within } from '../../support/within.js'

failOnLeaks()

const STREAMS = 100
const SECONDS = 60

describe('a burst', () => {
  it('of 50,000 messages at once is no flood: never more on the way than the server takes, and each is settled', async () => {
    await using apns = await startSimulator({ streamLimit: STREAMS, onStreamLimitViolation: 'goAway' })
    await using sender = new Sender(apns, { maxConnections: 2, requestTimeout: 30 })
    const tokens = tokensOf(50_000)
    const deliveries = tokens.map((token) => sender.apns.sendMessage(new Message([token], { aps: {} })))
    await within(Promise.all(deliveries.map((delivery) => delivery.done())), () => sender.describe(), SECONDS)
    const { accepted, inFlight, queued, retried } = sender.apns.stats()
    assert.deepEqual([accepted, inFlight, queued, retried], [tokens.length, 0, 0, 0])
    const { received, maxOpenStreams, connections } = apns.counts()
    assert.deepEqual([received, maxOpenStreams, connections], [tokens.length, STREAMS, 2])
    assert.deepEqual(sender.warnings, [])
  })

  it('of one message to 50,000 devices, a third of them dead, has each refusal told and the rest delivered', async () => {
    await using apns = await startSimulator({
      streamLimit: STREAMS,
      shrinkOnRefusal: true,
      onStreamLimitViolation: 'refuse',
      rules: [{ share: 1 / 3, status: 400, reason: 'DeviceTokenNotForTopic' }],
    })
    await using sender = new Sender(apns, { maxConnections: 4, requestTimeout: 30 })
    const delivery = sender.send(50_000)
    const { succeeded, failed } = await within(delivery.done(), () => sender.describe(), SECONDS)
    const { accepted, byReason } = apns.counts()
    assert.deepEqual([succeeded, failed], [accepted, byReason['DeviceTokenNotForTopic']])
    assert.ok(failed > 16_000 && failed < 17_500, `${failed} of 50,000 are a third`)
    assert.equal(sender.errors.length, failed)
    assert.equal(apns.counts().received, 50_000, 'none was sent twice')
  })
})
