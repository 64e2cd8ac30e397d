import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApnsError, Message, type Notification, type Outcome } from 'apns-worker'
import { collect, managerWith, REFUSAL, ScriptedBackend, tokens } from './support/test-backends.js'

const PAYLOAD = { aps: { alert: 'hello' } }

function isEven({ token }: Notification): boolean {
  return Number.parseInt(token.slice(-4), 16) % 2 === 0
}

/** Each token once, in any order, and what is said of it fits the token. */
function checkOutcomes(outcomes: readonly Outcome[], message: Message): void {
  assert.deepEqual(
    outcomes.map(({ token }) => token).toSorted((one, other) => one.localeCompare(other)),
    message.tokens,
  )
  assert.equal(new Set(outcomes.map(({ apnsId }) => apnsId)).size, message.length)
  for (const { token, apnsId, status, error } of outcomes) {
    assert.ok(apnsId.startsWith(message.idPrefix))
    const accepted = Number.parseInt(token.slice(-4), 16) % 2 === 0
    assert.equal(status, accepted ? 'accepted' : 'refused')
    if (accepted) {
      assert.equal(error, undefined)
    } else {
      assert.ok(error instanceof ApnsError)
      assert.equal(error.token, token)
      assert.equal(error.apnsId, apnsId)
      assert.equal(error.reason, 'Unregistered')
    }
  }
}

test('counts tell how far it is, and done tells the end, and refusals do not reject it', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(new Message(tokens(4), PAYLOAD))
  const counts = (): number[] => [delivery.total, delivery.succeeded, delivery.failed, delivery.pending]
  assert.deepEqual(counts(), [4, 0, 0, 4])
  const early = delivery.done()
  const [first, second, third, fourth] = backend.take()
  assert.ok(first && second && third && fourth)
  backend.settle(third, 'accept')
  backend.settle(first, REFUSAL)
  assert.deepEqual(counts(), [4, 1, 1, 2])
  backend.settle(second, 'requeue')
  assert.deepEqual(counts(), [4, 1, 1, 2])
  backend.work()
  backend.settle(fourth, 'accept')
  assert.deepEqual(counts(), [4, 3, 1, 0])
  assert.deepEqual(await early, { total: 4, succeeded: 3, failed: 1 })
  assert.deepEqual(await delivery.done(), { total: 4, succeeded: 3, failed: 1 })
  const { accepted, refused, queued, inFlight } = apns.stats()
  assert.deepEqual([accepted, refused, queued, inFlight], [3, 1, 0, 0])
})

test('a message to nobody is done at once', async () => {
  const { apns } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(new Message([], PAYLOAD))
  assert.deepEqual(await delivery.done(), { total: 0, succeeded: 0, failed: 0 })
  assert.deepEqual(await collect(delivery), [])
  await apns.flushMessages()
  assert.deepEqual(await apns.close(), { unsent: [] })
})

test('a message is sent to a token as often as the list names it', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const [token = ''] = tokens(1)
  backend.script = () => 'accept'
  const outcomes = await collect(apns.sendMessage(new Message([token, token], PAYLOAD)))
  assert.equal(new Set(outcomes.map(({ apnsId }) => apnsId)).size, 2)
})

test('outcomes come as they are known, to whoever reads from the start', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const message = new Message(tokens(3), PAYLOAD)
  const delivery = apns.sendMessage(message)
  const reader = delivery[Symbol.asyncIterator]()
  const [first, second, third] = backend.take()
  assert.ok(first && second && third)
  const waiting = reader.next()
  backend.settle(second, REFUSAL)
  const { value } = await waiting
  assert.equal(value?.token, second.token)
  assert.equal(value.status, 'refused')
  backend.settle(third, 'accept')
  backend.settle(first, 'accept')
  assert.equal((await reader.next()).value?.token, third.token)
  assert.equal((await reader.next()).value?.token, first.token)
  assert.deepEqual(await reader.next(), { done: true, value: undefined })
})

test('early, late, twice and at once: each reader sees each outcome once', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  backend.script = (notification) => (isEven(notification) ? 'accept' : REFUSAL)
  const message = new Message(tokens(100), PAYLOAD)
  const delivery = apns.sendMessage(message)
  const early = await Promise.all([collect(delivery), collect(delivery)])
  const late = await collect(delivery)
  for (const outcomes of [...early, late]) checkOutcomes(outcomes, message)
  assert.deepEqual(
    late.map(({ token }) => token),
    early[0].map(({ token }) => token),
  )
})

