import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BackOff } from './back-off.mjs'
import { Database } from './database.mjs'
import { Gauge } from './gauge.mjs'
import { Histogram } from './histogram.mjs'
import { Random } from './random.mjs'
import { Timeline } from './timeline.mjs'

const FOR_EVER = Number.POSITIVE_INFINITY
const never = () => false

describe('Timeline', () => {
  test('what is due first is first, and of what is due at once what was planned first', () => {
    const timeline = new Timeline()
    const random = new Random('order')
    const planned = Array.from({ length: 2000 }, (_, order) => ({
      atMs: Math.floor(random.next() * 100),
      order,
    }))
    /** @type {typeof planned} */
    const happened = []
    for (const each of planned) timeline.at(each.atMs, () => happened.push({ ...each, atMs: timeline.nowMs }))
    timeline.run(FOR_EVER, never)
    assert.deepEqual(
      happened,
      planned.toSorted((one, other) => one.atMs - other.atMs || one.order - other.order),
    )
  })

  test('it stops at its limit, and when it is told to', () => {
    const timeline = new Timeline()
    let count = 0
    const again = () => {
      count += 1
      timeline.after(10, again)
    }
    timeline.after(10, again)
    timeline.run(100, never)
    assert.equal(count, 10)
    timeline.run(FOR_EVER, () => count === 15)
    assert.equal(timeline.nowMs, 150)
  })

  test('nothing happens in the past', () => {
    const timeline = new Timeline()
    timeline.after(5, () => timeline.at(4, () => {}))
    assert.throws(() => timeline.run(FOR_EVER, never), /before/)
    assert.throws(() => timeline.after(Number.NaN, () => {}), /before/)
  })
})

describe('Random', () => {
  test('the same seed gives the same numbers, another others', () => {
    const numbers = (/** @type {string} */ seed) => {
      const random = new Random(seed)
      return Array.from({ length: 100 }, () => random.next())
    }
    assert.deepEqual(numbers('a'), numbers('a'))
    assert.notDeepEqual(numbers('a'), numbers('b'))
  })

  test('a stream does not depend on what others draw', () => {
    const random = new Random('a')
    const before = random.stream('x').next()
    random.next()
    assert.equal(random.stream('x').next(), before)
    assert.notEqual(random.stream('y').next(), before)
  })

  test('it is spread as it should be', () => {
    const random = new Random('spread')
    const count = 100_000
    const mean = (/** @type {() => number} */ draw) =>
      Array.from({ length: count }, draw).reduce((sum, value) => sum + value, 0) / count
    near(
      mean(() => random.next()),
      0.5,
      0.01,
    )
    near(
      mean(() => random.exponential(30)),
      30,
      0.02,
    )
    // The mean of a lognormal is exp(sigma² / 2) of its median.
    near(
      mean(() => random.lognormal(50, 0.5)),
      50 * Math.exp(0.125),
      0.02,
    )
    near(
      mean(() => Number(random.lognormal(50, 0.5) < 50)),
      0.5,
      0.02,
    )
    assert.equal(random.lognormal(50, 0), 50)
  })
})

test('a gauge knows its mean over time', () => {
  const timeline = new Timeline()
  const gauge = new Gauge(timeline)
  timeline.at(10, () => gauge.add(4))
  timeline.at(20, () => gauge.set(1))
  timeline.at(50, () => {})
  timeline.run(FOR_EVER, never)
  assert.equal(gauge.integral, 4 * 10 + 1 * 30)
})

test('a histogram gives percentiles to a percent', () => {
  const histogram = new Histogram()
  for (let value = 1; value <= 1000; value += 1) histogram.add(value, 2)
  assert.equal(histogram.weight, 2000)
  assert.equal(histogram.most, 1000)
  assert.equal(histogram.mean, 500.5)
  near(histogram.percentile(0.5), 500, 0.01)
  near(histogram.percentile(0.99), 990, 0.01)
  assert.equal(new Histogram().percentile(0.5), 0)
})

