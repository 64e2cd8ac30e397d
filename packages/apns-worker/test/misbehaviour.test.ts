import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApnsError, ApnsManager, Feedback, type Logger, Message } from 'apns-worker'
import { failOnLeaks } from './support/leaks.js'
import {
  KeptLog,
  managerWith,
  OriginalStyleBackend,
  REFUSAL,
  ScriptedBackend,
  tokens,
} from './support/test-backends.js'
import { until, within } from './support/within.js'

const PAYLOAD = { aps: { alert: 'hello' } }
const message = (count: number): Message => new Message(tokens(count), PAYLOAD)
const STOP = { code: 'configuration', reason: 'InvalidProviderToken' } as const

failOnLeaks()

// What the user's functions do.

/** What makes an object a promise, Node's own or not. */
// oxlint-disable-next-line unicorn/no-thenable -- a promise that is not Node's own is what this is about
const THEN = 'then'

/** Ways for a user's function to fail. */
const FAILURES: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('user error')
  },
  'throws what is no error': () => {
    throw 'user error' as unknown as Error
  },
  rejects: async () => {
    throw new Error('user error')
  },
  "rejects another library's promise": () => ({
    [THEN]: (_resolve: unknown, reject: (cause: unknown) => void) => reject(new Error('user error')),
  }),
}

for (const [how, fail] of Object.entries(FAILURES)) {
  test(`an errorHandler that ${how} is logged, and breaks nothing`, async () => {
    const log = new KeptLog()
    let calls = 0
    const errorHandler = (): unknown => {
      calls++
      return fail()
    }
    const { apns, backend } = managerWith(ScriptedBackend, { errorHandler, logger: log })
    backend.script = () => REFUSAL
    const delivery = apns.sendMessage(message(3))
    assert.deepEqual(await delivery.done(), { total: 3, succeeded: 0, failed: 3 })
    assert.equal(calls, 3)
    const logged = (): number =>
      log.lines.filter((line) => /errorHandler failed.*user error/.test(line)).length
    await until(() => logged() === 3)
    await apns.close()
  })

  test(`a feedback callback that ${how} is logged, and breaks nothing`, async () => {
    const log = new KeptLog()
    const { apns, backend } = managerWith(ScriptedBackend, { logger: log })
    const subscription = apns.getFeedback(fail)
    const [callback] = backend.feedbackCallbacks
    callback?.(new Feedback('ab', new Date()))
    callback?.(new Feedback('cd', new Date()))
    const logged = (): number =>
      log.lines.filter((line) => /feedback callback failed.*user error/.test(line)).length
    await until(() => logged() === 2)
    subscription.cancel()
    await apns.close()
  })

  test(`a logger that ${how} breaks nothing`, async () => {
    const logger = { debug: fail, info: fail, warn: fail, error: fail } as unknown as Logger
    const { apns, backend } = managerWith(ScriptedBackend, { errorHandler: fail, logger })
    backend.script = () => REFUSAL
    backend.stop = fail as () => Promise<void>
    const delivery = apns.sendMessage(message(2))
    await delivery.done()
    backend.pause(new ApnsError(STOP))
    assert.deepEqual(await apns.close(), { unsent: [] })
  })
}

test('an errorHandler may send and resume', async () => {
  const handled: ApnsError[] = []
  const { apns, backend } = managerWith(ScriptedBackend, {
    errorHandler(error) {
      handled.push(error)
      if (error.token === refused) apns.sendAps([resent])
      if (error.code === 'configuration') apns.resume()
    },
  })
  const [refused = '', resent = '', other = ''] = tokens(3)
  backend.script = ({ token }) => (token === refused ? REFUSAL : 'accept')
  const delivery = apns.sendMessage(new Message([refused, other], PAYLOAD))
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 1, failed: 1 })
  await apns.flushMessages()
  assert.equal(apns.stats().accepted, 2)
  backend.pause(new ApnsError(STOP))
  assert.equal(apns.paused, undefined)
  assert.equal(handled.length, 2)
  await apns.close()
})

