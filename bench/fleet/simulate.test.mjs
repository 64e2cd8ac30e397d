import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from './random.mjs'
import { simulate } from './simulate.mjs'

/** @typedef {import('./simulate.mjs').Scenario} Scenario */

/** Nothing costs anything and nothing happens by chance, but what a test says. */
const FREE = {
  worker: {
    windowTokens: 1_000_000,
    sendMicroseconds: 0,
    answerMicroseconds: 0,
    transactionMicroseconds: 0,
    batchMicroseconds: 0,
    recordMicroseconds: 0,
    maxConnections: 1,
  },
  apns: {
    roundTripMs: 50,
    roundTripSigma: 0,
    tailShare: 0,
    deadShare: 0,
    connectionLifeMs: Number.POSITIVE_INFINITY,
  },
  database: { cores: 4, roundTripMs: 0, roundTrips: 2, commitMs: 0 },
  statements: {
    transaction: 1,
    claimBatch: 0,
    recordBatch: 0,
    recordFailure: 0,
    renewBatch: 0,
    appendBatch: 0,
  },
}

/**
 * @param {Partial<Scenario>} scenario
 * @param {Scenario['parameters']} [parameters]
 * @returns {Scenario}
 */
function scenario(scenario, { worker, apns, database, statements, retry } = {}) {
  return {
    title: 'a test',
    apps: { news: { messageTokens: 500_000, backlog: 500_000 } },
    seconds: 0,
    limitSeconds: 1000,
    shards: 1,
    workers: 1,
    grain: 10,
    parameters: {
      worker: { ...FREE.worker, ...worker },
      apns: { ...FREE.apns, ...apns },
      database: { ...FREE.database, ...database },
      statements: { ...FREE.statements, ...statements },
      retry: { ...retry },
    },
    ...scenario,
  }
}

