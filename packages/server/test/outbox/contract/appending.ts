import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutboxError, unpackTokens } from '@apns-worker/server'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function appending(make: MakePlace): void {
  test(
    'what was appended is claimed: every token once, in batches of a thousand at most',
    on(make, async ({ outbox, another }) => {
      const tokens = tokensOf(2500)
      const { messageId, total } = await outbox.append({ app: 'news', content: '{"aps":{}}' }, tokens)
      assert.equal(total, 2500)
      const other = await another()
      const { batches } = await other.claim({ owner: 'w', leaseMs: 1000, maxTokens: 10_000 })
      assert.deepEqual(
        batches.map(({ firstIndex, pending }) => [firstIndex, pending.length]),
        [
          [0, 1000],
          [1000, 1000],
          [2000, 500],
        ],
      )
      assert.deepEqual(
        batches.flatMap((batch) => unpackTokens(batch.tokens)),
        tokens,
      )
      for (const { message } of batches) {
        assert.equal(message.id, messageId)
        assert.equal(message.content, '{"aps":{}}')
        assert.equal(message.app, 'news')
      }
    }),
  )

  test(
    'tokens of different lengths and cases keep their bytes',
    on(make, async ({ outbox }) => {
      const tokens = ['AB', 'cdef'.repeat(16), '00'.repeat(100), '0102']
      await outbox.append({ app: 'news', content: '' }, tokens)
      const { batches } = await outbox.claim({ owner: 'w', leaseMs: 1000, maxTokens: 1 })
      const stored = batches.flatMap((batch) => unpackTokens(batch.tokens))
      assert.deepEqual(
        stored,
        tokens.map((token) => token.toLowerCase()),
      )
    }),
  )

  test(
    'a message without tokens is done at once',
    on(make, async ({ outbox, clock }) => {
      const { messageId } = await outbox.append({ app: 'news', content: '' }, [])
      const status = await outbox.message(messageId)
      assert.equal(status.state, 'done')
      assert.equal(status.finishedAtMs, clock.nowMs)
    }),
  )

  test(
    'an open message is handed out only when it is sent, with all that was streamed to it',
    on(make, async ({ outbox }) => {
      const { messageId } = await outbox.open({ app: 'news', content: '' })
      const claim = { owner: 'w', leaseMs: 1000, maxTokens: 100_000 }
      assert.equal(await outbox.addTokens(messageId, tokensOf(25_500)), 25_500)
      assert.equal(await outbox.addTokens(messageId, tokensOf(10, 25_500), 25_500), 25_510)
      assert.equal((await outbox.message(messageId)).state, 'open')
      assert.deepEqual((await outbox.claim(claim)).batches, [])
      await outbox.send(messageId)
      await outbox.send(messageId)
      assert.equal((await outbox.message(messageId)).state, 'queued')
      const { batches } = await outbox.claim(claim)
      assert.deepEqual(
        batches.flatMap((batch) => unpackTokens(batch.tokens)),
        tokensOf(25_510),
      )
      await assert.rejects(outbox.addTokens(messageId, tokensOf(1)), { code: 'NOT_OPEN' })
    }),
  )

  test(
    'a repeated part of a list is refused, and told where the list ends',
    on(make, async ({ outbox }) => {
      const { messageId } = await outbox.open({ app: 'news', content: '' })
      await outbox.addTokens(messageId, tokensOf(10), 0)
      await assert.rejects(outbox.addTokens(messageId, tokensOf(10), 0), { code: 'WRONG_OFFSET', total: 10 })
      assert.equal((await outbox.message(messageId)).total, 10)
    }),
  )

  test(
    'an open message that is sent without tokens is done',
    on(make, async ({ outbox }) => {
      const { messageId } = await outbox.open({ app: 'news', content: '' })
      await outbox.send(messageId)
      assert.equal((await outbox.message(messageId)).state, 'done')
      await outbox.send(messageId)
    }),
  )

  test(
    'what is no token is refused by its index, and nothing is stored',
    on(make, async ({ outbox }) => {
      // Of U+0130 the lower half is the character 0; one token is as long as those before it, and one is not.
      const wide = ['\u0130\u0131', '\u0130'.repeat(64)]
      for (const bad of [
        '',
        'abc',
        'xy',
        'x'.repeat(64),
        ...wide,
        'ab'.repeat(101),
        5 as unknown as string,
      ]) {
        const append = outbox.append({ app: 'news', content: '' }, [...tokensOf(3), bad])
        await assert.rejects(append, (error: unknown) => {
          assert.ok(error instanceof OutboxError)
          assert.equal(error.code, 'BAD_ARGUMENT')
          assert.match(error.message, /tokens\[3\]/)
          return true
        })
      }
      assert.deepEqual(await outbox.messages(), [])
    }),
  )

  test(
    'bad arguments are refused',
    on(make, async ({ outbox }) => {
      const bad = { code: 'BAD_ARGUMENT' }
      const fine = { app: 'news', content: '' }
      await assert.rejects(outbox.append({ ...fine, app: '' }, []), bad)
      await assert.rejects(outbox.append({ ...fine, content: 'x'.repeat(65_537) }, []), bad)
      await assert.rejects(outbox.append({ ...fine, priority: 1001 }, []), bad)
      await assert.rejects(outbox.append({ ...fine, priority: 0.5 }, []), bad)
      await assert.rejects(outbox.append({ ...fine, deliverAfterMs: -1 }, []), bad)
      await assert.rejects(outbox.append({ ...fine, giveUpAfterMs: Number.NaN }, []), bad)
      await assert.rejects(outbox.append({ ...fine, idempotencyKey: '' }, []), bad)
      await assert.rejects(outbox.claim({ owner: 'w', leaseMs: 0, maxTokens: 1 }), bad)
      await assert.rejects(outbox.claim({ owner: 'w', leaseMs: 1, maxTokens: 0 }), bad)
      await assert.rejects(outbox.claim({ owner: '', leaseMs: 1, maxTokens: 1 }), bad)
      await assert.rejects(outbox.messages({ limit: 1001 }), bad)
      await assert.rejects(outbox.outcomes({ limit: 0 }), bad)
      await assert.rejects(outbox.pause({ app: '' }), bad)
    }),
  )

  test(
    'over its limit it takes nothing more, until tokens are settled',
    on(
      make,
      async ({ outbox }) => {
        await outbox.append({ app: 'news', content: '' }, tokensOf(900))
        const { messageId } = await outbox.open({ app: 'shop', content: '' })
        await outbox.addTokens(messageId, tokensOf(100))
        await assert.rejects(outbox.append({ app: 'news', content: '' }, tokensOf(1)), {
          code: 'OUTBOX_FULL',
        })
        await assert.rejects(outbox.addTokens(messageId, tokensOf(1)), { code: 'OUTBOX_FULL' })
        const { batches } = await outbox.claim({ owner: 'w', leaseMs: 1000, maxTokens: 1 })
        await outbox.record(batches.map((batch) => ({ ...batch, accepted: [0] })))
        await outbox.append({ app: 'news', content: '' }, tokensOf(1))
        assert.equal((await outbox.stats()).pending, 1000)
      },
      { maxPendingTokens: 1000 },
    ),
  )

  test(
    'many calls at once are all stored, each on its own',
    on(make, async ({ outbox }) => {
      const appends = Array.from({ length: 700 }, (_, index) =>
        outbox.append({ app: `app-${index % 7}`, content: `${index}` }, tokensOf(index % 3, index)),
      )
      const bad = outbox.addTokens('nobody', tokensOf(1)).catch((error: unknown) => error)
      const ids = new Set((await Promise.all(appends)).map(({ messageId }) => messageId))
      assert.equal(ids.size, 700)
      assert.equal((await outbox.messages({ limit: 1000 })).length, 700)
      assert.equal(((await bad) as OutboxError).code, 'NOT_FOUND')
    }),
  )

  test(
    'closing waits for what was asked, and ends the rest',
    on(make, async ({ outbox, another }) => {
      const append = outbox.append({ app: 'news', content: '' }, tokensOf(1))
      const closed = [outbox.close(), outbox.close()]
      const { messageId } = await append
      await Promise.all(closed)
      await assert.rejects(outbox.stats(), { code: 'CLOSED' })
      assert.equal((await (await another()).message(messageId)).total, 1)
    }),
  )
}