test('a handler that hears of discarded ones may send and cancel meanwhile; nothing is lost or out of order', async () => {
  const { apns, backend } = managerWith(ScriptedBackend, {
    errorHandler() {
      reactions.shift()?.()
    },
  })
  const doomed = apns.sendMessage(message(4))
  const cancelled = apns.sendMessage(message(3))
  const kept = apns.sendMessage(message(2))
  const reactions = [() => late.push(apns.sendMessage(message(1))), () => cancelled.cancel()]
  const late: (typeof kept)[] = []
  // As the default backend does with what has expired.
  backend.queue.discard(
    (each) => (each === doomed.message ? { ...REFUSAL, code: 'expired' } : undefined),
    (notification, failure) => backend.deliveryError(new ApnsError({ ...failure, notification })),
  )
  assert.deepEqual([doomed.pending, cancelled.failed, kept.pending], [0, 3, 2])
  assert.deepEqual(
    backend.take().map((each) => each.message),
    [kept.message, kept.message, late[0]?.message],
  )
  await apns.close({ timeout: 0 })
})

test('a cancelled subscription hears nothing more, whatever the backend does; and cancel is idempotent', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  const heard: Feedback[] = []
  const subscription = apns.getFeedback((feedback) => heard.push(feedback))
  const [callback] = backend.feedbackCallbacks
  const first = new Feedback('ab', new Date(0), 'Unregistered')
  callback?.(first)
  subscription.cancel()
  subscription.cancel()
  callback?.(new Feedback('cd', new Date(0)))
  assert.deepEqual(heard, [first])
  await apns.close()
})

// What backends do.

test("what a backend's start throws, the constructor throws", () => {
  class NoStart extends ScriptedBackend {
    override start(): void {
      throw new Error('no such host')
    }
  }
  assert.throws(() => new ApnsManager({ backend: NoStart }), /no such host/)
})

test('a start that rejects stops the line, once and loudly; resume starts it again', async () => {
  class LateStart extends ScriptedBackend {
    override async start(): Promise<void> {
      this.starts++
      if (this.starts < 3) throw new Error(`no such host, ${this.starts}`)
    }
  }
  const errors: ApnsError[] = []
  const { apns, backend } = managerWith(LateStart, { errorHandler: (error) => errors.push(error) })
  const delivery = apns.sendMessage(message(2))
  const rejected = (error: unknown): boolean =>
    error instanceof ApnsError && error.code === 'configuration' && error.reason === 'BackendFailed'
  await assert.rejects(apns.flushMessages(), rejected)
  assert.deepEqual(
    errors.map(({ message: text }) => /no such host, \d/.exec(text)?.[0]),
    ['no such host, 1'],
  )
  assert.ok(errors[0]?.cause instanceof Error)
  apns.resume()
  await assert.rejects(apns.flushMessages(), rejected)
  assert.equal(errors.length, 2)
  apns.resume()
  assert.equal(backend.starts, 3)
  backend.work()
  assert.deepEqual(await delivery.done(), { total: 2, succeeded: 2, failed: 0 })
  apns.resume()
  assert.equal(backend.starts, 3)
  await apns.close()
})

test('a queueNotify that throws loses nothing: the message is queued, the line stops, resume goes on', async () => {
  class Faulty extends ScriptedBackend {
    faulty = true
    override queueNotify(): void {
      if (this.faulty) throw new Error('defect')
      super.queueNotify()
    }
  }
  const errors: ApnsError[] = []
  const { apns, backend } = managerWith(Faulty, { errorHandler: (error) => errors.push(error) })
  const first = apns.sendMessage(message(2))
  const second = apns.sendMessage(message(1))
  assert.equal(apns.stats().queued, 3)
  assert.equal(apns.stats().paused, true)
  await assert.rejects(apns.flushMessages(), { reason: 'BackendFailed', message: /defect/ })
  assert.equal(errors.length, 1, 'once, not for each message')
  apns.resume()
  assert.equal(errors.length, 2, 'still defective')
  backend.faulty = false
  backend.script = () => 'accept'
  apns.resume()
  await within(apns.flushMessages(), () => 'flush')
  assert.deepEqual([first.succeeded, second.succeeded], [2, 1])
  await apns.close()
})

