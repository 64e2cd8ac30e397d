import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Failure,
  Message,
  type Notification,
  NotificationQueue,
  type SettlementObserver,
} from 'apns-worker'
import fc from 'fast-check'

const PAYLOAD = { aps: {} }
const FAILURE: Failure = { code: 'refused', reason: 'Unregistered', status: 8, description: '', action: '' }

function tokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, '0'))
}

function claimAll(queue: NotificationQueue): Notification[] {
  const claimed: Notification[] = []
  for (let each = queue.claim(); each !== undefined; each = queue.claim()) claimed.push(each)
  return claimed
}

function idents(notifications: readonly Notification[]): (number | undefined)[] {
  return notifications.map(({ ident }) => ident)
}

test('a settled notification leaves the queue, wherever it is, and only once', () => {
  const settled: [number | undefined, Failure | undefined][] = []
  const observer: SettlementObserver = { settled: ({ ident }, failure) => settled.push([ident, failure]) }
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY)
  queue.append(new Message(tokens(4), PAYLOAD), observer)
  const [first, second, third] = claimAll(queue)
  assert.ok(first && second && third)
  assert.equal(queue.settle(second), true)
  assert.equal(queue.settle(second), false)
  assert.equal(queue.settle(third, FAILURE), true)
  assert.equal(queue.requeue(third), false)
  assert.deepEqual(settled, [
    [1, undefined],
    [2, FAILURE],
  ])
  assert.deepEqual(
    Array.from(queue.entries(), ({ notification }) => notification.ident),
    [0, 3],
  )
})

test('with an infinite grace, silence is never success', () => {
  let nowMs = 0
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY, { now: () => nowMs })
  queue.append(new Message(tokens(1), PAYLOAD))
  queue.claim()
  nowMs = 1e12
  assert.equal(queue.purgeExpired(), Number.POSITIVE_INFINITY)
  assert.equal(queue.isEmpty(), false)
})

test('retries that are due come before fresh work, in the order of their times, and never early', () => {
  let nowMs = 0
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY, { now: () => nowMs })
  queue.append(new Message(tokens(5), PAYLOAD))
  const [first, second, third] = [queue.claim(), queue.claim(), queue.claim()]
  assert.ok(first && second && third)
  queue.requeue(first, 2)
  queue.requeue(second, 1)
  queue.requeue(third)
  assert.equal(queue.nextRetryIn(), 1)
  assert.equal(queue.claim(), third, 'a retry without delay comes first')
  assert.equal(queue.claim()?.ident, 3, 'then fresh work, while nothing is due')
  nowMs = 999
  assert.equal(queue.claim()?.ident, 4)
  assert.equal(queue.hasUnclaimed(), false)
  assert.equal(queue.isEmpty(), false)
  nowMs = 2000
  assert.equal(queue.hasUnclaimed(), true)
  assert.deepEqual(idents(claimAll(queue)), [1, 0])
  assert.equal(queue.nextRetryIn(), undefined)
})

test('a backtracked notification that nobody speaks for is a success after the grace period', () => {
  let nowMs = 0
  const settled: string[] = []
  const queue = new NotificationQueue(5, { now: () => nowMs })
  queue.append(new Message(tokens(3), PAYLOAD), {
    settled: ({ ident }, failure) => settled.push(`${ident} ${failure?.reason ?? 'ok'}`),
  })
  claimAll(queue)
  const found = queue.backtrack(1)
  assert.equal(found?.ident, 1)
  assert.deepEqual(settled, ['0 ok'], 'everything before it has succeeded')
  assert.deepEqual(
    Array.from(queue.entries(), ({ notification, claimed }) => [notification.ident, claimed]),
    [[2, false]],
  )
  nowMs = 5000
  queue.purgeExpired()
  assert.deepEqual(settled, ['0 ok', '1 ok'])
})

test('a backtracked notification can be settled as failed', () => {
  const settled: string[] = []
  const queue = new NotificationQueue(5)
  queue.append(new Message(tokens(1), PAYLOAD), {
    settled: (_, failure) => settled.push(failure?.reason ?? 'ok'),
  })
  queue.claim()
  const found = queue.backtrack(0)
  assert.ok(found)
  assert.equal(queue.isUnresolved(), true)
  queue.settle(found, FAILURE)
  assert.equal(queue.isUnresolved(), false)
  assert.deepEqual(settled, ['Unregistered'])
})

test('discard takes out what waits, wherever it waits, and leaves the rest in place', () => {
  const settled: (number | undefined)[] = []
  const unwanted: SettlementObserver = { settled: ({ ident }) => settled.push(ident) }
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY)
  queue.append(new Message(tokens(5), PAYLOAD), unwanted)
  queue.append(new Message(tokens(3), PAYLOAD))
  const [first, second, third] = [queue.claim(), queue.claim(), queue.claim()]
  assert.ok(first && second && third)
  queue.unclaim(third)
  queue.requeue(first)
  queue.requeue(second, 60)
  const dropped = queue.discard((_message, observer) => (observer === unwanted ? FAILURE : undefined))
  assert.equal(dropped, 5)
  assert.deepEqual(
    settled.toSorted((a = 0, b = 0) => a - b),
    [0, 1, 2, 3, 4],
  )
  assert.deepEqual(idents(claimAll(queue)), [5, 6, 7])
  assert.equal(queue.nextRetryIn(), undefined)
})