describe('Database', () => {
  const PARAMETERS = { cores: 2, roundTripMs: 2, roundTrips: 3, commitMs: 5 }

  /**
   * @param {number} count
   * @param {{ cpuMs: number, lock?: string }} each
   */
  function finish(count, { cpuMs, lock }) {
    const timeline = new Timeline()
    const database = new Database(timeline, PARAMETERS)
    let lastMs = 0
    for (let left = count; left > 0; left -= 1)
      database.run({ begin: () => cpuMs, commit: () => {}, ...(lock && { lock }) }, () => {
        lastMs = timeline.nowMs
      })
    timeline.run(FOR_EVER, never)
    return { lastMs, database }
  }

  test('one transaction takes its round trips, its work and its commit', () => {
    assert.equal(finish(1, { cpuMs: 10 }).lastMs, 3 * 2 + 10 + 5)
  })

  test('many take what its cores need; they wait for the disk together', () => {
    const { lastMs, database } = finish(1000, { cpuMs: 10 })
    assert.equal(lastMs, (1000 * 10) / 2 + 3 * 2 + 5)
    assert.equal(database.busyMs, 10_000)
  })

  test('those that write to one row wait for each other, to the end of the commit', () => {
    const { lastMs, database } = finish(1000, { cpuMs: 1, lock: 'row' })
    assert.equal(lastMs, 1 + 1 + 2 + 1000 * (2 + 5) + 1)
    assert.equal(database.lockedMs, 7000)
  })

  test('when it fails, calls fail: some undone, some committed all the same', () => {
    const timeline = new Timeline()
    const database = new Database(timeline, PARAMETERS)
    const counts = { answered: 0, failed: 0, committed: 0, undone: 0 }
    const call = () =>
      database.run(
        {
          begin: () => 0.1,
          commit: () => {
            counts.committed += 1
          },
          rollback: () => {
            counts.undone += 1
          },
        },
        (answer) => {
          if (answer === undefined) counts.failed += 1
          else counts.answered += 1
        },
      )
    for (let atMs = 0; atMs < 100; atMs += 0.3) timeline.at(atMs, call)
    timeline.at(50, () => database.fail())
    timeline.at(70, () => database.recover())
    timeline.run(FOR_EVER, never)
    assert.equal(counts.answered + counts.failed, 334)
    assert.equal(database.failures, counts.failed)
    assert.equal(counts.committed, counts.answered + database.ambiguous)
    assert.ok(database.ambiguous > 0)
    assert.ok(counts.undone > 0)
    assert.ok(counts.failed > counts.undone + database.ambiguous, 'those that came while it was down')
    assert.equal(database.transactions, counts.committed)
  })
})

describe('BackOff', () => {
  const RETRY = { maxAttempts: 4, retryDelayMs: 100, maxRetryDelayMs: 250, maxRetryTimeMs: 1000 }

  test('the first retry may be at once; ceilings double; in the end it is given up', () => {
    const backOff = new BackOff(RETRY, new Random('back-off'))
    assert.equal(backOff.delayMs(1, 0, true), 0)
    for (let round = 0; round < 1000; round += 1) {
      within(backOff.delayMs(1, 0, false), 100)
      within(backOff.delayMs(2, 0, true), 200)
      within(backOff.delayMs(3, 0, false), 250)
    }
    assert.equal(backOff.delayMs(4, 0, false), undefined)
    assert.equal(backOff.delayMs(1, 1000, false), undefined)
  })
})

/**
 * @param {number | undefined} delayMs
 * @param {number} ceilingMs
 */
function within(delayMs, ceilingMs) {
  assert.ok(delayMs !== undefined && delayMs >= 0 && delayMs < ceilingMs, `${delayMs} of ${ceilingMs}`)
}

/**
 * @param {number} value
 * @param {number} expected
 * @param {number} share by which it may differ
 */
function near(value, expected, share) {
  assert.ok(Math.abs(value - expected) <= expected * share, `${value} is not about ${expected}`)
}
