import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apnsIdAt } from '@apns-worker/server'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function outcomes(make: MakePlace): void {
  const claim = { owner: 'w', leaseMs: 1000, maxTokens: 100_000 }

  test(
    'refusals are kept one by one, the others are counted',
    on(make, async ({ outbox, clock }) => {
      const tokens = tokensOf(2000)
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokens)
      const [, second] = (await outbox.claim(claim)).batches
      assert.ok(second)
      clock.nowMs += 7
      await outbox.record([
        {
          ...second,
          accepted: [0, 1, 2],
          others: [
            { index: 3, status: 'refused', reason: 'Unregistered', timestampMs: 1234 },
            { index: 4, status: 'suppressed', reason: 'Suppressed' },
            { index: 5, status: 'unknown' },
            { index: 6, status: 'expired' },
            { index: 7, status: 'refused', reason: 'Unregistered' },
            { index: 0, status: 'refused', reason: 'BadDeviceToken' },
            { index: 1000, status: 'refused', reason: 'BadDeviceToken' },
            { index: -1, status: 'refused', reason: 'BadDeviceToken' },
          ],
        },
      ])
      const status = await outbox.message(messageId)
      // Accepted goes last, so that what a worker says twice in one call is what it knows best.
      assert.deepEqual(status.counts, {
        accepted: 2,
        refused: 3,
        expired: 1,
        unknown: 1,
        suppressed: 1,
        cancelled: 0,
      })
      assert.deepEqual(status.reasons, { Unregistered: 2, BadDeviceToken: 1, Suppressed: 1 })
      assert.equal(status.pending, 1992)
      const page = await outbox.outcomes({ messageId })
      const refusal = { messageId, status: 'refused', timestampMs: undefined, recordedAtMs: clock.nowMs }
      assert.deepEqual(page.outcomes, [
        {
          ...refusal,
          token: tokens[1003],
          apnsId: apnsIdAt(messageId, 1003),
          reason: 'Unregistered',
          timestampMs: 1234,
        },
        {
          ...refusal,
          token: tokens[1005],
          apnsId: apnsIdAt(messageId, 1005),
          status: 'unknown',
          reason: undefined,
        },
        { ...refusal, token: tokens[1007], apnsId: apnsIdAt(messageId, 1007), reason: 'Unregistered' },
        { ...refusal, token: tokens[1000], apnsId: apnsIdAt(messageId, 1000), reason: 'BadDeviceToken' },
      ])
    }),
  )

  test(
    'every outcome is kept where the message says so, of tokens of any length too',
    on(make, async ({ outbox }) => {
      const tokens = ['ab', 'cdef', '01'.repeat(32), '99']
      const { messageId } = await outbox.append({ app: 'news', content: '', keep: 'all' }, tokens)
      const { batches } = await outbox.claim(claim)
      await outbox.record(batches.map((batch) => ({ ...batch, accepted: [3, 1] })))
      await outbox.cancel({ messageId })
      await outbox.release(batches)
      const { outcomes } = await outbox.outcomes({ messageId })
      assert.deepEqual(
        outcomes.map(({ token, status }) => [token, status]),
        [
          [tokens[3], 'accepted'],
          [tokens[1], 'accepted'],
          [tokens[0], 'cancelled'],
          [tokens[2], 'cancelled'],
        ],
      )
    }),
  )

  test(
    'outcomes are read page by page, of a message or of all, in the order in which they came',
    on(make, async ({ outbox }) => {
      const first = await outbox.append({ app: 'news', content: '' }, tokensOf(5))
      const second = await outbox.append({ app: 'shop', content: '' }, tokensOf(5, 5))
      const { batches } = await outbox.claim(claim)
      for (let index = 0; index < 5; index++) {
        await outbox.record(
          batches.map((batch) => ({
            ...batch,
            others: [{ index, status: 'refused', reason: 'Unregistered' }],
          })),
        )
      }
      const all: string[] = []
      let after = 0
      for (;;) {
        const page = await outbox.outcomes({ after, limit: 3 })
        if (page.outcomes.length === 0) break
        all.push(...page.outcomes.map(({ apnsId }) => apnsId))
        after = page.next
      }
      assert.equal((await outbox.outcomes({ after })).next, after)
      assert.equal(new Set(all).size, 10)
      const own = await outbox.outcomes({ messageId: second.messageId, limit: 2 })
      assert.deepEqual(
        own.outcomes.map(({ apnsId }) => apnsId),
        [apnsIdAt(second.messageId, 0), apnsIdAt(second.messageId, 1)],
      )
      assert.equal((await outbox.message(first.messageId)).state, 'done')
    }),
  )

  test(
    'a message tells how fast it goes now, and forgets how fast it was before a rest',
    on(make, async ({ outbox, clock }) => {
      const startMs = clock.nowMs
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(1000))
      const recent = async () => (await outbox.message(messageId)).recent
      assert.equal(await recent(), undefined)
      const { batches } = await outbox.claim({ ...claim, leaseMs: 1_000_000 })
      let settled = 0
      const settle = async (afterMs: number, count: number): Promise<void> => {
        clock.nowMs += afterMs
        const accepted = Array.from({ length: count }, () => settled++)
        await outbox.record(batches.map((batch) => ({ ...batch, accepted })))
      }
      await settle(400, 10)
      assert.deepEqual(await recent(), { sinceMs: startMs, settled: 10 })
      await settle(9599, 20)
      assert.deepEqual(await recent(), { sinceMs: startMs, settled: 30 })
      await settle(1, 40)
      await settle(9999, 1)
      assert.deepEqual(await recent(), { sinceMs: startMs, settled: 71 })
      // The span before is over, and so is the one before that.
      await settle(1, 5)
      assert.deepEqual(await recent(), { sinceMs: startMs + 10_000, settled: 46 })
      await settle(20_000, 7)
      assert.deepEqual(await recent(), { sinceMs: clock.nowMs, settled: 7 })
    }),
  )

  test(
    'messages are listed, the newest first',
    on(make, async ({ outbox, clock }) => {
      const ids: string[] = []
      for (let index = 0; index < 5; index++) {
        clock.nowMs += 1
        const app = index % 2 === 0 ? 'even' : 'odd'
        ids.unshift((await outbox.append({ app, content: '', priority: index }, tokensOf(index))).messageId)
      }
      const list = async (query?: Parameters<typeof outbox.messages>[0]): Promise<string[]> =>
        (await outbox.messages(query)).map(({ id }) => id)
      assert.deepEqual(await list(), ids)
      assert.deepEqual(await list({ limit: 2 }), ids.slice(0, 2))
      assert.deepEqual(await list({ before: ids[1], limit: 2 }), ids.slice(2, 4))
      assert.deepEqual(await list({ app: 'odd' }), [ids[1], ids[3]])
      assert.deepEqual(await list({ app: 'nobody' }), [])
      assert.deepEqual(await list({ isUnfinished: true }), ids.slice(0, 4))
      const [newest] = await outbox.messages()
      assert.deepEqual([newest?.priority, newest?.createdAtMs, newest?.total], [4, clock.nowMs, 4])
    }),
  )

  test(
    'the books tell what waits, of which app, and since when',
    on(make, async ({ outbox, clock }) => {
      const startMs = clock.nowMs
      await outbox.append({ app: 'news', content: '' }, tokensOf(1500))
      clock.nowMs += 10
      await outbox.append({ app: 'shop', content: '' }, tokensOf(3))
      const { batches } = await outbox.claim({ ...claim, apps: ['shop'] })
      const before = await outbox.stats()
      assert.deepEqual([before.pending, before.leasedBatches, before.isPaused], [1503, 1, false])
      assert.deepEqual(before.apps, [
        { app: 'news', isPaused: false, pending: 1500, oldestAtMs: startMs },
        { app: 'shop', isPaused: false, pending: 3, oldestAtMs: clock.nowMs },
      ])
      assert.ok(before.storeBytes > 1500 * 32)
      // What is not to be sent yet does not wait.
      const deliverAfterMs = clock.nowMs + 60_000
      await outbox.open({ app: 'open', content: '' })
      await outbox.append({ app: 'later', content: '', deliverAfterMs }, tokensOf(1))
      const [later, , open] = (await outbox.stats()).apps
      assert.deepEqual([later?.oldestAtMs, open?.oldestAtMs], [deliverAfterMs, undefined])
      await outbox.append({ app: 'later', content: '' }, tokensOf(1))
      assert.equal((await outbox.stats()).apps[0]?.oldestAtMs, clock.nowMs)
      await outbox.purge({ app: 'later' })
      await outbox.purge({ app: 'open' })
      await outbox.record(batches.map((batch) => ({ ...batch, accepted: [0, 1, 2] })))
      const after = await outbox.stats()
      assert.deepEqual([after.pending, after.leasedBatches], [1500, 0])
      assert.deepEqual(after.apps.at(-1), { app: 'shop', isPaused: false, pending: 0, oldestAtMs: undefined })
    }),
  )
}
