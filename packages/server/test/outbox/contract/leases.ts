import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

const LEASE_MS = 10_000

export function leases(make: MakePlace): void {
  const claim = { owner: 'a', leaseMs: LEASE_MS, maxTokens: 100_000 }

  test(
    'a leased batch is nobody else’s until the lease is over; then its tokens are in doubt',
    on(make, async ({ outbox, clock, another }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(3))
      const first = (await outbox.claim(claim)).batches[0]
      assert.ok(first)
      assert.equal(first.isInDoubt, false)
      assert.equal(first.leaseUntilMs, clock.nowMs + LEASE_MS)
      assert.equal((await outbox.message(messageId)).state, 'sending')
      await outbox.record([{ ...first, accepted: [1] }])
      const other = await another()
      const none = await other.claim({ ...claim, owner: 'b' })
      assert.deepEqual(none, { batches: [], nextAtMs: clock.nowMs + LEASE_MS })
      clock.nowMs += LEASE_MS
      const second = (await other.claim({ ...claim, owner: 'b' })).batches[0]
      assert.ok(second)
      assert.equal(second.batchId, first.batchId)
      assert.ok(second.fence > first.fence)
      assert.equal(second.isInDoubt, true)
      assert.deepEqual(second.pending, [0, 2])
      assert.equal(second.message.id, first.message.id)
      assert.equal(second.firstIndex, first.firstIndex)
    }),
  )

  test(
    'a worker that lost its lease writes nothing',
    on(make, async ({ outbox, clock }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(2))
      const first = (await outbox.claim(claim)).batches[0]
      assert.ok(first)
      clock.nowMs += LEASE_MS
      const second = (await outbox.claim({ ...claim, owner: 'b' })).batches[0]
      assert.ok(second)
      assert.deepEqual(await outbox.record([{ ...first, accepted: [0, 1] }]), ['lost'])
      assert.deepEqual(await outbox.renew([first], LEASE_MS), ['lost'])
      await outbox.release([first])
      assert.equal((await outbox.message(messageId)).pending, 2)
      assert.deepEqual(await outbox.record([{ ...second, accepted: [0] }]), ['held'])
      assert.deepEqual(await outbox.record([{ ...second, accepted: [0, 1] }]), ['settled'])
      assert.deepEqual(await outbox.record([{ ...second, accepted: [0, 1] }]), ['lost'])
      assert.equal((await outbox.message(messageId)).counts.accepted, 2)
    }),
  )

  test(
    'an outcome after the lease’s end counts while nobody has claimed the batch',
    on(make, async ({ outbox, clock }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(2))
      const { batches } = await outbox.claim(claim)
      clock.nowMs += 10 * LEASE_MS
      assert.deepEqual(await outbox.record(batches.map((batch) => ({ ...batch, accepted: [0] }))), ['held'])
      await outbox.claim({ ...claim, apps: [] })
      assert.deepEqual(await outbox.renew(batches, LEASE_MS), ['lost'])
      assert.deepEqual(await outbox.record(batches.map((batch) => ({ ...batch, accepted: [1] }))), [
        'settled',
      ])
      assert.equal((await outbox.message(messageId)).state, 'done')
      assert.deepEqual(await outbox.claim(claim), { batches: [], nextAtMs: undefined })
    }),
  )

  test(
    'a renewed lease lasts longer',
    on(make, async ({ outbox, clock }) => {
      await outbox.append({ app: 'news', content: '' }, tokensOf(2))
      const { batches } = await outbox.claim(claim)
      clock.nowMs += LEASE_MS - 1
      assert.deepEqual(await outbox.renew(batches, LEASE_MS), ['held'])
      clock.nowMs += LEASE_MS - 1
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      clock.nowMs += 1
      assert.equal((await outbox.claim(claim)).batches.length, 1)
    }),
  )

  test(
    'what is given back is handed out again, not before its time, and only what has no outcome',
    on(make, async ({ outbox, clock }) => {
      await outbox.append({ app: 'news', content: '' }, tokensOf(3))
      const { batches } = await outbox.claim(claim)
      await outbox.record(batches.map((batch) => ({ ...batch, accepted: [0] })))
      await outbox.release(batches.map((batch) => ({ ...batch, notBeforeMs: clock.nowMs + 500 })))
      assert.deepEqual(await outbox.claim(claim), { batches: [], nextAtMs: clock.nowMs + 500 })
      clock.nowMs += 500
      const again = (await outbox.claim(claim)).batches
      assert.deepEqual(
        again.map(({ pending, isInDoubt }) => [pending, isInDoubt]),
        [[[1, 2], false]],
      )
      await outbox.release(again.map((batch) => ({ ...batch, isInDoubt: true })))
      assert.equal((await outbox.claim(claim)).batches[0]?.isInDoubt, true)
    }),
  )

  test(
    'a restarted worker takes its own leases over at once, and nobody else’s',
    on(make, async ({ outbox, another }) => {
      await outbox.append({ app: 'news', content: '' }, tokensOf(400_000))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 350_000 })
      await outbox.claim({ ...claim, owner: 'b' })
      const restarted = await another()
      assert.equal(await restarted.takeOver('a'), 350)
      assert.equal(await restarted.takeOver('a'), 0)
      assert.deepEqual(await outbox.renew(batches.slice(0, 1), LEASE_MS), ['lost'])
      const again = (await restarted.claim({ ...claim, maxTokens: 400_000 })).batches
      assert.deepEqual(
        again.map(({ batchId }) => batchId),
        batches.map(({ batchId }) => batchId),
      )
      assert.ok(again.every(({ isInDoubt }) => isInDoubt))
    }),
  )

  test(
    'with ambiguous: drop, what a lost worker had is unknown, and not handed out again',
    on(make, async ({ outbox, clock }) => {
      const { messageId } = await outbox.append(
        { app: 'news', content: '', ambiguous: 'drop' },
        tokensOf(1500),
      )
      const { batches } = await outbox.claim({ ...claim, maxTokens: 1 })
      assert.equal(batches[0]?.message.ambiguous, 'drop')
      await outbox.record(batches.map((batch) => ({ ...batch, accepted: [0, 1] })))
      clock.nowMs += LEASE_MS
      const rest = (await outbox.claim(claim)).batches
      assert.deepEqual(
        rest.map(({ firstIndex, pending }) => [firstIndex, pending.length]),
        [[1000, 500]],
      )
      const status = await outbox.message(messageId)
      assert.deepEqual([status.counts.accepted, status.counts.unknown, status.pending], [2, 998, 500])
      assert.deepEqual(status.reasons, { LeaseLost: 998 })
      // Given back unsent, they are sent; given back in doubt, they are not.
      await outbox.release(rest)
      const again = (await outbox.claim(claim)).batches
      assert.equal(again[0]?.pending.length, 500)
      await outbox.release(again.map((batch) => ({ ...batch, isInDoubt: true })))
      const done = await outbox.message(messageId)
      assert.deepEqual([done.state, done.counts.unknown], ['done', 1498])
    }),
  )

  test(
    'workers that claim at once get different batches',
    on(make, async ({ outbox, another }) => {
      const workers = [outbox, await another(), await another()]
      await outbox.append({ app: 'news', content: '' }, tokensOf(60_000))
      const claimed: number[] = []
      const work = workers.map(async (worker, index) => {
        for (;;) {
          const { batches } = await worker.claim({ ...claim, owner: `w${index}`, maxTokens: 1500 })
          if (batches.length === 0) return
          claimed.push(...batches.map(({ batchId }) => batchId))
        }
      })
      await Promise.all(work)
      assert.equal(claimed.length, 60)
      assert.equal(new Set(claimed).size, 60)
    }),
  )
}
