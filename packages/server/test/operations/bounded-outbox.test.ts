import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox } from '@apns-worker/server'
import { boundedOutbox } from '#src/operations/bounded-outbox.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'

failOnLeaks()

/** An outbox whose calls are answered when the test says so. */
class Silent {
  readonly calls: { readonly name: string; answer(value?: unknown): void; fail(error: Error): void }[] = []
  readonly outbox: Outbox = new Proxy({} as Outbox, {
    get: (_target, name) => () =>
      new Promise((answer, fail) => this.calls.push({ name: String(name), answer, fail })),
  })
}

const scope = { app: 'news' }

test('a call that is not answered in time fails: one that writes is in doubt, one that reads is not', async () => {
  const { outbox, calls } = new Silent()
  const bounded = boundedOutbox(outbox, { limitMs: 20 })
  const [written, read] = await Promise.allSettled([bounded.pause(scope), bounded.stats()])
  assert.deepEqual(
    [written, read].map((each) => each.status === 'rejected' && each.reason.code),
    ['STORE_IN_DOUBT', 'STORE_UNAVAILABLE'],
  )
  for (const call of calls) call.answer()
  // Nobody waits any more, so the store is asked again.
  const again = bounded.stats()
  calls.at(-1)?.answer({ pending: 3 })
  assert.deepEqual(await again, { pending: 3 })
})

test('what the store says is handed on, errors too, and arguments go to it', async () => {
  const given: unknown[] = []
  const outbox = {
    pause: (...values: unknown[]) => {
      given.push(...values)
      return Promise.reject(new TypeError('no'))
    },
  }
  const bounded = boundedOutbox(outbox as unknown as Outbox, { limitMs: 10_000 })
  await assert.rejects(bounded.pause(scope), TypeError)
  assert.deepEqual(given, [scope])
})

test('while nobody is answered, further calls fail at once; one answer is enough to go on', async () => {
  let now = 0
  const { outbox, calls } = new Silent()
  const bounded = boundedOutbox(outbox, { limitMs: 60_000, stalledMs: 5000, now: () => now })
  const first = bounded.pause(scope)
  now = 4999
  const second = bounded.stats()
  now = 5000
  await assert.rejects(bounded.pause(scope), { code: 'STORE_UNAVAILABLE' })
  assert.equal(calls.length, 2)
  // The second was asked later; its failure is an answer as well.
  calls[1]?.fail(new Error('busy'))
  await assert.rejects(second, /busy/)
  const third = bounded.pause(scope)
  now = 9999
  const fourth = bounded.stats()
  now = 10_000
  await assert.rejects(bounded.stats(), { code: 'STORE_UNAVAILABLE' })
  for (const call of calls) call.answer()
  await Promise.all([first, third, fourth])
})

test('when there is no time to lose, those that wait do not wait as long as they might, and nor do later ones', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { outbox } = new Silent()
  const stopping = new AbortController()
  const bounded = boundedOutbox(outbox, { limitMs: 60_000, now: () => 0, hurry: stopping.signal })
  let failed = 0
  const isFailed = (): number => failed++
  bounded.pause(scope).catch(isFailed)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  context.mock.timers.tick(50_000)
  stopping.abort()
  bounded.stats().catch(isFailed)
  context.mock.timers.tick(2999)
  await turn()
  assert.equal(failed, 0)
  context.mock.timers.tick(1)
  await turn()
  assert.equal(failed, 2)
})

test('no more than so many wait at a time', async () => {
  const { outbox, calls } = new Silent()
  const bounded = boundedOutbox(outbox, { limitMs: 60_000, maxWaiting: 2 })
  const waiting = [bounded.stats(), bounded.stats()]
  await assert.rejects(bounded.stats(), { code: 'OVERLOADED' })
  for (const call of calls) call.answer()
  await Promise.all(waiting)
  const next = bounded.stats()
  calls.at(-1)?.answer()
  await next
})

test('what goes through any number of messages may take its time, and is no sign that the store is silent', async () => {
  let now = 0
  const { outbox, calls } = new Silent()
  const bounded = boundedOutbox(outbox, { limitMs: 1, now: () => now })
  const cancelled = bounded.cancel('everything')
  const purged = bounded.purge('everything')
  now = 60_000
  await new Promise((resolve) => setTimeout(resolve, 10))
  const read = bounded.stats()
  calls[2]?.answer()
  await read
  calls[0]?.answer()
  calls[1]?.answer()
  await Promise.all([cancelled, purged])
})