describe('what is known without a simulation', () => {
  test('where streams are the limit: streams ÷ round trip', () => {
    const one = simulate(scenario({}), 1)
    // A connection takes three round trips to open and one to probe.
    near(one.perSecond, 1000 / 0.05, 0.02)
    near(one.used.streams, 1, 0.02)
    assert.equal(one.bottleneck, 'streams to Apple')
    const eight = scenario(
      { apps: { news: { messageTokens: 4_000_000, backlog: 4_000_000 } } },
      { worker: { maxConnections: 8 } },
    )
    // They are opened one after the other.
    near(simulate(eight, 1).perSecond, (8 * 1000) / 0.05, 0.06)
  })

  test('where the window is the limit: window ÷ payload ÷ round trip', () => {
    const { perSecond } = simulate(
      scenario({}, { worker: { payloadBytes: 200 }, apns: { windowBytes: 65_535 } }),
      1,
    )
    near(perSecond, 320 / 0.05, 0.02)
  })

  test('where the CPU is the limit: 1 ÷ what a notification costs', () => {
    const worker = { sendMicroseconds: 12, answerMicroseconds: 8, maxConnections: 8 }
    const { perSecond, used, bottleneck } = simulate(scenario({}, { worker, apns: { roundTripMs: 5 } }), 1)
    near(perSecond, 1e6 / 20, 0.01)
    near(used.cpu, 1, 0.01)
    assert.equal(bottleneck, 'CPU of the workers')
    const batches = { ...worker, batchMicroseconds: 20_000 }
    near(simulate(scenario({}, { worker: batches, apns: { roundTripMs: 5 } }), 1).perSecond, 1e6 / 40, 0.01)
  })

  test('where Apple’s end of a connection is the limit: 1 ÷ what it takes for a request', () => {
    const { perSecond } = simulate(scenario({}, { apns: { connectionMicroseconds: 100 } }), 1)
    near(perSecond, 10_000, 0.02)
  })

  test('where the window of a worker is the limit: window ÷ round trip', () => {
    const worker = { windowTokens: 2000, maxConnections: 8 }
    const { perSecond, bottleneck } = simulate(scenario({}, { worker }), 1)
    near(perSecond, 2000 / 0.05, 0.1)
    assert.equal(bottleneck, 'tokens in hand')
  })

  test('where a database’s cores are the limit: cores ÷ what a batch costs', () => {
    const statements = { claimBatch: 40_000, recordBatch: 0 }
    const database = { cores: 2 }
    const worker = { windowTokens: 20_000, maxConnections: 8 }
    const { perSecond, used, bottleneck } = simulate(
      scenario({ workers: 8 }, { statements, database, worker, apns: { roundTripMs: 5 } }),
      1,
    )
    near(perSecond, 2 * (1000 / 0.04), 0.1)
    assert.ok(used.database > 0.9)
    assert.equal(bottleneck, 'CPU of a database')
  })

  test('where a message’s row is the limit: it is held all the time, and what gathers meanwhile goes together', () => {
    const database = { commitMs: 20 }
    const { used, bottleneck, transactions } = simulate(
      scenario({ workers: 4 }, { database, worker: { windowTokens: 20_000 } }),
      1,
    )
    assert.ok(used.lock > 0.9, `${used.lock}`)
    assert.equal(bottleneck, 'a row of a database')
    assert.ok(transactions < 500, `${transactions}`)
  })

  test('where Apple limits an app: no more than that, and every one is sent in the end', () => {
    const apps = { news: { messageTokens: 100_000, backlog: 100_000 } }
    const apns = { appLimits: { news: 2000 } }
    const result = simulate(scenario({ apps }, { apns, worker: { windowTokens: 20_000 } }), 1)
    assert.equal(result.tokens.accepted, 100_000)
    // The limit allows a second's worth at once. Back-off has no way to know it, and is slower.
    assert.ok(result.drainSeconds >= 49, `${result.drainSeconds}`)
    assert.equal(result.bottleneck, "Apple's limit for an app")
  })

  test('Little’s law: in flight = a second × how long each is', () => {
    const apns = { roundTripSigma: 0.5, tailShare: 0.01, tailMs: 300 }
    const worker = { maxConnections: 8, sendMicroseconds: 4, answerMicroseconds: 4 }
    const apps = { news: { messageTokens: 1000, perSecond: 50_000 } }
    const { meanInFlight, perSecond, meanAnswerMs } = simulate(
      scenario({ apps, seconds: 60, warmUpSeconds: 10 }, { apns, worker }),
      1,
    )
    near(perSecond, 50_000, 0.01)
    near(meanInFlight, (perSecond * meanAnswerMs) / 1000, 0.02)
    // The mean of a lognormal, and the tail.
    near(meanAnswerMs, 50 * Math.exp(0.125) + 3, 0.05)
  })

  test('what a lone message takes: to be claimed, connected, probed, answered', () => {
    const apps = { news: { messageTokens: 1, backlog: 1 } }
    const { latencies } = simulate(scenario({ apps }), 1)
    near(latencies.news.maxMs, 4 * 50, 0.001)
  })

  test('a message that nobody is told of waits for half a poll in the mean', () => {
    const apps = { news: { messageTokens: 10, perSecond: 7 } }
    const told = simulate(scenario({ apps, seconds: 600, warmUpSeconds: 10 }), 1)
    const polled = simulate(scenario({ apps, seconds: 600, warmUpSeconds: 10, polls: true }), 1)
    near(told.latencies.news.p50Ms, 50, 0.02)
    near(polled.latencies.news.p50Ms, 550, 0.1)
    assert.ok(polled.latencies.news.p99Ms > 1000)
  })
})

