import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function retention(make: MakePlace): void {
  const claim = { owner: 'w', leaseMs: 1000, maxTokens: 100_000 }
  const age = { finishedMs: 1000, idempotencyMs: 1000 }

  test(
    'what is finished is removed after its time, with its outcomes; what is not, stays',
    on(make, async ({ outbox, clock }) => {
      const appends = Array.from({ length: 450 }, (_, index) =>
        outbox.append({ app: 'news', content: '' }, tokensOf(1, index)),
      )
      await Promise.all(appends)
      const waiting = await outbox.append({ app: 'news', content: '', priority: -1 }, tokensOf(1))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 450 })
      const refused = [{ index: 0, status: 'refused', reason: 'Unregistered' }] as const
      await outbox.record(batches.map((batch) => ({ ...batch, others: refused })))
      clock.nowMs += 999
      assert.equal(await outbox.cleanUp(age), 0)
      assert.equal((await outbox.outcomes()).outcomes.length, 450)
      clock.nowMs += 1
      assert.equal(await outbox.cleanUp(age), 450)
      assert.equal(await outbox.cleanUp(age), 0)
      assert.deepEqual(
        (await outbox.messages()).map(({ id }) => id),
        [waiting.messageId],
      )
      assert.deepEqual((await outbox.outcomes()).outcomes, [])
    }),
  )

  test(
    'a cursor goes on after what it pointed at was removed',
    on(make, async ({ outbox, clock }) => {
      const refuse = async (token: string): Promise<void> => {
        await outbox.append({ app: 'news', content: '' }, [token])
        const { batches } = await outbox.claim(claim)
        const refused = [{ index: 0, status: 'refused', reason: 'Unregistered' }] as const
        await outbox.record(batches.map((batch) => ({ ...batch, others: refused })))
      }
      await refuse('aa')
      const { next } = await outbox.outcomes()
      clock.nowMs += 1000
      await outbox.cleanUp(age)
      await refuse('bb')
      const page = await outbox.outcomes({ after: next })
      assert.deepEqual(
        page.outcomes.map(({ token }) => token),
        ['bb'],
      )
    }),
  )

  test(
    'large messages are removed too, and others get their turn meanwhile',
    on(make, async ({ outbox }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '', keep: 'all' }, tokensOf(30_000))
      await outbox.cancel({ messageId })
      const purge = outbox.purge({ app: 'news' })
      const between = await outbox.append({ app: 'shop', content: '' }, tokensOf(1))
      await purge
      assert.deepEqual(
        (await outbox.messages()).map(({ id }) => id),
        [between.messageId],
      )
      assert.deepEqual((await outbox.outcomes()).outcomes, [])
    }),
  )
}
