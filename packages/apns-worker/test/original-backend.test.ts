import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApnsError, Message } from 'apns-worker'
import { failOnLeaks } from './support/leaks.js'
import { collect, managerWith, OriginalStyleBackend, tokens } from './support/test-backends.js'
import { within } from './support/within.js'

/** Seconds; long enough to see that something happens before it is over. */
const GRACE = 0.1
const PAYLOAD = { aps: { alert: 'hello' } }

failOnLeaks()

test('silence is success, after the grace period and not before', async () => {
  const { apns, backend } = managerWith(OriginalStyleBackend, { messageGrace: GRACE })
  const startMs = performance.now()
  const delivery = apns.sendMessage(new Message(tokens(3), PAYLOAD))
  assert.equal(backend.sent.length, 3)
  assert.equal(delivery.pending, 3)
  await within(apns.flushMessages(), () => `${delivery.pending} pending`)
  const elapsed = (performance.now() - startMs) / 1000
  assert.ok(elapsed >= GRACE, `flushed after ${elapsed} s`)
  assert.deepEqual(await delivery.done(), { total: 3, succeeded: 3, failed: 0 })
  assert.deepEqual(await apns.close(), { unsent: [] })
})

test('an error settles what was before it, names its token, and sends again what was after it', async () => {
  const errors: ApnsError[] = []
  const { apns, backend } = managerWith(OriginalStyleBackend, {
    messageGrace: GRACE,
    errorHandler: (error) => errors.push(error),
  })
  const delivery = apns.sendMessage(new Message(tokens(5), PAYLOAD))
  const [first, second, third, fourth, fifth] = backend.sent.splice(0)
  assert.ok(first && second && third && fourth && fifth)
  backend.fails(third, ApnsError.ERR_TOKEN_INVAL)
  assert.deepEqual([delivery.succeeded, delivery.failed, delivery.pending], [2, 1, 2])
  assert.deepEqual(backend.sent, [fourth, fifth], 'the very same, in their order')
  assert.equal(errors.length, 1)
  const [error] = errors
  assert.equal(error?.status, 8)
  assert.equal(error.description, 'Invalid token')
  assert.equal(error.token, third.token)
  assert.equal(error.apnsId, third.apnsId)
  assert.deepEqual(await within(delivery.done(), () => 'the rest'), { total: 5, succeeded: 4, failed: 1 })
  const outcomes = await collect(delivery)
  assert.deepEqual(
    outcomes.map(({ token, status }) => [token, status]),
    [first, second, third, fourth, fifth].map(({ token }) => [
      token,
      token === third.token ? 'refused' : 'accepted',
    ]),
  )
  assert.equal(outcomes[2]?.error, error, 'the handler and the reader get the same')
  await apns.close()
})

test('a backtracked notification may be sent again instead', async () => {
  const { apns, backend } = managerWith(OriginalStyleBackend, { messageGrace: GRACE })
  const delivery = apns.sendMessage(new Message(tokens(2), PAYLOAD))
  const [first] = backend.sent.splice(0)
  const found = backend.queue.backtrack(first?.ident ?? -1)
  assert.ok(found)
  assert.equal(backend.queue.requeue(found), true)
  assert.equal(backend.sent.includes(found), true)
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 2, failed: 0 })
  await apns.close()
})

test('what can not be written is given back, and taken again', async () => {
  class Clogged extends OriginalStyleBackend {
    clogged = true
    override queueNotify(): void {
      const notification = this.queue.claim()
      if (notification === undefined) return
      if (this.clogged) assert.equal(this.queue.unclaim(notification), true)
      else this.sent.push(notification)
    }
  }
  const { apns, backend } = managerWith(Clogged, { messageGrace: GRACE })
  const delivery = apns.sendMessage(new Message(tokens(1), PAYLOAD))
  assert.equal(backend.queue.hasUnclaimed(), true)
  backend.clogged = false
  backend.queueNotify()
  assert.equal(backend.sent.length, 1)
  assert.deepEqual(await delivery.done(), { total: 1, succeeded: 1, failed: 0 })
  await apns.close()
})

test('a grace of zero seconds is allowed', async () => {
  const { apns } = managerWith(OriginalStyleBackend, { messageGrace: 0 })
  const delivery = apns.sendMessage(new Message(tokens(2), PAYLOAD))
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 2, failed: 0 })
  await apns.close()
})

test('closing before the grace is over reports what was sent as of unknown fate', async () => {
  const { apns, backend } = managerWith(OriginalStyleBackend, { messageGrace: 1e9 })
  const delivery = apns.sendMessage(new Message(tokens(2), PAYLOAD))
  const { unsent } = await apns.close({ timeout: 0 })
  assert.deepEqual(
    unsent.map(({ token, code }) => [token, code]),
    backend.sent.map(({ token }) => [token, 'unknown']),
  )
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 0, failed: 2 })
})

test('closing while a verdict is awaited settles that too', async () => {
  const { apns, backend } = managerWith(OriginalStyleBackend, { messageGrace: 60 })
  const delivery = apns.sendMessage(new Message(tokens(1), PAYLOAD))
  assert.ok(backend.queue.backtrack(backend.sent[0]?.ident ?? -1))
  const { unsent } = await apns.close({ timeout: 0 })
  assert.equal(unsent.length, 1)
  assert.deepEqual(await delivery.done(), { total: 1, succeeded: 0, failed: 1 })
})
