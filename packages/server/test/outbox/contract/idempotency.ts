import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

export function idempotency(make: MakePlace): void {
  test(
    'the same request with the same key is stored once, also when both come at once',
    on(make, async ({ outbox, another }) => {
      const message = { app: 'news', content: 'hello', idempotencyKey: 'k' }
      const other = await another()
      const all = await Promise.all([
        outbox.append(message, tokensOf(5)),
        outbox.append(message, tokensOf(5)),
        other.append(message, tokensOf(5)),
      ])
      assert.equal(new Set(all.map(({ messageId }) => messageId)).size, 1)
      assert.equal(all.filter(({ isRepeated }) => !isRepeated).length, 1)
      assert.deepEqual(new Set(all.map(({ total }) => total)), new Set([5]))
      assert.equal((await outbox.messages()).length, 1)
      assert.equal((await outbox.stats()).pending, 5)
    }),
  )

  test(
    'another request with the same key is refused',
    on(make, async ({ outbox }) => {
      const message = { app: 'news', content: 'hello', idempotencyKey: 'k' }
      await outbox.append(message, tokensOf(5))
      const conflict = { code: 'IDEMPOTENCY_CONFLICT' }
      await assert.rejects(outbox.append(message, tokensOf(5, 1)), conflict)
      await assert.rejects(outbox.append({ ...message, content: 'bye' }, tokensOf(5)), conflict)
      await assert.rejects(outbox.append({ ...message, priority: 1 }, tokensOf(5)), conflict)
      await assert.rejects(outbox.open(message), conflict)
      assert.equal((await outbox.messages()).length, 1)
    }),
  )

  test(
    'a key belongs to its app',
    on(make, async ({ outbox }) => {
      const message = { app: 'news', content: 'hello', idempotencyKey: 'k' }
      const first = await outbox.append(message, tokensOf(1))
      const second = await outbox.append({ ...message, app: 'shop' }, tokensOf(1))
      assert.notEqual(first.messageId, second.messageId)
    }),
  )

  test(
    'a key is forgotten after its time, and not with its message',
    on(make, async ({ outbox, clock }) => {
      const message = { app: 'news', content: 'hello', idempotencyKey: 'k' }
      const { messageId } = await outbox.append(message, [])
      clock.nowMs += 1000
      assert.equal(await outbox.cleanUp({ finishedMs: 500, idempotencyMs: 2000 }), 1)
      assert.deepEqual(await outbox.append(message, []), { messageId, total: 0, isRepeated: true })
      await assert.rejects(outbox.message(messageId), { code: 'NOT_FOUND' })
      clock.nowMs += 1000
      await outbox.cleanUp({ finishedMs: 500, idempotencyMs: 2000 })
      assert.equal((await outbox.append(message, [])).isRepeated, false)
    }),
  )
}
