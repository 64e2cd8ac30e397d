import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox, TokenEntry } from '@apns-worker/server'
import { type MakePlace, on } from '../support/place.js'
import { tokensOf } from '../support/tokens.js'

const claim = { owner: 'w', leaseMs: 1000, maxTokens: 100_000 }
const DIED_MS = 1_700_000_000_000

/** Sends to tokens, and has Apple say of each that it is dead. */
async function bury(
  outbox: Outbox,
  tokens: readonly string[],
  app = 'news',
  timestampMs = DIED_MS,
): Promise<string> {
  const { messageId } = await outbox.append({ app, content: '', suppression: 'ignore' }, tokens)
  const { batches } = await outbox.claim(claim)
  await outbox.record(
    batches.map((batch) => ({
      ...batch,
      others: batch.pending.map((index) => ({
        index,
        status: 'refused' as const,
        reason: 'Unregistered',
        timestampMs,
        isDead: true,
      })),
    })),
  )
  return messageId
}

/** Which of these would be handed out now; they are settled by it. */
async function handedOut(outbox: Outbox, tokens: readonly TokenEntry[], app = 'news'): Promise<string[]> {
  const { messageId } = await outbox.append({ app, content: '', keep: 'all' }, tokens)
  const { batches } = await outbox.claim(claim)
  await outbox.record(batches.map((batch) => ({ ...batch, accepted: batch.pending })))
  const { outcomes } = await outbox.outcomes({ messageId })
  return outcomes.filter(({ status }) => status === 'accepted').map(({ token }) => token)
}