test('a reader may break off, and begin again from the start', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  backend.script = (notification) => (isEven(notification) ? 'accept' : REFUSAL)
  const message = new Message(tokens(10), PAYLOAD)
  const delivery = apns.sendMessage(message)
  let seen = 0
  for await (const _outcome of delivery) if (++seen === 3) break
  checkOutcomes(await collect(delivery), message)
  assert.deepEqual(await delivery.done(), { total: 10, succeeded: 5, failed: 5 })
})

test('cancel takes back what was not sent, and only of this message', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(new Message(tokens(5), PAYLOAD))
  const other = apns.sendMessage(new Message(tokens(2), PAYLOAD))
  const first = backend.queue.claim()
  const second = backend.queue.claim()
  assert.ok(first && second)
  backend.queue.requeue(second, 60)
  assert.equal(delivery.cancel(), 4)
  assert.equal(delivery.cancel(), 0)
  assert.equal(delivery.pending, 1, 'what was sent is not affected')
  backend.settle(first, 'accept')
  const outcomes = await collect(delivery)
  assert.deepEqual(
    outcomes.map(({ status, error }) => [status, error?.reason]),
    [...Array.from({ length: 4 }, () => ['cancelled', 'Cancelled']), ['accepted', undefined]],
  )
  assert.equal(other.pending, 2)
  backend.work()
  assert.deepEqual(await other.done(), { total: 2, succeeded: 2, failed: 0 })
  assert.equal(apns.stats().cancelled, 4)
})

test("Apple's apns-unique-id is in the outcome", async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(new Message(tokens(1), PAYLOAD))
  const [notification] = backend.take()
  assert.ok(notification)
  backend.queue.settle(notification, undefined, 'unique')
  const [outcome] = await collect(delivery)
  assert.deepEqual(outcome, {
    token: notification.token,
    apnsId: notification.apnsId,
    pushType: 'alert',
    status: 'accepted',
    uniqueId: 'unique',
  })
})

test('what a backend says of a notification that is settled already changes nothing', async () => {
  const errors: ApnsError[] = []
  const { apns, backend } = managerWith(ScriptedBackend, { errorHandler: (error) => errors.push(error) })
  const delivery = apns.sendMessage(new Message(tokens(1), PAYLOAD))
  const [notification] = backend.take()
  assert.ok(notification)
  backend.settle(notification, 'accept')
  backend.settle(notification, 'accept')
  backend.settle(notification, 'requeue')
  backend.settle(notification, REFUSAL)
  assert.deepEqual(await delivery.done(), { total: 1, succeeded: 1, failed: 0 })
  assert.equal(backend.queue.isEmpty(), true)
})

test('groups have each token once, by its index, and say the same as single outcomes', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const message = new Message(tokens(6), PAYLOAD)
  const delivery = apns.sendMessage(message)
  const groups = delivery.groups()
  const [first, second, third, fourth, fifth, sixth] = backend.take()
  assert.ok(first && second && third && fourth && fifth && sixth)
  const waiting = groups.next()
  backend.settle(fifth, 'accept')
  backend.settle(second, 'accept')
  assert.deepEqual(await waiting, { done: false, value: { accepted: Uint32Array.of(4, 1), others: [] } })
  for (const notification of [first, sixth]) backend.settle(notification, REFUSAL)
  for (const notification of [third, fourth]) backend.settle(notification, 'accept')
  const { value: last } = await groups.next()
  assert.ok(last)
  assert.deepEqual(last.accepted, Uint32Array.of(2, 3))
  const refused = (await collect(delivery)).filter(({ status }) => status === 'refused')
  assert.deepEqual(last.others, [
    { index: 0, outcome: refused[0] },
    { index: 5, outcome: refused[1] },
  ])
  assert.deepEqual(await groups.next(), { done: true, value: undefined })
})

test('a group of a single token, accepted or refused', async () => {
  for (const fate of ['accept', REFUSAL] as const) {
    const { apns, backend } = managerWith(ScriptedBackend)
    const delivery = apns.sendMessage(new Message(tokens(1), PAYLOAD))
    const [only] = backend.take()
    assert.ok(only)
    backend.settle(only, fate)
    const groups = []
    for await (const group of delivery.groups()) groups.push(group)
    assert.equal(groups.length, 1)
    assert.deepEqual([...(groups[0]?.accepted ?? [])], fate === 'accept' ? [0] : [])
    assert.equal(groups[0]?.others[0]?.outcome.status, fate === 'accept' ? undefined : 'refused')
  }
})
