import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { News, Outbox } from '@apns-worker/server'
import { LateOutbox } from '#src/operations/late-outbox.js'

class Real {
  readonly listeners = new Set<(news: News) => void>()
  closed = 0
  readonly outbox: Outbox = {
    stats: () => Promise.resolve({ pending: this.listeners.size }),
    close: () => {
      this.closed++
      return Promise.resolve()
    },
    watch: (listener: (news: News) => void) => {
      this.listeners.add(listener)
      return () => this.listeners.delete(listener)
    },
    // As much of it as is used.
  } as unknown as Outbox
}

test('until it is there, each call fails; then they are its own', async () => {
  const late = new LateOutbox()
  // What is kept from before is no use of it.
  const { stats } = late.outbox
  await assert.rejects(late.outbox.stats(), { code: 'STORE_UNAVAILABLE' })
  assert.equal(await Promise.resolve(late.outbox), late.outbox)
  const real = new Real()
  const heard: News[] = []
  const unwatch = late.outbox.watch((news) => heard.push(news))
  await late.provide(real.outbox)
  assert.deepEqual(await late.outbox.stats(), { pending: 1 })
  await assert.rejects(stats(), { code: 'STORE_UNAVAILABLE' })
  for (const listener of real.listeners) listener('work')
  late.outbox.watch((news) => heard.push(news))
  assert.equal(real.listeners.size, 2)
  unwatch()
  for (const listener of real.listeners) listener('control')
  assert.deepEqual(heard, ['work', 'control'])
  await late.outbox.close()
  assert.equal(real.closed, 1)
})

test('one that does not end is not waited for', async () => {
  const late = new LateOutbox(10)
  const real = new Real()
  real.outbox.close = () => new Promise(() => {})
  await late.provide(real.outbox)
  await assert.rejects(late.close(), { code: 'STORE_UNAVAILABLE' })
})

test('one that comes when nobody wants it any more is closed', async () => {
  const late = new LateOutbox()
  await late.close()
  await assert.rejects(late.outbox.stats(), { code: 'CLOSED' })
  const real = new Real()
  await assert.rejects(late.provide(real.outbox), { code: 'CLOSED' })
  assert.equal(real.closed, 1)
})
