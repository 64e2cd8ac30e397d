import assert from 'node:assert/strict'
import { beforeEach, describe, it, mock } from 'node:test'
import { type Rule, type Simulator, startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { startTcpServer } from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

// Back-offs are drawn at random; here each takes half of what it may at most.
beforeEach(() => {
  mock.method(Math, 'random', () => 0.5)
})

const TOKENS = tokensOf(60)
const LATER = TOKENS.slice(20, 30)

/** The requests for a token, by their apns-id, and when they came in milliseconds. */
function requestsFor(apns: Simulator, token: string | undefined): { ids: Set<unknown>; atMs: number[] } {
  const requests = apns.received.filter((notification) => notification.token === token)
  return { ids: new Set(requests.map(({ id }) => id)), atMs: requests.map(({ at }) => at) }
}

const LATER_ANSWERS: readonly Rule[] = [
  { status: 429, reason: 'TooManyRequests' },
  { status: 500, reason: 'InternalServerError' },
  { status: 503, reason: 'ServiceUnavailable' },
  { status: 503, reason: 'Service Unavailable' },
  { status: 503, reason: 'Shutdown' },
  { status: 429, reason: 'TooManyProviderTokenUpdates' },
  { status: 502, body: '<html>Bad Gateway</html>' },
]

describe('an answer that means "later"', () => {
  for (const { status, reason, body } of LATER_ANSWERS) {
    const answer = {
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
      ...(body !== undefined && { body }),
    }
    it(`(${status} ${reason ?? body}) is followed by another attempt, with the same apns-id`, async () => {
      await using apns = await startSimulator({ rules: [{ token: LATER, timesPerToken: 1, ...answer }] })
      await using sender = new Sender(apns, { retryDelay: 0.02 })
      // It was answered, so that it is not in doubt.
      await sender.accepted(sender.send(TOKENS, { ambiguous: 'drop' }))
      assert.equal(apns.counts().received, TOKENS.length + LATER.length)
      for (const token of LATER) {
        const { ids, atMs } = requestsFor(apns, token)
        assert.equal(ids.size, 1)
        assert.ok((atMs[1] ?? 0) - (atMs[0] ?? 0) >= 9, 'half of 20 ms later')
      }
      assert.equal(sender.apns.stats().retried, LATER.length)
    })
  }

  for (const reason of ['Shutdown', 'TooManyProviderTokenUpdates']) {
    it(`by the reason ${reason} also means another connection`, async () => {
      await using apns = await startSimulator({
        rules: [{ token: LATER, timesPerToken: 1, status: 503, reason }],
      })
      await using sender = new Sender(apns, { retryDelay: 0.02 })
      await sender.accepted(sender.send(TOKENS))
      assert.equal(apns.counts().connections, 2)
      assert.deepEqual(sender.warnings, [])
    })
  }

  it('may say how much later: in seconds, or at what time', async () => {
    // HTTP dates are whole seconds.
    const startMs = Math.ceil(Date.now() / 1000) * 1000
    using clock = new StoppedClock(startMs)
    const [inSeconds = '', atTime = '', inThePast = '', senseless = ''] = LATER
    const later = { status: 503, reason: 'ServiceUnavailable', timesPerToken: 1 }
    const headers = (value: string): object => ({ headers: { 'retry-after': value } })
    await using apns = await startSimulator({
      rules: [
        { ...later, token: inSeconds, retryAfter: 10 },
        { ...later, token: atTime, ...headers(new Date(startMs + 20_000).toUTCString()) },
        { ...later, token: inThePast, ...headers(new Date(0).toUTCString()) },
        { ...later, token: senseless, ...headers('when it suits you') },
      ],
    })
    await using sender = new Sender(apns, { retryDelay: 0 })
    const delivery = sender.send(TOKENS)
    // Nobody else waits.
    await until(() => delivery.succeeded === TOKENS.length - 2)
    assert.equal(apns.counts().received, TOKENS.length + 2)
    clock.advance(9_999)
    for (const token of [inSeconds, atTime]) {
      // What was due before would go before this.
      await sender.accepted(sender.send(1))
      assert.equal(requestsFor(apns, token).atMs.length, 1)
      // Those that are due at nearly the same time wait for each other.
      clock.advance(20)
      await until(() => requestsFor(apns, token).atMs.length === 2)
      clock.advance(9_980)
    }
    await sender.accepted(delivery)
  })

  it('is given up after so many attempts, and reported once', async () => {
    await using apns = await startSimulator({
      rules: [{ token: LATER, status: 429, reason: 'TooManyRequests' }],
    })
    await using sender = new Sender(apns, { retryDelay: 0.01, maxAttempts: 4 })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.equal(outcomes.filter(({ status }) => status === 'accepted').length, TOKENS.length - LATER.length)
    assert.equal(sender.errors.length, LATER.length)
    for (const error of sender.errors) {
      assert.equal(error.code, 'refused')
      assert.equal(error.reason, 'TooManyRequests')
      assert.equal(error.httpStatus, 429)
      assert.equal(requestsFor(apns, error.token).atMs.length, 4)
    }
  })

  it('is given up when the time for retries is over, or would be before the server wants it', async () => {
    const [slow = '', farAway = ''] = LATER
    await using apns = await startSimulator({
      rules: [
        { token: slow, status: 503, reason: 'ServiceUnavailable' },
        {
          token: farAway,
          status: 503,
          reason: 'ServiceUnavailable',
          headers: { 'retry-after': '99999999999' },
        },
      ],
    })
    await using sender = new Sender(apns, {
      retryDelay: 0.02,
      maxRetryDelay: 0.02,
      maxRetryTime: 0.1,
      maxAttempts: 1000,
    })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.equal(outcomes.filter(({ status }) => status === 'refused').length, 2)
    const { length } = requestsFor(apns, slow).atMs
    assert.ok(length > 1 && length <= 11, `${length} requests, 10 ms apart, in 100 ms`)
    assert.equal(requestsFor(apns, farAway).atMs.length, 1)
  })

  it('is not asked for again once the answer is final', async () => {
    const [gone = ''] = LATER
    await using apns = await startSimulator({
      rules: [
        { token: gone, timesPerToken: 2, status: 503, reason: 'ServiceUnavailable' },
        { token: gone, unregistered: true },
      ],
    })
    await using sender = new Sender(apns, { retryDelay: 0.01 })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.equal(outcomes.find(({ token }) => token === gone)?.error?.reason, 'Unregistered')
    assert.equal(requestsFor(apns, gone).atMs.length, 3)
  })
})

describe('a message that expires', () => {
  /** Unix seconds: at least one from now. */
  const soon = (): number => Math.ceil(Date.now() / 1000) + 1

  it('was never to be sent when it had expired before', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    for (let round = 0; round < 2; round++) {
      const outcomes = await sender.outcomes(sender.send(20, { expiration: new Date(Date.now() - 1000) }))
      for (const { status, error } of outcomes) {
        assert.equal(status, 'expired')
        assert.equal(error?.reason, 'Expired')
        assert.equal(error?.httpStatus, undefined)
      }
      await sender.accepted(sender.send(1))
    }
    assert.equal(apns.counts().received, 2)
  })

  it('is not sent again after that', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using apns = await startSimulator({ rules: [{ status: 503, reason: 'ServiceUnavailable' }] })
    await using sender = new Sender(apns, { retryDelay: 0.02, maxRetryDelay: 0.02, maxAttempts: 1000 })
    const sending = sender.send(TOKENS, { expiration: soon() })
    const isBetweenAttempts = (): boolean => sender.apns.stats().inFlight === 0
    await until(() => requestsFor(apns, TOKENS.at(-1)).atMs.length > 2 && isBetweenAttempts())
    context.mock.timers.tick(2000)
    const before = apns.counts().received
    for (const { status } of await sender.outcomes(sending)) assert.equal(status, 'expired')
    assert.equal(apns.counts().received, before)
  })

  it('does not wait for an attempt that would come after that', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using apns = await startSimulator({ rules: [{ status: 503, reason: 'ServiceUnavailable' }] })
    await using sender = new Sender(apns, { retryDelay: 60, maxRetryDelay: 60 })
    const outcomes = await sender.outcomes(sender.send(5, { expiration: soon() }))
    for (const { status, error } of outcomes) {
      assert.equal(status, 'refused')
      assert.equal(error?.reason, 'ServiceUnavailable')
    }
    assert.equal(apns.counts().received, 5)
  })

  it('is reported while nobody can be reached', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using server = await startTcpServer((socket) => socket.destroy())
    await using sender = new Sender(server, { retryDelay: 0.02, maxRetryDelay: 0.02 })
    const lasting = sender.send(7)
    const sending = sender.send(5, { expiration: soon() })
    await until(() => server.connections > 2)
    assert.equal(sending.pending, 5)
    context.mock.timers.tick(2000)
    for (const { status } of await sender.outcomes(sending)) assert.equal(status, 'expired')
    assert.equal(lasting.pending, 7)
  })

  it('at 0 is now or never: tried again at once where its fate is unknown, and not after a delay', async () => {
    const [reset = '', later = ''] = LATER
    await using apns = await startSimulator({
      rules: [
        { token: reset, timesPerToken: 1, reset: 'INTERNAL_ERROR' },
        { token: later, timesPerToken: 1, status: 503, reason: 'ServiceUnavailable' },
      ],
    })
    await using sender = new Sender(apns)
    const outcomes = await sender.outcomes(sender.send(TOKENS, { expiration: 0 }))
    const refused = outcomes.filter(({ status }) => status !== 'accepted')
    assert.deepEqual(
      refused.map(({ token, error }) => [token, error?.reason]),
      [[later, 'ServiceUnavailable']],
    )
  })
})