test('a backend that does nothing at all can be closed, and every promise settles', async () => {
  const { apns } = managerWith(ScriptedBackend)
  const delivery = apns.sendMessage(message(2))
  const flushed = apns.flushMessages()
  const iterator = delivery[Symbol.asyncIterator]()
  const next = iterator.next()
  const streamed = apns.stream([message(1)]).next()
  await until(() => apns.stats().queued === 3)
  await within(apns.close({ timeout: 0 }), () => 'close')
  await within(flushed, () => 'flush')
  assert.equal((await next).value?.status, 'cancelled')
  assert.equal((await streamed).value?.status, 'cancelled')
  assert.equal((await delivery.done()).failed, 2)
})

test('a backend that answers at once, while the message is being queued, is no trouble', async () => {
  class Immediate extends ScriptedBackend {
    override queueNotify(): void {
      this.work()
    }
  }
  const { apns, backend } = managerWith(Immediate)
  backend.script = ({ token }) => (token.endsWith('1') ? REFUSAL : 'accept')
  const delivery = apns.sendMessage(message(3))
  assert.equal(delivery.pending, 0)
  assert.deepEqual(await delivery.done(), { total: 3, succeeded: 2, failed: 1 })
  let count = 0
  for await (const _outcome of apns.stream([message(3), message(2)], { window: 1 })) count++
  assert.equal(count, 5)
  await apns.close()
})

test('a message that the backend can not send is refused, and nothing of it is queued', () => {
  class Picky extends ScriptedBackend {
    override checkMessage(each: Message): void {
      if (each.priority === 7) throw new TypeError('not with this backend')
    }
  }
  const { apns } = managerWith(Picky)
  assert.throws(() => apns.sendAps(tokens(3), {}, { priority: 7 }), /not with this backend/)
  assert.deepEqual(apns.stats().queued, 0)
})

test('what is no message is refused', async () => {
  const { apns } = managerWith(ScriptedBackend)
  const wrong = { tokens: tokens(1), payload: {} } as unknown as Message
  assert.throws(() => apns.sendMessage(wrong), { name: 'TypeError', message: /Message/ })
  await assert.rejects(apns.stream([wrong]).next(), { name: 'TypeError', message: /Message/ })
  assert.throws(() => apns.stream(wrong as unknown as Message[]), /iterable/)
})

// Flushing.

test('flushMessages resolves when all that was queued before it is settled, and at once for nothing', async () => {
  const { apns, backend } = managerWith(ScriptedBackend)
  await apns.flushMessages()
  apns.sendMessage(message(2))
  const flushed = apns.flushMessages()
  const taken = backend.take()
  apns.sendMessage(message(1))
  for (const each of taken) backend.settle(each, 'accept')
  await within(flushed, () => 'flush')
  assert.equal(apns.stats().queued, 1, 'what came later is not waited for')
  await apns.close({ timeout: 0 })
})

test('flushMessages rejects with the configuration error, before and during the wait', async () => {
  const { apns, backend } = managerWith(OriginalStyleBackend, { errorHandler: () => {}, messageGrace: 60 })
  const error = new ApnsError(STOP)
  apns.sendMessage(message(1))
  const during = apns.flushMessages()
  backend.pause(error)
  await assert.rejects(during, error)
  await assert.rejects(apns.flushMessages(), error)
  assert.equal(apns.paused, error)
  apns.resume()
  assert.equal(apns.paused, undefined)
  const again = apns.flushMessages()
  for (const each of backend.sent) backend.queue.settle(each)
  await again
  await apns.close()
})
