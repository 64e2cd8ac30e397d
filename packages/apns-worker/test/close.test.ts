import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { ApnsError, type ApnsManager, ManagerClosedError, Message } from 'apns-worker'
import { failOnLeaks } from './support/leaks.js'
import { collect, KeptLog, managerWith, ScriptedBackend, tokens } from './support/test-backends.js'
import { until, within } from './support/within.js'

const PAYLOAD = { aps: { alert: 'hello' } }
const message = (count: number): Message => new Message(tokens(count), PAYLOAD)

failOnLeaks()

test('close sends what is queued, stops the backend, and reports nothing unsent', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  backend.script = () => 'accept'
  const delivery = apns.sendMessage(message(3))
  assert.deepEqual(await apns.close(), { unsent: [] })
  assert.deepEqual(await delivery.done(), { total: 3, succeeded: 3, failed: 0 })
  assert.equal(backend.stops, 1)
})

test('close is idempotent: one report, one stop', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  apns.sendMessage(message(1))
  const [one, other] = [apns.close({ timeout: 0 }), apns.close({ timeout: 60 })]
  assert.equal(one, other)
  assert.equal((await one).unsent.length, 1)
  assert.equal(await apns.close(), await one)
  assert.equal(backend.stops, 1)
})

test('after close, nothing can be sent, and the error says so', async () => {
  const { apns } = managerWith(ScriptedBackend)
  const closing = apns.close()
  const refused = (use: () => unknown): void =>
    assert.throws(
      use,
      (error: unknown) => error instanceof ManagerClosedError && error.code === 'MANAGER_CLOSED',
    )
  for (const _when of ['while closing', 'closed']) {
    refused(() => apns.sendMessage(message(1)))
    refused(() => apns.sendAps(tokens(1)))
    refused(() => apns.stream([]))
    refused(() => apns.getFeedback(() => {}))
    await closing
  }
  await apns.flushMessages()
})

test('the timeout bounds it, and what was not settled is reported with its code', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(message(4))
  const [sent, waiting] = [backend.queue.claim(), backend.queue.claim()]
  assert.ok(sent && waiting)
  backend.queue.requeue(waiting, 3600)
  const { unsent } = await within(apns.close({ timeout: 0.01 }), () => 'close')
  assert.deepEqual(
    new Map(unsent.map((each) => [each.token, each.code])),
    new Map(tokens(4).map((token) => [token, token === sent.token ? 'unknown' : 'cancelled'])),
  )
  assert.equal(unsent.length, 4)
  for (const each of unsent) {
    assert.equal(each.message, delivery.message)
    assert.ok(each.apnsId.startsWith(each.message.idPrefix))
  }
  assert.deepEqual(await delivery.done(), { total: 4, succeeded: 0, failed: 4 })
  const statuses = (await collect(delivery)).map(({ status, error }) => `${status} ${error?.reason}`)
  assert.deepEqual(statuses.toSorted(), [
    ...Array<string>(3).fill('cancelled Closed'),
    'unknown ConnectionLost',
  ])
  const { cancelled, unknown } = apns.stats()
  assert.deepEqual([cancelled, unknown], [3, 1])
})

test('what is answered while it closes is not unsent', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(message(2))
  const [first, second] = backend.take()
  assert.ok(first && second)
  const closing = apns.close()
  backend.settle(first, 'accept')
  backend.settle(second, 'accept')
  assert.deepEqual(await within(closing, () => 'close'), { unsent: [] })
  assert.equal(delivery.succeeded, 2)
})

test('what the backend gives back, or settles, as it stops is reported as it is', async () => {
  class Returning extends ScriptedBackend {
    override async stop(): Promise<void> {
      await super.stop()
      const [first, second] = this.held
      assert.ok(first && second)
      this.queue.requeue(first)
      this.queue.settle(second)
    }
    held = [...this.take()]
  }
  const { apns, backend } = managerWith(Returning)
  const delivery = apns.sendMessage(message(3))
  backend.held = backend.take()
  const { unsent } = await apns.close({ timeout: 0 })
  assert.deepEqual(
    unsent.map(({ token, code }) => [token, code]),
    [
      [backend.held[2]?.token, 'unknown'],
      [backend.held[0]?.token, 'cancelled'],
    ],
  )
  assert.deepEqual(await delivery.done(), { total: 3, succeeded: 1, failed: 2 })
})

test('a stopped line does not make close wait', async () => {
  const { apns, backend } = managerWith(ScriptedBackend, { errorHandler: () => {} })
  apns.sendMessage(message(2))
  backend.pause(new ApnsError({ code: 'configuration', reason: 'InvalidProviderToken' }))
  const { unsent } = await within(apns.close({ timeout: 3600 }), () => 'close')
  assert.equal(unsent.length, 2)
})

