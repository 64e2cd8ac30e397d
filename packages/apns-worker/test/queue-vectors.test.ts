import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Message, type Notification, NotificationQueue } from 'apns-worker'
import { readVectors } from './support/vectors.js'

/** A run of the original library's queue: what was asked of it, when, and what it then said and held. */
interface QueueStory {
  readonly grace: number
  readonly steps: readonly QueueStep[]
}

interface QueueStep {
  /** Seconds from the start. */
  readonly at: number
  readonly op: 'append' | 'claim' | 'unclaim' | 'backtrack' | 'purge' | 'hasUnclaimed' | 'isEmpty'
  readonly tokens?: readonly string[]
  readonly ident?: number
  readonly returns?: unknown
  readonly queue: readonly (readonly [ident: number, claimed: boolean])[]
  readonly notifies: number
}

const stories = readVectors<QueueStory[]>('seed/queue.json')
let stepCount = 0
after(() => console.log(`vectors: ${stories.length} queue stories, ${stepCount} steps`))

for (const [index, { grace, steps }] of stories.entries()) {
  test(`the queue behaves as the original's, story ${index}`, () => {
    let nowMs = 0
    let notifies = 0
    let locked = 0
    const queue = new NotificationQueue(grace, { now: () => nowMs })
    queue.setBackend({
      queueLock: () => ({ acquire: () => locked++, release: () => locked-- }),
      queueNotify() {
        assert.equal(locked, 1, 'queueNotify is called while the lock is held')
        notifies++
      },
    })
    const claimed = new Map<number, Notification>()

    const perform = ({ op, tokens = [], ident = -1 }: QueueStep): unknown => {
      switch (op) {
        case 'append':
          queue.append(new Message(tokens, { aps: {} }))
          return undefined
        case 'claim': {
          const notification = queue.claim()
          if (notification?.ident === undefined) return null
          claimed.set(notification.ident, notification)
          return { ident: notification.ident, token: notification.token }
        }
        case 'unclaim': {
          const notification = claimed.get(ident)
          return notification === undefined ? false : queue.unclaim(notification)
        }
        case 'backtrack':
          return queue.backtrack(ident)?.ident ?? null
        case 'purge':
          return queue.purgeExpired()
        case 'hasUnclaimed':
          return queue.hasUnclaimed()
        case 'isEmpty':
          return queue.isEmpty()
        default:
          return op satisfies never
      }
    }

    for (const [position, step] of steps.entries()) {
      nowMs = step.at * 1000
      const returned = perform(step)
      const label = `step ${position}: ${step.op}`
      if (step.op !== 'append') assert.deepEqual(returned, step.returns, label)
      const held = Array.from(queue.entries(), (entry) => [entry.notification.ident, entry.claimed])
      assert.deepEqual(held, step.queue, label)
      assert.equal(notifies, step.notifies, label)
      assert.equal(locked, 0, label)
      stepCount++
    }
  })
}