test('a million tokens are one entry until they are claimed', () => {
  const message = new Message(tokens(1_000_000), PAYLOAD)
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY)
  queue.append(message)
  assert.equal(queue.unclaimedCount, 1_000_000)
  // A million objects of any kind would take longer to make than this takes altogether.
  for (let round = 0; round < 1000; round++) queue.append(message)
  assert.equal(queue.unclaimedCount, 1_001_000_000)
  assert.equal(queue.claim()?.ident, 0)
})

test('idents are 32 bits and begin anew after the last', () => {
  const message = new Message(tokens(1 << 16), PAYLOAD)
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY)
  for (let round = 0; round < 1 << 16; round++) queue.append(message)
  queue.append(new Message(tokens(2), PAYLOAD))
  queue.discard(
    (each) => (each === message ? undefined : FAILURE),
    (each) => assert.ok((each.ident ?? 9) < 2),
  )
})

/** What a queue that learns each one's fate may do, in any order. */
type Step =
  | { readonly op: 'append'; readonly count: number }
  | { readonly op: 'claim' }
  | { readonly op: 'claimLast' }
  | { readonly op: 'settle' | 'requeue' | 'unclaim'; readonly pick: number; readonly delay: number }
  | { readonly op: 'backtrack'; readonly pick: number }
  | { readonly op: 'wait'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constant('append' as const), count: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ op: fc.constantFrom('claim' as const, 'claimLast' as const) }),
  fc.record({
    op: fc.constantFrom('settle' as const, 'requeue' as const, 'unclaim' as const),
    pick: fc.nat(),
    delay: fc.constantFrom(0, 0, 0.5, 2),
  }),
  fc.record({ op: fc.constant('backtrack' as const), pick: fc.nat() }),
  fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 1500 }) }),
)

test('claimLast takes fresh work from its end, and anything else when there is none', () => {
  const queue = new NotificationQueue(Number.POSITIVE_INFINITY)
  queue.append(new Message(tokens(3), PAYLOAD))
  queue.append(new Message(tokens(2), PAYLOAD))
  const takenOut = (): (number | undefined)[] => [queue.claimLast()?.ident, queue.claim()?.ident]
  assert.deepEqual([takenOut(), takenOut()].flat(), [4, 0, 3, 1])
  const [first] = Array.from(queue.entries())
  assert.ok(first)
  queue.requeue(first.notification)
  assert.deepEqual([takenOut(), takenOut()].flat(), [2, 4, undefined, undefined])
  assert.equal(queue.unclaimedCount, 0)
})

test('whatever is done to it, each notification is in one place, and is settled once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let nowMs = 0
      let appended = 0
      const settled = new Set<number>()
      const observer: SettlementObserver = {
        settled({ ident = -1 }) {
          assert.ok(!settled.has(ident), `${ident} was settled twice`)
          settled.add(ident)
        },
      }
      const queue = new NotificationQueue(Number.POSITIVE_INFINITY, { now: () => nowMs })
      const claimed: Notification[] = []
      const verdicts = new Set<Notification>()
      for (const each of steps) {
        if (each.op === 'append') {
          queue.append(new Message(tokens(each.count), PAYLOAD), observer)
          appended += each.count
        } else if (each.op === 'wait') {
          nowMs += each.ms
        } else if (each.op === 'claim' || each.op === 'claimLast') {
          const notification = queue[each.op]()
          if (notification !== undefined) claimed.push(notification)
        } else if (claimed.length > 0) {
          const at = each.pick % claimed.length
          const [notification] = claimed.slice(at, at + 1)
          assert.ok(notification)
          if (each.op === 'backtrack') {
            const found = queue.backtrack(notification.ident ?? -1)
            assert.equal(found, notification)
            verdicts.add(notification)
            claimed.length = 0
          } else if (each.op === 'unclaim') {
            assert.equal(queue.unclaim(notification), at === claimed.length - 1)
            if (at === claimed.length - 1) claimed.pop()
          } else {
            if (each.op === 'settle') queue.settle(notification)
            else queue.requeue(notification, each.delay)
            claimed.splice(at, 1)
          }
        }
        const held = Array.from(queue.entries(), ({ notification }) => notification.ident)
        assert.equal(new Set(held).size, held.length)
        assert.equal(held.length + settled.size + verdicts.size, appended)
        assert.equal(queue.claimedCount, claimed.length)
        assert.equal(queue.unclaimedCount, held.length - claimed.length)
      }
      for (const notification of verdicts) queue.settle(notification)
      nowMs += 1e9
      for (const notification of [...claimed, ...claimAll(queue)]) queue.settle(notification)
      assert.equal(settled.size, appended)
      assert.equal(queue.isEmpty(), true)
    }),
  )
})