test('a line that stops while it closes does not make it wait either', async () => {
  const { apns, backend } = managerWith(ScriptedBackend, { errorHandler: () => {} })
  apns.sendMessage(message(2))
  const closing = apns.close({ timeout: 3600 })
  await Promise.resolve()
  backend.pause(new ApnsError({ code: 'configuration', reason: 'InvalidProviderToken' }))
  assert.equal((await within(closing, () => 'close')).unsent.length, 2)
})

test('with the line stopped, what is in flight is still answered: refused like the first, it was not delivered', async () => {
  const { apns, backend } = managerWith(ScriptedBackend, { errorHandler: () => {} })
  apns.sendMessage(message(5))
  const [first, second, third] = [backend.queue.claim(), backend.queue.claim(), backend.queue.claim()]
  assert.ok(first && second && third)
  backend.settle(first, 'requeue')
  backend.pause(new ApnsError({ code: 'configuration', reason: 'InvalidProviderToken' }))
  let closed = false
  const closing = apns.close({ timeout: 3600 }).finally(() => {
    closed = true
  })
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  assert.equal(closed, false)
  backend.settle(second, 'accept')
  backend.settle(third, 'requeue')
  const { unsent } = await within(closing, () => 'close')
  assert.deepEqual(
    unsent.map(({ code }) => code),
    Array<string>(4).fill('cancelled'),
  )
})

test('a backend that fails to stop is logged, and breaks nothing', async () => {
  const rejects = async (): Promise<void> => {
    throw new Error('stuck door')
  }
  const throws = (): void => {
    throw new Error('stuck door')
  }
  for (const stop of [rejects, throws]) {
    const log = new KeptLog()
    const { apns, backend } = managerWith(ScriptedBackend, { logger: log })
    backend.stop = stop
    const delivery = apns.sendMessage(message(1))
    assert.equal((await apns.close({ timeout: 0 })).unsent.length, 1)
    await delivery.done()
    assert.ok(log.lines.some((line) => line.startsWith('error:') && line.includes('stuck door')))
  }
})

test('a backend that never stops is left behind after five seconds', async () => {
  const log = new KeptLog()
  const { apns, backend } = managerWith(ScriptedBackend, { logger: log })
  backend.stop = () => new Promise<void>(() => {})
  const delivery = apns.sendMessage(message(2))
  const taken = backend.queue.claim()
  assert.ok(taken)
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const closing = apns.close({ timeout: 1 })
    let closed = false
    const settled = closing.then(() => {
      closed = true
    })
    const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    await turns()
    mock.timers.tick(1000)
    await turns()
    mock.timers.tick(4999)
    await turns()
    assert.equal(closed, false)
    mock.timers.tick(1)
    await settled
    const { unsent } = await closing
    assert.deepEqual(
      unsent.map(({ code }) => code),
      ['cancelled', 'unknown'],
    )
  } finally {
    mock.timers.reset()
  }
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 0, failed: 2 })
  assert.ok(log.lines.some((line) => line.includes('did not stop within 5 seconds')))
})

test('a timeout that is none is an error, and closes nothing', async () => {
  const { apns } = managerWith(ScriptedBackend)
  for (const timeout of [-1, Number.NaN, '5' as unknown as number]) {
    assert.throws(() => apns.close({ timeout }), { name: 'RangeError', message: /timeout is .*seconds/ })
  }
  apns.sendMessage(message(0))
  await apns.close({ timeout: Number.POSITIVE_INFINITY })
})

test('await using closes', async () => {
  let kept: ApnsManager
  let stops = 0
  {
    const { apns, backend } = managerWith(ScriptedBackend)
    backend.stop = () => {
      stops++
    }
    await using scoped = apns
    kept = scoped
    backend.script = () => 'accept'
    scoped.sendMessage(message(1))
  }
  assert.equal(stops, 1)
  assert.equal(kept.stats().accepted, 1)
  assert.throws(() => kept.sendMessage(message(1)), ManagerClosedError)
})

test('close may be called by what it calls', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  let closedAgain: unknown
  async function* source(): AsyncGenerator<Message> {
    try {
      yield message(1)
    } finally {
      closedAgain = apns.close()
    }
  }
  const reader = apns.stream(source(), { window: 1 })
  const reading = reader.next()
  await until(() => backend.notifies > 0)
  const closing = apns.close({ timeout: 0 })
  assert.equal((await within(closing, () => 'close')).unsent.length, 1)
  assert.equal(closedAgain, closing)
  assert.equal((await reading).value?.status, 'cancelled')
  await assert.rejects(reader.next(), ManagerClosedError)
})
