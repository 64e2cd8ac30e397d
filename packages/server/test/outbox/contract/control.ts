import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function control(make: MakePlace): void {
  const claim = { owner: 'w', leaseMs: 1000, maxTokens: 100_000 }

  test(
    'a paused message is not handed out, what is leased hears of it, and all comes after the pause',
    on(make, async ({ outbox, clock }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(3000))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 2000 })
      const [first, second] = batches
      assert.ok(first && second)
      await outbox.pause({ messageId })
      assert.equal((await outbox.message(messageId)).state, 'paused')
      assert.deepEqual(await outbox.renew(batches, 1000), ['stop', 'stop'])
      assert.deepEqual(await outbox.record([{ ...first, accepted: [0] }]), ['stop'])
      await outbox.release([first])
      clock.nowMs += 1000
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      await outbox.resume({ messageId })
      const again = (await outbox.claim(claim)).batches
      assert.deepEqual(
        again.map(({ firstIndex, pending, isInDoubt }) => [firstIndex, pending.length, isInDoubt]),
        [
          [0, 999, false],
          [1000, 1000, true],
          [2000, 1000, false],
        ],
      )
      assert.equal((await outbox.message(messageId)).state, 'sending')
    }),
  )

  test(
    'a pause of an app, or of everything, covers what comes later',
    on(make, async ({ outbox }) => {
      await outbox.append({ app: 'news', content: '' }, tokensOf(1))
      await outbox.pause({ app: 'news' })
      await outbox.pause({ app: 'unheard' })
      for (const app of ['news', 'unheard', 'shop']) await outbox.append({ app, content: app }, tokensOf(1))
      const shop = (await outbox.claim(claim)).batches
      assert.deepEqual(
        shop.map(({ message }) => message.app),
        ['shop'],
      )
      await outbox.pause('everything')
      assert.deepEqual(await outbox.renew(shop, 1000), ['stop'])
      await outbox.resume({ app: 'news' })
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      assert.equal((await outbox.stats()).isPaused, true)
      await outbox.resume('everything')
      assert.deepEqual(
        (await outbox.stats()).apps.map(({ app, isPaused }) => [app, isPaused]),
        [
          ['news', false],
          ['shop', false],
          ['unheard', true],
        ],
      )
      assert.equal((await outbox.claim(claim)).batches.length, 2)
    }),
  )

  test(
    'a pause holds through opening, sending, and its deliver-after time',
    on(make, async ({ outbox, clock }) => {
      const deliverAfterMs = clock.nowMs + 100
      const { messageId } = await outbox.open({ app: 'news', content: '', deliverAfterMs })
      await outbox.pause({ messageId })
      await outbox.addTokens(messageId, tokensOf(1))
      await outbox.resume({ messageId })
      clock.nowMs += 100
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      await outbox.pause({ messageId })
      await outbox.send(messageId)
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      await outbox.resume({ messageId })
      assert.equal((await outbox.claim(claim)).batches.length, 1)
    }),
  )

  test(
    'a cancelled message: what waits is cancelled now, what is leased when it comes back',
    on(make, async ({ outbox }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokensOf(250_000))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 1500 })
      const [first, second] = batches
      assert.ok(first && second)
      await outbox.cancel({ messageId })
      const status = await outbox.message(messageId)
      assert.deepEqual([status.state, status.finishedAtMs], ['cancelled', undefined])
      assert.deepEqual([status.counts.cancelled, status.pending], [248_000, 2000])
      assert.deepEqual(await outbox.record([{ ...first, accepted: [0, 1] }]), ['stop'])
      await outbox.release([first])
      await outbox.release([{ ...second, isInDoubt: true }])
      const done = await outbox.message(messageId)
      assert.deepEqual(done.counts, {
        accepted: 2,
        refused: 0,
        expired: 0,
        unknown: 1000,
        suppressed: 0,
        cancelled: 248_998,
      })
      assert.deepEqual([done.state, done.pending], ['cancelled', 0])
      assert.notEqual(done.finishedAtMs, undefined)
      await assert.rejects(outbox.send(messageId), { code: 'NOT_OPEN' })
    }),
  )

  test(
    'an app’s messages are cancelled, and no others',
    on(make, async ({ outbox, clock }) => {
      const appends = Array.from({ length: 1200 }, (_, index) =>
        outbox.append({ app: index % 2 === 0 ? 'news' : 'shop', content: '' }, tokensOf(1, index)),
      )
      await Promise.all(appends)
      await outbox.open({ app: 'news', content: 'open' })
      const doubtful = await outbox.claim({ ...claim, maxTokens: 1, apps: ['news'] })
      clock.nowMs += 1000
      await outbox.claim({ ...claim, apps: [] })
      await outbox.cancel({ app: 'news' })
      const unfinished = await outbox.messages({ isUnfinished: true, limit: 1000 })
      assert.equal(unfinished.length, 600)
      assert.ok(unfinished.every(({ app }) => app === 'shop'))
      const unknown = await outbox.message(doubtful.batches[0]?.message.id ?? '')
      assert.equal(unknown.counts.unknown, 1)
      await outbox.cancel('everything')
      assert.deepEqual(await outbox.messages({ isUnfinished: true }), [])
      assert.equal((await outbox.stats()).pending, 0)
      await outbox.append({ app: 'news', content: '' }, tokensOf(1))
      assert.equal((await outbox.claim(claim)).batches.length, 1)
    }),
  )

  test(
    'a purged message leaves nothing, and its leases are lost',
    on(make, async ({ outbox }) => {
      const gone = await outbox.append({ app: 'news', content: '', giveUpAfterMs: 2e12 }, tokensOf(3000))
      const kept = await outbox.append({ app: 'news', content: '' }, tokensOf(10))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 1 })
      const refused = [{ index: 0, status: 'refused', reason: 'Unregistered' }] as const
      await outbox.record(batches.map((batch) => ({ ...batch, others: refused })))
      await outbox.purge({ messageId: gone.messageId })
      assert.deepEqual(await outbox.record(batches.map((batch) => ({ ...batch, accepted: [1] }))), ['lost'])
      assert.deepEqual(await outbox.renew(batches, 1000), ['lost'])
      await assert.rejects(outbox.message(gone.messageId), { code: 'NOT_FOUND' })
      assert.deepEqual((await outbox.outcomes()).outcomes, [])
      assert.deepEqual(await outbox.messages(), [await outbox.message(kept.messageId)])
      assert.deepEqual([(await outbox.stats()).pending, (await outbox.stats()).leasedBatches], [10, 0])
      await outbox.purge({ app: 'news' })
      assert.equal((await outbox.stats()).pending, 0)
      assert.deepEqual(await outbox.claim(claim), { batches: [], nextAtMs: undefined })
    }),
  )

  test(
    'everything is purged, whatever its state',
    on(make, async ({ outbox }) => {
      const appends = Array.from({ length: 700 }, (_, index) =>
        outbox.append({ app: `app-${index % 3}`, content: '' }, tokensOf(index % 2, index)),
      )
      await Promise.all(appends)
      await outbox.claim({ ...claim, maxTokens: 100 })
      await outbox.purge('everything')
      assert.deepEqual(await outbox.messages(), [])
      const { pending, leasedBatches } = await outbox.stats()
      assert.deepEqual([pending, leasedBatches], [0, 0])
    }),
  )

  test(
    'a message that is not there cannot be controlled',
    on(make, async ({ outbox }) => {
      const scope = { messageId: 'nobody' }
      const missing = { code: 'NOT_FOUND' }
      await assert.rejects(outbox.pause(scope), missing)
      await assert.rejects(outbox.resume(scope), missing)
      await assert.rejects(outbox.cancel(scope), missing)
      await assert.rejects(outbox.purge(scope), missing)
      await assert.rejects(outbox.send('nobody'), missing)
      await assert.rejects(outbox.message('nobody'), missing)
    }),
  )
}
