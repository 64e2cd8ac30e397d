import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FeedbackFollower } from '#src/feedback/feedback-follower.js'
import type { FeedbackPage } from '#src/outbox/dead-tokens.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { StoppedClock } from '../../../apns-worker/dist-test/support/stopped-clock.js'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'
import { DeadTokenLog } from './dead-token-log.js'

failOnLeaks()

const POLL_MS = 1000

describe('a follower of the log', () => {
  let clock: StoppedClock
  let log: DeadTokenLog
  let errors: unknown[]
  let follower: FeedbackFollower

  beforeEach(() => {
    clock = new StoppedClock()
    log = new DeadTokenLog()
    errors = []
    follower = new FeedbackFollower({
      deadTokens: log,
      pollMs: POLL_MS,
      onError: (error) => errors.push(error),
    })
  })
  afterEach(() => {
    follower.close()
    clock[Symbol.dispose]()
  })

  const next = (
    after: number,
    apps?: string[],
    limit = 100,
    signal = new AbortController().signal,
  ): Promise<FeedbackPage> =>
    within(follower.next({ after, apps, limit }, signal), () => `${follower.waiting} wait`)
  const waiting = (count: number): Promise<void> => until(() => follower.waiting === count)
  const positions = ({ items }: FeedbackPage): number[] => items.map(({ position }) => position)

  it('answers at once where there is something', async () => {
    log.add('news', 3)
    const page = await next(1)
    assert.deepEqual(positions(page), [2, 3])
    assert.equal(page.next, 3)
  })

  it('answers as soon as this process has written, without any time passing', async () => {
    const page = next(0)
    await waiting(1)
    log.add('news')
    follower.woken()
    assert.deepEqual(positions(await page), [1])
  })

  it('misses nothing that is written between its reader’s look and its wait', async () => {
    log.afterReading = () => {
      log.add('news')
      follower.woken()
    }
    assert.deepEqual(positions(await next(0)), [1])
  })

  it('misses nothing that is written while it looks', async () => {
    const page = next(0)
    await waiting(1)
    log.afterReading = () => {
      log.add('news')
      follower.woken()
    }
    follower.woken()
    assert.deepEqual(positions(await page), [1])
  })

  it('finds what another process has written at the next interval', async () => {
    const page = next(0)
    await waiting(1)
    log.add('news')
    clock.advance(POLL_MS - 1)
    assert.equal(log.queries.length, 1)
    clock.advance(1)
    assert.deepEqual(positions(await page), [1])
  })

  it('asks the store once for all', async () => {
    const pages = Array.from({ length: 200 }, () => next(0))
    await waiting(200)
    log.queries.length = 0
    log.add('news', 2)
    follower.woken()
    for (const page of await Promise.all(pages)) assert.deepEqual(positions(page), [1, 2])
    assert.equal(log.queries.length, 1)
  })

  it('asks it once for readers who come back together, too', async () => {
    const read = async (): Promise<number[]> => {
      const first = await next(0)
      return [...positions(first), ...positions(await next(first.next))]
    }
    const reads = Array.from({ length: 50 }, read)
    await waiting(50)
    log.queries.length = 0
    log.add('news')
    follower.woken()
    await until(() => follower.waiting === 50 && log.queries.length > 0)
    log.add('news')
    follower.woken()
    for (const read of await Promise.all(reads)) assert.deepEqual(read, [1, 2])
    assert.equal(log.queries.length, 2)
  })

  it('does not take an old look for the end of the log', async () => {
    const page = next(0)
    await waiting(1)
    log.add('news')
    follower.woken()
    await page
    clock.advance(POLL_MS)
    log.add('news')
    assert.deepEqual(positions(await next(1)), [2])
  })

  it('asks nothing while nobody waits', async () => {
    const gone = new AbortController()
    const page = next(0, undefined, 100, gone.signal)
    await waiting(1)
    gone.abort()
    assert.deepEqual(await page, { items: [], next: 0 })
    log.queries.length = 0
    clock.advance(100 * POLL_MS)
    follower.woken()
    assert.equal(log.queries.length, 0)
  })

  it('tells each reader of its apps alone, and how far there was nothing for it', async () => {
    const gone = new AbortController()
    const both = next(0)
    const sport = next(0, ['sport', 'sport@production'])
    const chess = next(0, ['chess'], 100, gone.signal)
    await waiting(3)
    log.add('news')
    log.add('sport@production')
    follower.woken()
    assert.deepEqual(positions(await both), [1, 2])
    assert.deepEqual(positions(await sport), [2])
    assert.equal(follower.waiting, 1)
    gone.abort()
    assert.deepEqual(await chess, { items: [], next: 2 })
  })

  it('gives no more than was asked for, and goes on behind that', async () => {
    const page = next(0, undefined, 2)
    await waiting(1)
    log.add('news', 5)
    follower.woken()
    const first = await page
    assert.deepEqual([positions(first), first.next], [[1, 2], 2])
    assert.deepEqual(positions(await next(first.next)), [3, 4, 5])
  })

  it('goes through a log of any length for a reader of a rare app', async () => {
    const page = next(0, ['chess'])
    await waiting(1)
    log.add('news', 2500)
    log.add('chess')
    follower.woken()
    assert.deepEqual(positions(await page), [2501])
    assert.ok(log.queries.every(({ limit = 0 }) => limit <= 1000))
    // And not once more, though nothing of it was for this reader.
    const again = next(0, ['checkers'])
    await waiting(1)
    log.queries.length = 0
    log.add('checkers')
    follower.woken()
    assert.deepEqual(positions(await again), [2502])
    assert.equal(log.queries.length, 1)
  })

  it('tells nobody twice for the sake of one who stands further back', async () => {
    log.add('news', 3)
    const behind = next(0, ['sport'])
    const ahead = next(3)
    await waiting(2)
    log.add('sport')
    follower.woken()
    assert.deepEqual(positions(await ahead), [4])
    assert.deepEqual(positions(await behind), [4])
  })

  it('does not take one reader’s place beyond the end, of another store, for the others’', async () => {
    log.add('news', 4)
    const end = next(4)
    await waiting(1)
    log.add('news')
    follower.woken()
    assert.deepEqual(positions(await end), [5])
    const gone = new AbortController()
    const beyond = next(10, undefined, 100, gone.signal)
    await waiting(1)
    follower.woken()
    await until(() => log.answers === log.queries.length)
    assert.deepEqual(await next(5, ['chess'], 100, AbortSignal.abort()), { items: [], next: 5 })
    // While it is looked for the one, another comes, who stands at the end.
    let late: Promise<FeedbackPage> | undefined
    log.afterReading = () => {
      late = next(5)
    }
    follower.woken()
    await until(() => follower.waiting === 2)
    await until(() => log.answers === log.queries.length)
    log.add('news')
    follower.woken()
    assert.deepEqual(positions((await late) ?? { items: [], next: 0 }), [6])
    assert.deepEqual(await next(0, ['chess'], 100, AbortSignal.abort()), { items: [], next: 6 })
    gone.abort()
    assert.deepEqual(await beyond, { items: [], next: 10 })
  })

  it('forgets the signal of who was answered', async () => {
    const { signal } = new AbortController()
    const page = next(0, undefined, 100, signal)
    await waiting(1)
    log.add('news')
    follower.woken()
    await page
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
  })

  it('outlives an error of the store', async () => {
    const page = next(0)
    await waiting(1)
    log.error = new Error('locked')
    follower.woken()
    await until(() => errors.length === 1)
    log.error = undefined
    log.add('news')
    clock.advance(POLL_MS)
    assert.deepEqual(positions(await page), [1])
    assert.deepEqual(errors, [new Error('locked')])
  })

  it('throws such an error before the wait', async () => {
    log.error = new Error('locked')
    await assert.rejects(next(0), /locked/)
    assert.equal(follower.waiting, 0)
  })

  it('lets everybody go when it is closed, and nobody wait any more', async () => {
    const page = next(0)
    await waiting(1)
    follower.close()
    follower.close()
    assert.deepEqual(await page, { items: [], next: 0 })
    assert.deepEqual(await next(0), { items: [], next: 0 })
  })

  it('does not wait for who is gone already', async () => {
    assert.deepEqual(await next(0, undefined, 1, AbortSignal.abort()), { items: [], next: 0 })
  })

  it('takes no interval that would be a busy loop', () => {
    for (const pollMs of [0, -1, Number.NaN]) {
      assert.throws(() => new FeedbackFollower({ deadTokens: log, pollMs }), RangeError)
    }
  })
})
