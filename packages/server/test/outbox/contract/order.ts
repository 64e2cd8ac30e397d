import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimedBatch, Outbox } from '@apns-worker/server'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function order(make: MakePlace): void {
  const claim = { owner: 'w', leaseMs: 60_000, maxTokens: 100_000 }

  test(
    'a higher priority goes first, then the older message',
    on(make, async ({ outbox }) => {
      for (const [content, priority] of [
        ['old', 0],
        ['low', -1],
        ['high', 5],
        ['new', 0],
      ] as const) {
        await outbox.append({ app: 'news', content, priority }, tokensOf(2))
      }
      assert.deepEqual(contents(await take(outbox, 'w', 1)), ['high'])
      assert.deepEqual(contents(await take(outbox, 'w', 100)), ['old', 'new', 'low'])
    }),
  )

  test(
    'an app with millions does not hold up the others',
    on(make, async ({ outbox }) => {
      await outbox.append({ app: 'big', content: 'big', priority: 1000 }, tokensOf(50_000))
      await take(outbox, 'w', 10_000)
      for (const app of ['small', 'tiny']) await outbox.append({ app, content: app }, tokensOf(3000))
      const next = contents(await take(outbox, 'w', 6000))
      assert.deepEqual(next.toSorted(), ['big', 'big', 'small', 'small', 'tiny', 'tiny'])
    }),
  )

  test(
    'many messages of one token count as one batch of as many: neither form is handed more',
    on(make, async ({ outbox }) => {
      await Promise.all(
        Array.from({ length: 4000 }, (_, index) =>
          outbox.append({ app: 'single', content: '' }, tokensOf(1, index)),
        ),
      )
      await outbox.append({ app: 'batch', content: '' }, tokensOf(4000))
      const handed = { single: 0, batch: 0 }
      for (const { message, pending } of await take(outbox, 'w', 4000)) {
        handed[message.app as 'single' | 'batch'] += pending.length
      }
      assert.deepEqual(handed, { single: 2000, batch: 2000 })
    }),
  )

  test(
    'an app that was idle has no right to make up for it',
    on(make, async ({ outbox }) => {
      await outbox.append({ app: 'idle', content: 'idle' }, tokensOf(1))
      await outbox.append({ app: 'busy', content: 'busy' }, tokensOf(60_000))
      await take(outbox, 'w', 40_000)
      await outbox.append({ app: 'idle', content: 'idle' }, tokensOf(20_000))
      const next = contents(await take(outbox, 'w', 10_000))
      const busy = next.filter((content) => content === 'busy').length
      assert.ok(busy >= 4 && busy <= 6, `${busy} of 10`)
    }),
  )

  test(
    'a worker may take the work of some apps only',
    on(make, async ({ outbox }) => {
      for (const app of ['a', 'b', 'c']) await outbox.append({ app, content: app }, tokensOf(1))
      const { batches } = await outbox.claim({ ...claim, apps: ['c', 'a', 'nobody'] })
      assert.deepEqual(contents(batches).toSorted(), ['a', 'c'])
    }),
  )

  test(
    'a worker has no more of one app in hand than it asks for, and others get the rest',
    on(make, async ({ outbox }) => {
      await outbox.append({ app: 'big', content: 'big', priority: 9 }, tokensOf(10_000))
      await outbox.append({ app: 'small', content: 'small' }, tokensOf(5000))
      const limited = { ...claim, maxTokens: 8000, maxTokensPerApp: 2000 }
      const { batches } = await outbox.claim(limited)
      assert.deepEqual(contents(batches).toSorted(), ['big', 'big', 'small', 'small'])
      assert.deepEqual((await outbox.claim(limited)).batches, [])
      // Another worker has room of its own.
      assert.equal((await outbox.claim({ ...limited, owner: 'v', maxTokensPerApp: 1 })).batches.length, 2)
      // What is settled makes room; a batch half settled, half of its own.
      const [big] = batches.filter(({ message }) => message.app === 'big')
      assert.ok(big)
      await outbox.record([{ ...big, accepted: Array.from({ length: 500 }, (_, index) => index) }])
      assert.deepEqual(contents((await outbox.claim(limited)).batches), ['big'])
      assert.deepEqual((await outbox.claim(limited)).batches, [])
      await assert.rejects(outbox.claim({ ...claim, maxTokensPerApp: 0 }), { code: 'BAD_ARGUMENT' })
    }),
  )

  test(
    'apps share fairly over all workers, whichever of them claims',
    on(make, async ({ outbox, another }) => {
      const workers = [outbox, await another(), await another()]
      await outbox.append({ app: 'big', content: 'big', priority: 9 }, tokensOf(60_000))
      await take(outbox, 'w0', 5000)
      await outbox.append({ app: 'small', content: 'small' }, tokensOf(20_000))
      const handed = { big: 0, small: 0 }
      for (let turn = 0; turn < 12; turn++) {
        const worker = workers[turn % workers.length]
        assert.ok(worker)
        for (const { message, pending } of await take(worker, `w${turn % workers.length}`, 3000))
          handed[message.app as 'big' | 'small'] += pending.length
      }
      assert.equal(handed.big + handed.small, 36_000)
      assert.ok(Math.abs(handed.big - handed.small) <= 2000, JSON.stringify(handed))
    }),
  )

  test(
    'nothing is handed out before its time',
    on(make, async ({ outbox, clock }) => {
      const deliverAfterMs = clock.nowMs + 5000
      await outbox.append({ app: 'news', content: 'later', deliverAfterMs, priority: 9 }, tokensOf(1))
      const { messageId } = await outbox.open({ app: 'news', content: 'streamed', deliverAfterMs })
      await outbox.addTokens(messageId, tokensOf(1))
      await outbox.send(messageId)
      assert.deepEqual(await outbox.claim(claim), { batches: [], nextAtMs: deliverAfterMs })
      await outbox.append({ app: 'news', content: 'now' }, tokensOf(1))
      assert.deepEqual(contents((await outbox.claim(claim)).batches), ['now'])
      clock.nowMs = deliverAfterMs
      assert.deepEqual(contents((await outbox.claim(claim)).batches), ['later', 'streamed'])
    }),
  )

  test(
    'nothing is handed out after its time: it is expired, or unknown where it is in doubt',
    on(make, async ({ outbox, clock }) => {
      const message = { app: 'news', content: '', giveUpAfterMs: clock.nowMs + 1000 }
      const { messageId } = await outbox.append(message, tokensOf(2500))
      const { batches } = await outbox.claim({ ...claim, leaseMs: 5000, maxTokens: 1 })
      assert.equal(batches[0]?.message.giveUpAfterMs, message.giveUpAfterMs)
      assert.equal((await outbox.claim({ ...claim, apps: [] })).nextAtMs, message.giveUpAfterMs)
      clock.nowMs += 1000
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      const status = await outbox.message(messageId)
      assert.deepEqual([status.counts.expired, status.pending], [1500, 1000])
      clock.nowMs += 4000
      await outbox.cleanUp({ finishedMs: 1000, idempotencyMs: 1000 })
      await outbox.claim(claim)
      const done = await outbox.message(messageId)
      assert.deepEqual([done.state, done.counts.expired, done.counts.unknown], ['done', 1500, 1000])
    }),
  )
}

async function take(outbox: Outbox, owner: string, maxTokens: number): Promise<readonly ClaimedBatch[]> {
  return (await outbox.claim({ owner, leaseMs: 60_000, maxTokens })).batches
}

function contents(batches: readonly ClaimedBatch[]): string[] {
  return batches.map(({ message }) => message.content)
}