describe('troubles', () => {
  const BUSY = {
    apps: { news: { messageTokens: 500, perSecond: 40_000 } },
    seconds: 60,
    warmUpSeconds: 5,
    workers: 3,
  }
  const FAST = { worker: { maxConnections: 8, windowTokens: 20_000 } }

  test('a worker that crashes: its batches wait for the lease, and what was in flight is repeated', () => {
    const crashes = { everyMs: 10_000, backAfterMs: 1000, isRenamed: true }
    const result = simulate(
      scenario({ ...BUSY, crashes }, { worker: { ...FAST.worker, leaseMs: 15_000 } }),
      1,
    )
    assert.ok(result.crashes >= 3, `${result.crashes}`)
    assert.ok(result.repeated > 0)
    // In flight: 40,000 a second × 50 ms over three workers, and what an answer waits for to be written down.
    assert.ok(result.repeated <= result.crashes * 4000, `${result.repeated} in ${result.crashes} crashes`)
    assert.ok(result.latencies.news.maxMs >= 10_000, `${result.latencies.news.maxMs}`)
    assert.ok(result.latencies.news.maxMs <= 17_000, `${result.latencies.news.maxMs}`)
  })

  test('one that comes back under its name takes its batches over at once', () => {
    const crashes = { everyMs: 10_000, backAfterMs: 1000, isRenamed: false }
    const { latencies, repeated } = simulate(scenario({ ...BUSY, crashes }, FAST), 1)
    assert.ok(repeated > 0)
    assert.ok(latencies.news.maxMs < 3000, `${latencies.news.maxMs}`)
  })

  test('a database that is gone for a while: clients and workers try again, nothing is lost', () => {
    const failures = [{ shard: 0, atMs: 20_000, forMs: 10_000, lostMs: 0 }]
    const { tokens, failedCalls, latencies, isFinished } = simulate(scenario({ ...BUSY, failures }, FAST), 1)
    assert.equal(isFinished, true)
    assert.equal(tokens.lost, 0)
    assert.ok(failedCalls > 10)
    assert.ok(latencies.news.maxMs < 13_000, `${latencies.news.maxMs}`)
  })

  test('what was stored although its answer never came is not stored again', () => {
    const failures = [{ shard: 0, atMs: 20_000, forMs: 10_000, lostMs: 0 }]
    const { tokens, ambiguousCommits } = simulate(
      scenario({ ...BUSY, failures }, { ...FAST, database: { roundTripMs: 100 } }),
      1,
    )
    assert.ok(ambiguousCommits > 0)
    assert.ok(Math.abs(tokens.appended - 60 * 40_000) <= 500, `${tokens.appended}`)
  })

  test('a replica that lacks the last second: what was accepted in it is lost, what was sent in it is repeated', () => {
    const failures = [{ shard: 0, atMs: 20_000, forMs: 10_000, lostMs: 1000 }]
    const { tokens, repeated } = simulate(scenario({ ...BUSY, failures }, FAST), 1)
    near(tokens.lost, 40_000, 0.26)
    assert.ok(repeated > 0)
  })

  test('another shard does not notice', () => {
    const failures = [{ shard: 1, atMs: 20_000, forMs: 10_000, lostMs: 0 }]
    const both = simulate(scenario({ ...BUSY, shards: 2, failures }, FAST), 1)
    assert.ok(both.latencies.news.p50Ms < 200)
    near(both.perSecond, 40_000, 0.02)
  })

  for (const kind of /** @type {const} */ (['reset', 'silent'])) {
    test(`Apple’s service is out for a while (${kind}): all is sent, little is repeated`, () => {
      const troubles = [{ kind, fromMs: 20_000, untilMs: 50_000 }]
      const { tokens, repeated, isFinished } = simulate(scenario(BUSY, { ...FAST, apns: { troubles } }), 1)
      assert.equal(isFinished, true)
      assert.equal(tokens.accepted, tokens.appended)
      // What was answered when nothing came through any more.
      assert.ok(repeated > 0 && repeated < 4000, `${repeated}`)
    })
  }

  test('GOAWAY repeats nothing', () => {
    const { repeated, requests, tokens } = simulate(
      scenario(BUSY, { ...FAST, apns: { connectionLifeMs: 2000 } }),
      1,
    )
    assert.equal(repeated, 0)
    assert.ok(requests > tokens.appended, 'something was sent again')
  })

  test('an app that is throttled does not hold up others', () => {
    const apps = {
      throttled: { messageTokens: 100_000, backlog: 200_000 },
      news: { messageTokens: 1000, perSecond: 5000 },
    }
    const apns = { appLimits: { throttled: 1000 } }
    const { latencies } = simulate(scenario({ ...BUSY, apps, seconds: 120 }, { ...FAST, apns }), 1)
    assert.ok(latencies.news.p99Ms < 1000, `${latencies.news.p99Ms}`)
    assert.ok(latencies.throttled.p99Ms > 60_000, `${latencies.throttled.p99Ms}`)
  })
})

