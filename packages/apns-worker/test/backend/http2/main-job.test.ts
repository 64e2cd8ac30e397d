import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsError, type Outcome } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, sorted, tokensOf } from '../../support/sender.js'
import { startNodeServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

const SINCE = new Date('2026-03-04T05:06:07.089Z')

describe('a message to ten thousand devices, some of them gone', () => {
  const tokens = tokensOf(10_000)
  const gone = tokens.filter((_, index) => index % 100 === 7)
  const ended = tokens.filter((_, index) => index % 1000 === 13)
  const bad = tokens.filter((_, index) => index % 500 === 99)

  it('tells the fate of each, reports each failure once, and gives Apple’s word on dead tokens', async () => {
    await using apns = await startSimulator({
      rules: [
        { token: gone, unregistered: SINCE },
        { token: ended, expiredToken: SINCE },
        { token: bad, badDeviceToken: true },
      ],
    })
    await using sender = new Sender(apns)
    sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    const outcomes = await sender.outcomes(sender.send(tokens))

    assert.deepEqual(sorted(tokensWith(outcomes, 'Unregistered')), gone)
    assert.deepEqual(sorted(tokensWith(outcomes, 'ExpiredToken')), ended)
    assert.deepEqual(sorted(tokensWith(outcomes, 'BadDeviceToken')), bad)
    assert.equal(sender.errors.length, gone.length + ended.length + bad.length)

    assert.deepEqual(sorted(sender.feedback.map(({ token }) => token)), sorted([...gone, ...ended]))
    for (const { token, when, reason } of sender.feedback) {
      assert.deepEqual(when, SINCE)
      assert.equal(reason, gone.includes(token) ? 'Unregistered' : 'ExpiredToken')
    }
    const { received, accepted, streamLimitViolations } = apns.counts()
    assert.equal(received, tokens.length, 'none was sent twice')
    assert.equal(accepted, tokens.length - sender.errors.length)
    assert.equal(streamLimitViolations, 0)
    // The last of the connections may still be on its way to its first request, and known to one side only.
    await until(() => sender.apns.stats().connections === apns.counts().openConnections)
    const stats = sender.apns.stats()
    assert.deepEqual(stats, {
      queued: 0,
      inFlight: 0,
      accepted,
      refused: sender.errors.length,
      expired: 0,
      unknown: 0,
      cancelled: 0,
      retried: 0,
      connections: apns.counts().openConnections,
      paused: false,
      lag: stats.lag,
      credential: stats.credential,
      traffic: stats.traffic,
    })
  })

  it('gives errors with all that is known', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: SINCE }] })
    await using sender = new Sender(apns)
    const [outcome] = await sender.outcomes(sender.send(['DEAD'.repeat(16)]))
    assert.equal(outcome?.status, 'refused')
    const [error] = sender.errors
    assert.ok(error instanceof ApnsError)
    for (const each of [error, outcome?.error]) {
      assert.equal(each?.code, 'refused')
      assert.equal(each?.token, 'dead'.repeat(16))
      assert.equal(each?.reason, 'Unregistered')
      assert.equal(each?.httpStatus, 410)
      assert.equal(each?.status, ApnsError.ERR_TOKEN_INVAL)
      assert.deepEqual(each?.timestamp, SINCE)
      assert.equal(each?.apnsId, outcome?.apnsId)
      assert.equal(each?.apnsId, apns.received[0]?.id)
      assert.match(each?.action ?? '', /Delete the token/)
      assert.match(each?.description ?? '', /no longer active/)
    }
  })

  it('keeps feedback until somebody listens, and gives it once', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: SINCE }] })
    await using sender = new Sender(apns)
    await sender.outcomes(sender.send(tokensOf(3, 'dead')))
    const subscription = sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    await until(() => sender.feedback.length === 3)
    subscription.cancel()
    await sender.outcomes(sender.send(tokensOf(2, 'dead5')))
    assert.equal(sender.feedback.length, 3)
    sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    await until(() => sender.feedback.length === 5)
  })

  it('sends as well to a server on bare node:http2', async () => {
    const paths: string[] = []
    await using server = await startNodeServer(({ stream, headers }) => {
      paths.push(headers[':path'] ?? '')
      const isGone = paths.length % 10 === 0
      stream.respond({ ':status': isGone ? 410 : 200 })
      stream.end(isGone ? JSON.stringify({ reason: 'Unregistered', timestamp: SINCE.getTime() }) : '')
    })
    await using sender = new Sender(server)
    const outcomes = await sender.outcomes(sender.send(tokens.slice(0, 2000)))
    assert.deepEqual(
      sorted(paths),
      tokens.slice(0, 2000).map((token) => `/3/device/${token}`),
    )
    assert.equal(tokensWith(outcomes, 'Unregistered').length, 200)
  })

  it('passes on the id that the sandbox’s delivery log knows a notification by', async () => {
    await using apns = await startSimulator({ environment: 'sandbox' })
    await using sender = new Sender(apns)
    const [outcome] = await sender.outcomes(sender.send(1))
    assert.match(outcome?.uniqueId ?? '', /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
  })

  it('settles everything although the errorHandler and the feedback callback throw', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: SINCE }] })
    let errors = 0
    await using sender = new Sender(apns, {
      errorHandler: () => {
        errors++
        throw new Error('thrown by an errorHandler')
      },
    })
    sender.apns.getFeedback(async () => {
      throw new Error('rejected by a feedback callback')
    })
    const report = await sender.send(tokensOf(5, 'dead')).done()
    assert.deepEqual(report, { total: 5, succeeded: 0, failed: 5 })
    assert.equal(errors, 5)
    await until(() => sender.warnings.length === 10)
    assert.equal(sender.warnings.filter((text) => text.includes('thrown by an errorHandler')).length, 5)
    assert.equal(sender.warnings.filter((text) => text.includes('rejected by a feedback callback')).length, 5)
  })
})

function tokensWith(outcomes: readonly Outcome[], reason: string): string[] {
  return outcomes.filter(({ error }) => error?.reason === reason).map(({ token }) => token)
}
