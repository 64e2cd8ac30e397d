import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { channels } from 'apns-worker'
import { EventRecorder } from '../support/event-recorder.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender } from '../support/sender.js'
import { startTcpServer } from '../support/test-servers.js'

failOnLeaks()

describe('what is never sent', () => {
  it('is settled all the same, with its reason', async () => {
    using recorder = new EventRecorder()
    await using server = await startTcpServer((socket) => socket.destroy())
    await using sender = new Sender(server, { retryDelay: 60 })
    sender.send(2).cancel()
    sender.send(3)
    await sender.apns.close({ timeout: 0 })
    assert.deepEqual(
      recorder.of(channels.notificationSettled).map(({ outcome, reason }) => `${outcome} ${reason}`),
      [...Array(2).fill('cancelled Cancelled'), ...Array(3).fill('cancelled Closed')],
    )
    assert.deepEqual(recorder.of(channels.requestSent), [])
  })
})

describe('the books of a run in which much goes wrong', () => {
  it('balance: each request is answered or not, each notification is settled once', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({
      streamLimit: 50,
      rules: [
        { share: 0.05, unregistered: true },
        { share: 0.05, timesPerToken: 1, status: 503, reason: 'ServiceUnavailable' },
        { share: 0.05, timesPerToken: 1, reset: 'REFUSED_STREAM' },
        { share: 0.05, timesPerToken: 1, reset: 'INTERNAL_ERROR' },
        { share: 0.01, timesPerToken: 1, goAway: { lastStreamId: 'answered' } },
        { share: 0.01, timesPerToken: 1, disconnect: true },
      ],
    })
    const sender = new Sender(apns, { retryDelay: 0.01, maxRetryDelay: 0.05 })
    const outcomes = await sender.outcomes(sender.send(1000))
    await sender.apns.close()
    const { traffic, accepted, refused, retried } = sender.apns.stats()
    const count = (name: (typeof channels)[keyof typeof channels]): number => recorder.of(name).length

    assert.deepEqual(
      recorder.of(channels.notificationSettled).map(({ apnsId, outcome }) => `${apnsId} ${outcome}`),
      outcomes.map(({ apnsId, status }) => `${apnsId} ${status}`),
    )
    assert.equal(
      count(channels.requestSent),
      count(channels.requestAnswered) + count(channels.requestUnanswered),
    )
    assert.equal(count(channels.requestSent), accepted + refused + retried)
    assert.equal(count(channels.notificationRetry), retried)
    assert.equal(count(channels.requestSent), traffic.sent)
    assert.equal(count(channels.requestUnanswered), traffic.unanswered)
    assert.equal(count(channels.connectionOpened), traffic.connectionsOpened)
    assert.ok(count(channels.connectionClosed) > 2)
    for (const [total, each] of [
      [count(channels.requestSent), 'sent'],
      [count(channels.requestAnswered), 'answered'],
    ] as const) {
      assert.equal(
        recorder.of(channels.connectionClosed).reduce((sum, closed) => sum + closed[each], 0),
        total,
      )
    }
  })
})