describe('books', () => {
  const SEEDS = 12

  for (let seed = 1; seed <= SEEDS; seed += 1) {
    test(`each token has one outcome in the end, whatever happens (seed ${seed})`, () => {
      const { tokens, isFinished, requests, repeated, perSecond } = simulate(anything(seed), seed)
      assert.equal(isFinished, true)
      const { appended, pending, lost, accepted, refused, gaveUp, unknown } = tokens
      assert.ok(appended > 0)
      assert.equal(pending, 0)
      assert.equal(accepted + refused + gaveUp + unknown + lost, appended)
      assert.ok(requests >= accepted + refused + repeated)
      assert.ok(perSecond > 0)
    })
  }

  test('the same seed gives the same figures, another others', () => {
    assert.deepEqual(simulate(anything(1), 'a'), simulate(anything(1), 'a'))
    assert.notDeepEqual(simulate(anything(1), 'a'), simulate(anything(1), 'b'))
  })

  test('how fine it is changes little', () => {
    const coarse = simulate(
      scenario({ grain: 50 }, { worker: { sendMicroseconds: 10, answerMicroseconds: 10 } }),
      1,
    )
    const fine = simulate(
      scenario({ grain: 1 }, { worker: { sendMicroseconds: 10, answerMicroseconds: 10 } }),
      1,
    )
    near(coarse.perSecond, fine.perSecond, 0.02)
    near(coarse.used.cpu, fine.used.cpu, 0.02)
  })

  test('what is not sent in time is still there', () => {
    const { isFinished, tokens } = simulate(scenario({ limitSeconds: 5 }), 1)
    assert.equal(isFinished, false)
    assert.equal(tokens.pending + tokens.accepted, tokens.appended)
  })
})

/**
 * All troubles at once.
 *
 * @param {number} seed
 * @returns {Scenario}
 */
function anything(seed) {
  const random = new Random(`anything ${seed}`)
  const upTo = (/** @type {number} */ most) => random.next() * most
  return scenario(
    {
      apps: {
        news: { messageTokens: 1 + Math.floor(upTo(20_000)), perSecond: 1000 + upTo(10_000) },
        chat: { messageTokens: 1 + Math.floor(upTo(50)), perSecond: 200, backlog: 5000 },
      },
      seconds: 30,
      workers: 1 + Math.floor(upTo(4)),
      shards: 1 + Math.floor(upTo(2)),
      limitSeconds: 8000,
      failures: [{ shard: 0, atMs: upTo(20_000), forMs: upTo(10_000), lostMs: upTo(2000) }],
      crashes: { everyMs: 5000 + upTo(20_000), backAfterMs: upTo(3000), isRenamed: random.next() < 0.5 },
    },
    {
      worker: {
        windowTokens: 20_000,
        maxConnections: 4,
        leaseMs: 5000,
        sendMicroseconds: 5,
        answerMicroseconds: 5,
      },
      apns: {
        roundTripSigma: 0.3,
        tailShare: 0.01,
        tailMs: 1000,
        deadShare: 0.1,
        unavailableShare: 0.02,
        connectionLifeMs: 5000,
        appLimits: { news: 2000 + upTo(5000) },
        troubles: [
          {
            kind: random.next() < 0.5 ? 'reset' : 'silent',
            fromMs: upTo(20_000),
            untilMs: 20_000 + upTo(20_000),
          },
          { kind: 'slow', fromMs: 1000, untilMs: 3000, factor: 5 },
        ],
      },
      database: { cores: 1, roundTripMs: 1, roundTrips: 3, commitMs: 5 },
      statements: { transaction: 100, claimBatch: 100, recordBatch: 100, recordFailure: 10 },
      retry: { maxAttempts: 4 + Math.floor(upTo(6)) },
    },
  )
}

/**
 * @param {number} value
 * @param {number} expected
 * @param {number} share by which it may differ
 */
function near(value, expected, share) {
  assert.ok(Math.abs(value - expected) <= expected * share, `${value} is not about ${expected}`)
}