export function deadTokens(make: MakePlace): void {
  test(
    'a dead token is in the log, and is sent nothing any more',
    on(make, async ({ outbox, clock }) => {
      const [dead = '', alive = '', other = ''] = tokensOf(3)
      const messageId = await bury(outbox, [dead])
      const entry = { app: 'news', token: dead, timestampMs: DIED_MS, reason: 'Unregistered', messageId }
      assert.deepEqual(await outbox.feedback(), {
        items: [{ ...entry, position: 1, recordedAtMs: clock.nowMs }],
        next: 1,
      })
      const sent = await outbox.append({ app: 'news', content: '', keep: 'all' }, [alive, dead, other])
      const { batches } = await outbox.claim(claim)
      assert.deepEqual(
        batches.map(({ pending }) => pending),
        [[0, 2]],
      )
      const { counts, pending, reasons } = await outbox.message(sent.messageId)
      assert.deepEqual([counts.suppressed, pending, reasons], [1, 2, { Suppressed: 1 }])
      const { outcomes } = await outbox.outcomes({ messageId: sent.messageId })
      assert.deepEqual(
        outcomes.map(({ token, status }) => [token, status]),
        [[dead, 'suppressed']],
      )
    }),
  )

  test(
    'a message whose tokens all are dead is done, and others are handed out instead',
    on(make, async ({ outbox }) => {
      const dead = tokensOf(1500)
      await bury(outbox, dead)
      const first = await outbox.append({ app: 'news', content: 'first', priority: 1 }, dead)
      await outbox.append({ app: 'news', content: 'second' }, ['ab'])
      const { batches } = await outbox.claim({ ...claim, maxTokens: 1 })
      assert.deepEqual(
        batches.map(({ message }) => message.content),
        ['second'],
      )
      const { state, counts } = await outbox.message(first.messageId)
      assert.deepEqual([state, counts.suppressed], ['done', 1500])
    }),
  )

  test(
    'a claim that meets many dead tokens settles some, says that there is more, and the next goes on',
    on(make, async ({ outbox, clock }) => {
      const dead = tokensOf(25_000)
      await bury(outbox, dead)
      const { messageId } = await outbox.append({ app: 'news', content: '', priority: 1 }, dead)
      await outbox.append({ app: 'news', content: '' }, ['ab'])
      const first = await outbox.claim(claim)
      const { counts } = await outbox.message(messageId)
      const { suppressed } = counts
      assert.deepEqual(first, { batches: [], nextAtMs: clock.nowMs, suppressed: { news: suppressed } })
      assert.ok(suppressed > 0 && suppressed < dead.length, String(suppressed))
      let claims = 1
      for (let at: number | undefined = clock.nowMs; at === clock.nowMs; claims++) {
        const { batches, nextAtMs } = await outbox.claim(claim)
        at = nextAtMs
        if (batches.length > 0) assert.deepEqual(batches[0]?.pending, [0])
      }
      assert.ok(claims < 10, `${claims} claims`)
      assert.equal((await outbox.message(messageId)).counts.suppressed, dead.length)
    }),
  )

  test(
    'a token that occurs twice is dead twice, and in the log once',
    on(make, async ({ outbox }) => {
      const [dead = '', alive = ''] = tokensOf(2)
      const first = await outbox.append({ app: 'news', content: '' }, [dead, alive, dead, dead])
      const { batches } = await outbox.claim(claim)
      const died = (index: number) => ({
        index,
        status: 'refused' as const,
        reason: 'Unregistered',
        timestampMs: DIED_MS,
        isDead: true,
      })
      // What its worker gave back is not sent again either. Calls about one batch take effect in their order.
      await Promise.all([
        outbox.record(batches.map((batch) => ({ ...batch, others: [died(0), died(2), died(0)] }))),
        outbox.release(batches),
      ])
      const claimed = await outbox.claim(claim)
      assert.deepEqual(claimed.batches[0]?.pending, [1])
      assert.equal((await outbox.feedback()).items.length, 1)
      const { counts, pending } = await outbox.message(first.messageId)
      assert.deepEqual([counts.refused, counts.suppressed, pending], [2, 1, 1])
      const again = await outbox.append({ app: 'news', content: '' }, [dead, dead])
      await outbox.claim(claim)
      assert.equal((await outbox.message(again.messageId)).counts.suppressed, 2)
    }),
  )

  test(
    'a dead token is dead for its app alone, and for messages that do not say otherwise',
    on(make, async ({ outbox }) => {
      const [dead = ''] = tokensOf(1)
      await bury(outbox, [dead])
      assert.deepEqual(await handedOut(outbox, [dead], 'weather'), [dead])
      assert.deepEqual(await handedOut(outbox, [dead]), [])
      await outbox.append({ app: 'news', content: '', suppression: 'ignore' }, [dead])
      assert.equal((await outbox.claim(claim)).batches.length, 1)
    }),
  )

  test(
    'a token that was registered after it was declared dead is sent to again',
    on(make, async ({ outbox }) => {
      const [one = '', two = '', three = ''] = tokensOf(3)
      await bury(outbox, [one, two, three])
      const entry = (token: string, registeredAtMs: number): TokenEntry => ({ token, registeredAtMs })
      // At the very moment is not later.
      assert.deepEqual(await handedOut(outbox, [entry(one, DIED_MS), entry(two, DIED_MS + 1), three]), [two])
      assert.deepEqual(await handedOut(outbox, [one, two, three]), [two])
      // What a token says of itself counts more than what its message says of all.
      const { messageId } = await outbox.open({ app: 'news', content: '', registeredAtMs: DIED_MS + 1 })
      await outbox.addTokens(messageId, [one, entry(three, DIED_MS - 1)])
      await outbox.send(messageId)
      await outbox.claim(claim)
      assert.equal((await outbox.message(messageId)).counts.suppressed, 1)
      assert.deepEqual(await handedOut(outbox, [one, two, three]), [one, two])
    }),
  )

  test(
    'register takes tokens off the list, and leaves the log alone',
    on(make, async ({ outbox }) => {
      const tokens = tokensOf(3)
      await bury(outbox, tokens)
      assert.equal(await outbox.register('news', tokens, DIED_MS), 0)
      assert.equal(await outbox.register('weather', tokens), 0)
      assert.equal(await outbox.register('news', [tokens[1]?.toUpperCase() ?? '', 'ab'], DIED_MS + 1), 1)
      assert.deepEqual(await handedOut(outbox, tokens), [tokens[1]])
      assert.equal(await outbox.register('news', tokens), 2)
      assert.deepEqual(await handedOut(outbox, tokens), tokens)
      assert.equal((await outbox.feedback()).items.length, 3)
    }),
  )

  test(
    'what is no news is not in the log again',
    on(make, async ({ outbox }) => {
      const tokens = tokensOf(2)
      await bury(outbox, tokens)
      await bury(outbox, tokens)
      await bury(outbox, tokens.slice(1), 'news', DIED_MS - 1)
      assert.equal((await outbox.feedback()).items.length, 2)
      await bury(outbox, tokens.slice(1), 'news', DIED_MS + 1)
      const { items } = await outbox.feedback({ after: 2 })
      assert.deepEqual(
        items.map(({ position, token, timestampMs }) => [position, token, timestampMs]),
        [[3, tokens[1], DIED_MS + 1]],
      )
    }),
  )

  test(
    'without a time of Apple’s, it is dead since that was learnt',
    on(make, async ({ outbox, clock }) => {
      await outbox.append({ app: 'news', content: '' }, ['ab'])
      const { batches } = await outbox.claim(claim)
      clock.nowMs += 5
      const others = [{ index: 0, status: 'refused' as const, reason: 'ExpiredToken', isDead: true }]
      await outbox.record(batches.map((batch) => ({ ...batch, others })))
      assert.equal((await outbox.feedback()).items[0]?.timestampMs, clock.nowMs)
    }),
  )

  test(
    'the log is read in pages, of some apps or all',
    on(make, async ({ outbox }) => {
      const tokens = tokensOf(5)
      await bury(outbox, tokens.slice(0, 2), 'news')
      await bury(outbox, tokens.slice(2, 4), 'weather')
      await bury(outbox, tokens.slice(4), 'news')
      const first = await outbox.feedback({ limit: 3 })
      assert.equal(first.items.length, 3)
      const second = await outbox.feedback({ after: first.next, limit: 3 })
      assert.deepEqual(
        [...first.items, ...second.items].map(({ token }) => token),
        tokens,
      )
      assert.deepEqual(await outbox.feedback({ after: second.next }), { items: [], next: second.next })
      const ofOne = await outbox.feedback({ apps: ['news', 'sport'] })
      assert.deepEqual(
        ofOne.items.map(({ token }) => token),
        [tokens[0], tokens[1], tokens[4]],
      )
      assert.deepEqual((await outbox.feedback({ apps: [] })).items, [])
      // A reader of some apps is past what the others' have there, but not past what its page has no room for.
      assert.deepEqual(await outbox.feedback({ apps: ['sport'] }), { items: [], next: 5 })
      const part = await outbox.feedback({ apps: ['weather', 'news', 'weather'], limit: 4 })
      assert.deepEqual([part.items.map(({ position }) => position), part.next], [[1, 2, 3, 4], 4])
      assert.equal((await outbox.feedback({ after: 9 })).next, 9)
      await assert.rejects(outbox.feedback({ limit: 10_001 }), { code: 'BAD_ARGUMENT' })
    }),
  )

  test(
    'the list is read in pages, or asked for one token',
    on(make, async ({ outbox }) => {
      const tokens = tokensOf(5)
      await bury(outbox, tokens)
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await outbox.suppressions({ app: 'news', after, limit: 2 })
        seen.push(...page.items.map(({ token }) => token))
        after = page.next
      } while (after !== undefined)
      assert.deepEqual(seen, tokens)
      const item = { token: tokens[3], timestampMs: DIED_MS, reason: 'Unregistered' }
      assert.deepEqual(await outbox.suppressions({ app: 'news', token: tokens[3] }), {
        items: [item],
        next: undefined,
      })
      assert.deepEqual((await outbox.suppressions({ app: 'weather' })).items, [])
    }),
  )

  test(
    'another worker’s dead tokens count at the next claim',
    on(make, async ({ outbox, another }) => {
      const [first = '', second = ''] = tokensOf(2)
      await bury(outbox, [first])
      const other = await another()
      assert.deepEqual(await handedOut(other, [first, second]), [second])
      await bury(other, [second])
      assert.deepEqual(await handedOut(outbox, [first, second]), [])
      await other.register('news', [first])
      assert.deepEqual(await handedOut(outbox, [first, second]), [first])
    }),
  )

  test(
    'a list that is long counts as a whole from the first moment on',
    on(make, async ({ outbox, another }) => {
      const dead = tokensOf(45_000)
      await bury(outbox, dead)
      const some = [0, 19_999, 20_000, 39_999, 40_000, 44_999].map((index) => dead[index] ?? '')
      const other = await another()
      for (let turn = 0; turn < 4; turn++) assert.deepEqual(await handedOut(other, [...some, 'ab']), ['ab'])
      const freed = { token: some[4] ?? '', registeredAtMs: DIED_MS + 1 }
      assert.deepEqual(await handedOut(await another(), [...some.slice(0, 4), freed]), [some[4]])
    }),
  )

  test(
    'a dead token that a worker may have sent to before it died is unknown',
    on(make, async ({ outbox }) => {
      const tokens = tokensOf(2)
      const { messageId } = await outbox.append({ app: 'news', content: '' }, tokens)
      await outbox.claim(claim)
      const other = await outbox.append({ app: 'news', content: '', priority: 1 }, tokens.slice(1))
      const { batches } = await outbox.claim({ ...claim, owner: 'v' })
      const [batch] = batches
      assert.equal(batch?.message.id, other.messageId)
      const dead = { index: 0, status: 'refused' as const, reason: 'Unregistered', isDead: true }
      await outbox.record(batches.map((each) => ({ ...each, others: [dead] })))
      await outbox.takeOver('w')
      assert.deepEqual((await outbox.claim(claim)).batches[0]?.pending, [0])
      assert.equal((await outbox.message(messageId)).counts.unknown, 1)
    }),
  )

  test(
    'the log is forgotten after its time, and the list is not',
    on(make, async ({ outbox, clock }) => {
      const tokens = tokensOf(3)
      await bury(outbox, tokens.slice(0, 2))
      clock.nowMs += 1000
      await bury(outbox, tokens.slice(2))
      const age = { finishedMs: 0, idempotencyMs: 0 }
      await outbox.cleanUp(age)
      assert.equal((await outbox.feedback()).items.length, 3)
      await outbox.cleanUp({ ...age, feedbackMs: 1000 })
      const { items, next } = await outbox.feedback()
      assert.deepEqual(
        items.map(({ token }) => token),
        tokens.slice(2),
      )
      await outbox.cleanUp({ ...age, feedbackMs: 0 })
      assert.deepEqual(await outbox.feedback({ after: next }), { items: [], next })
      assert.deepEqual(await handedOut(outbox, tokens), [])
      await bury(outbox, ['ab'])
      assert.equal((await outbox.feedback({ after: next })).items.length, 1)
    }),
  )

  test(
    'readers of the log keep their places',
    on(make, async ({ outbox, another }) => {
      assert.equal(await outbox.readCursor('webhook'), 0)
      await outbox.moveCursor('webhook', 7)
      await outbox.moveCursor('another', 3)
      await outbox.moveCursor('webhook', 9)
      assert.equal(await (await another()).readCursor('webhook'), 9)
      await assert.rejects(outbox.moveCursor('webhook', -1), { code: 'BAD_ARGUMENT' })
    }),
  )
}
