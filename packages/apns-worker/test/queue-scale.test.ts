import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message, type Notification, NotificationQueue } from 'apns-worker'

const TOKEN = 'ab'.repeat(32)

/** Every call that costs something for each token goes through one of these. */
interface Work {
  notifications: number
  clockReads: number
  notifies: number
  settled: number
}

/** How the queue takes a notification from a message; the published types leave it out. */
const queuesDoor = Message.prototype as unknown as {
  notification(this: Message, index: number, ident: number | undefined): Notification
}

class CountingMessage extends Message {
  readonly #work: Work

  constructor(count: number, work: Work) {
    super(
      (function* () {
        for (let index = 0; index < count; index++) yield TOKEN
      })(),
      { aps: {} },
    )
    this.#work = work
  }

  notification(index: number, ident: number | undefined): Notification {
    this.#work.notifications++
    return queuesDoor.notification.call(this, index, ident)
  }
}

/** Appends a message, claims all of it with so many in flight, and has each settled by an answer or by silence. */
function run(count: number, grace: number): { appending: Work; total: Work } {
  const work: Work = { notifications: 0, clockReads: 0, notifies: 0, settled: 0 }
  let nowMs = 0
  const queue = new NotificationQueue(grace, {
    now() {
      work.clockReads++
      return nowMs
    },
  })
  queue.setBackend({
    queueLock: () => ({ acquire() {}, release() {} }),
    queueNotify: () => work.notifies++,
  })
  queue.append(new CountingMessage(count, work), { settled: () => work.settled++ })
  const appending = { ...work }
  const inFlight: Notification[] = []
  for (let each = queue.claim(); each !== undefined; each = queue.claim()) {
    inFlight.push(each)
    if (inFlight.length < 1000) continue
    if (grace === Number.POSITIVE_INFINITY) {
      // Answers come in no order.
      for (const answered of inFlight.splice(0).toReversed()) queue.settle(answered)
    } else {
      inFlight.length = 0
      nowMs += grace * 1000
      queue.purgeExpired()
    }
  }
  assert.equal(queue.isUnresolved(), false)
  return { appending, total: work }
}

for (const [how, grace] of [
  ['by answers', Number.POSITIVE_INFINITY],
  ['by silence', 5],
] as const) {
  test(`appending costs nothing for each token, and a million settled ${how} cost ten times as much as 100,000`, () => {
    const [few, many] = [run(100_000, grace), run(1_000_000, grace)]
    assert.deepEqual(many.appending, few.appending)
    assert.equal(many.appending.notifications, 0)
    assert.equal(many.total.notifications, 1_000_000)
    assert.equal(many.total.settled, 1_000_000)
    assert.equal(many.total.notifies, few.total.notifies)
    assert.ok(many.total.clockReads <= few.total.clockReads * 10)
  })
}

test('a message for many tokens is discarded without looking at any, until somebody asks', () => {
  const work: Work = { notifications: 0, clockReads: 0, notifies: 0, settled: 0 }
  const queue = new NotificationQueue(5)
  const message = new CountingMessage(100_000, work)
  queue.append(message)
  queue.append(new Message([TOKEN], { aps: {} }))
  assert.equal(queue.unclaimedCount, 100_001)
  let asked = 0
  queue.discard(() => {
    asked++
    return undefined
  })
  assert.equal(asked, 2)
  assert.equal(work.notifications, 0)
})
