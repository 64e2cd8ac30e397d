import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ApnsManager,
  ManagerClosedError,
  Message,
  MessageError,
  type Notification,
  type StreamOutcome,
} from 'apns-worker'
import { failOnLeaks } from './support/leaks.js'
import {
  collect,
  managerWith,
  REFUSAL,
  type Reply,
  ScriptedBackend,
  tokens,
} from './support/test-backends.js'
import { until, within } from './support/within.js'

const PAYLOAD = { aps: { alert: 'hello' } }

failOnLeaks()

function messages(count: number, size = 1): Message[] {
  return Array.from({ length: count }, (_, index) => new Message(tokens(size, index * size), PAYLOAD))
}

function streaming(script?: (notification: Notification) => Reply): {
  apns: ApnsManager
  backend: ScriptedBackend
} {
  const made = managerWith(ScriptedBackend)
  made.backend.script = script
  return made
}

/** Reads until the stream ends or throws. */
async function read(
  stream: AsyncIterable<StreamOutcome>,
): Promise<{ seen: StreamOutcome[]; error: unknown }> {
  const seen: StreamOutcome[] = []
  try {
    for await (const outcome of stream) seen.push(outcome)
    return { seen, error: undefined }
  } catch (error) {
    return { seen, error }
  }
}

const endsInOdd = ({ token }: { readonly token: string }): boolean => /[13579bdf]$/.test(token)

/** Each token of each message once, with its message. */
function checkComplete(seen: readonly StreamOutcome[], sent: readonly Message[]): void {
  const expected = sent.flatMap((message) => message.tokens.map((token) => `${message.idPrefix} ${token}`))
  const got = seen.map(({ message, token }) => `${message.idPrefix} ${token}`)
  assert.deepEqual(got.toSorted(), expected.toSorted())
}

async function* asynchronously<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await new Promise(setImmediate)
    yield item
  }
}

const all = messages(20, 3)
/** The same messages, by every kind of source. */
const SOURCES: Readonly<Record<string, () => Iterable<Message> | AsyncIterable<Message>>> = {
  'an array': () => all,
  'a generator': () => all.values(),
  'an async generator': () => asynchronously(all),
  'an object with no return()': () => {
    const iterator = all.values()
    return { [Symbol.iterator]: () => ({ next: () => iterator.next() }) }
  },
}

for (const [kind, source] of Object.entries(SOURCES)) {
  for (const window of [1, 4, 1000]) {
    test(`${kind} of messages: each token's outcome comes once, window ${window}`, async () => {
      const { apns } = streaming((notification) => (endsInOdd(notification) ? REFUSAL : 'accept'))
      const { seen, error } = await read(apns.stream(source(), { window }))
      assert.equal(error, undefined)
      checkComplete(seen, all)
      for (const outcome of seen) {
        assert.equal(outcome.status, endsInOdd(outcome) ? 'refused' : 'accepted')
        assert.equal(outcome.error?.apnsId, endsInOdd(outcome) ? outcome.apnsId : undefined)
      }
      await apns.close()
    })
  }
}

test('an empty source and messages to nobody end at once', async () => {
  const { apns } = streaming()
  assert.deepEqual(await collect(apns.stream([])), [])
  assert.deepEqual(await collect(apns.stream([new Message([], PAYLOAD), new Message([], PAYLOAD)])), [])
  await apns.close()
})

test('outcomes come in the order in which they are known, whichever message they belong to', async () => {
  const { apns, backend } = streaming()
  const stream = apns.stream(messages(3))
  const first = stream.next()
  await until(() => backend.queue.unclaimedCount === 3)
  const taken = backend.take()
  const order = [2, 0, 1]
  for (const index of order) backend.settle(taken[index] ?? assert.fail(), 'accept')
  const seen = [(await first).value, (await stream.next()).value, (await stream.next()).value]
  assert.deepEqual(
    seen.map((outcome) => outcome?.token),
    order.map((index) => taken[index]?.token),
  )
  assert.equal((await stream.next()).done, true)
  await apns.close()
})

test('one message that waits does not hold up the others', async () => {
  const [slow, ...rest] = messages(200)
  const { apns, backend } = streaming((notification) => (notification.message === slow ? 'hold' : 'accept'))
  assert.ok(slow)
  const stream = apns.stream([slow, ...rest], { window: 2 })
  const seen: StreamOutcome[] = []
  for (let count = 0; count < 199; count++) {
    const { value } = await within(stream.next(), () => `${count} outcomes`)
    assert.ok(value)
    seen.push(value)
  }
  checkComplete(seen, rest)
  for (const each of backend.queue.unsettled()) backend.settle(each, 'accept')
  assert.equal((await stream.next()).value?.message, slow)
  assert.equal((await stream.next()).done, true)
  await apns.close()
})

test('a source that fails: what it gave is still reported, then its error is thrown', async () => {
  const given = messages(5, 2)
  const failure = new Error('the database went away')
  function* plain(): Generator<Message> {
    yield* given
    throw failure
  }
  async function* slow(): AsyncGenerator<Message> {
    yield* asynchronously(given)
    throw failure
  }
  const throwing = { [Symbol.iterator]: () => ({ next: () => assert.fail(failure) }) }
  for (const source of [plain(), slow()]) {
    const { apns } = streaming(() => 'accept')
    const { seen, error } = await read(apns.stream(source, { window: 3 }))
    assert.equal(error, failure)
    checkComplete(seen, given)
    await apns.close()
  }
  const { apns } = streaming()
  assert.equal((await read(apns.stream(throwing))).error, failure)
  await apns.close()
})

test('a message that can not be sent: no more is taken, what was taken is reported, then the error is thrown', async () => {
  class Picky extends ScriptedBackend {
    override checkMessage(message: Message): void {
      if (message.priority === 7) throw new MessageError('BAD_PRIORITY', 'priority is 7')
    }
  }
  const { apns, backend } = managerWith(Picky)
  backend.script = () => 'accept'
  const given = messages(4, 2)
  let closed = 0
  let after = 0
  async function* source(): AsyncGenerator<Message> {
    try {
      yield* given
      yield new Message(tokens(1), PAYLOAD, { priority: 7 })
      after++
      yield* given
    } finally {
      closed++
    }
  }
  const { seen, error } = await read(apns.stream(source()))
  assert.ok(error instanceof MessageError)
  assert.equal(error.code, 'BAD_PRIORITY')
  checkComplete(seen, given)
  assert.deepEqual([closed, after], [1, 0])
  await apns.close()
})

test('a reader that stops early: the source is closed, and what was taken goes on being sent', async () => {
  const { apns, backend } = streaming(() => 'accept')
  let taken = 0
  let closed = 0
  async function* source(): AsyncGenerator<Message> {
    try {
      for (const message of messages(100)) {
        taken++
        yield message
      }
    } finally {
      await new Promise(setImmediate)
      closed++
    }
  }
  for await (const _outcome of apns.stream(source(), { window: 4 })) break
  await until(() => closed === 1)
  await apns.flushMessages()
  assert.ok(taken <= 10)
  assert.ok(apns.stats().accepted >= taken - 1, 'all but one that was read ahead')
  assert.equal(backend.queue.isEmpty(), true)
  await apns.close()
})

test('a reader that stops early waits for the source to clean up, and hears what fails in it', async () => {
  const { apns } = streaming(() => 'accept')
  const failure = new Error('could not close the file')
  const stuck = {
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: messages(1)[0] ?? assert.fail() }),
      return: () => assert.fail(failure),
    }),
  }
  const stream = apns.stream(stuck, { window: 1 })
  await stream.next()
  await assert.rejects(stream.return(), failure)
  await apns.close()
})

test('a reader that stops early does not wait for a source that is waiting itself', async () => {
  const { apns } = streaming(() => 'accept')
  async function* idle(): AsyncGenerator<Message> {
    yield* messages(1)
    await new Promise(() => {})
  }
  const reading = (async () => {
    for await (const _outcome of apns.stream(idle())) break
  })()
  await within(reading, () => 'the reader')
  await apns.close()
})

test('however slow the reader: never more than the window and one message are outstanding', async () => {
  for (const [window, size] of [
    [1, 1],
    [5, 1],
    [5, 4],
    [3, 10],
  ] as const) {
    const { apns } = streaming(() => 'accept')
    let read = 0
    let taken = 0
    let most = 0
    function* source(): Generator<Message> {
      for (const message of messages(30, size)) {
        yield message
        // Asked for the next one, so this one was sent.
        taken += size
        most = Math.max(most, taken - read)
      }
    }
    for await (const _outcome of apns.stream(source(), { window })) {
      read++
      if (read % 7 === 0) await new Promise(setImmediate)
    }
    assert.equal(read, 30 * size)
    // One more, because the outcome in the reader's hands is not counted as read here yet.
    assert.ok(most <= window - 1 + size + 1, `${most} outstanding, window ${window}, messages of ${size}`)
    await apns.close()
  }
})

test('a window that is none is an error at once', () => {
  const { apns } = streaming()
  for (const window of [0, -1, 0.5, Number.NaN, '5' as unknown as number, null as unknown as number]) {
    assert.throws(() => apns.stream([], { window }), { name: 'RangeError', message: /window is .*1 or more/ })
  }
  assert.throws(() => apns.stream(null as unknown as Message[]), { name: 'TypeError' })
  assert.throws(() => apns.stream('abc' as unknown as Message[]), { name: 'TypeError' })
})

test('closing the manager ends a stream: what was taken is reported, then the reader is told', async () => {
  const { apns, backend } = streaming()
  let closed = 0
  function* endless(): Generator<Message> {
    try {
      for (;;) yield* messages(1)
    } finally {
      closed++
    }
  }
  const reading = read(apns.stream(endless(), { window: 4 }))
  await until(() => backend.queue.unclaimedCount === 4)
  const [first] = backend.take()
  backend.settle(first ?? assert.fail(), 'accept')
  const { unsent } = await within(apns.close({ timeout: 0 }), () => 'close')
  const { seen, error } = await within(reading, () => 'the stream')
  assert.ok(error instanceof ManagerClosedError)
  assert.equal(closed, 1)
  assert.deepEqual(
    seen.map(({ status }) => status),
    ['accepted', ...unsent.map(({ code }) => code)],
  )
})

test('closing the manager ends a stream whose source is waiting, for ever maybe', async () => {
  const { apns } = streaming(() => 'accept')
  async function* idle(): AsyncGenerator<Message> {
    yield* messages(2)
    await new Promise(() => {})
  }
  const reading = read(apns.stream(idle()))
  await until(() => apns.stats().accepted === 2)
  await apns.close()
  const { seen, error } = await within(reading, () => 'the stream')
  assert.equal(seen.length, 2)
  assert.ok(error instanceof ManagerClosedError)
})

test('a source that had ended when the manager was closed is no error', async () => {
  const { apns, backend } = streaming()
  const reading = read(apns.stream(messages(2)))
  await until(() => backend.queue.unclaimedCount === 2)
  await new Promise(setImmediate)
  await apns.close({ timeout: 0 })
  const { seen, error } = await reading
  assert.equal(error, undefined)
  assert.deepEqual(
    seen.map(({ status }) => status),
    ['cancelled', 'cancelled'],
  )
})

test('a stream that is begun after its manager was closed says so', async () => {
  const { apns } = streaming()
  const stream = apns.stream(messages(1))
  await apns.close()
  await assert.rejects(stream.next(), ManagerClosedError)
})

test('two streams of one manager do not mix', async () => {
  const { apns } = streaming(() => 'accept')
  const [one, other] = [messages(30), messages(20, 2)]
  const [first, second] = await Promise.all([
    read(apns.stream(one, { window: 3 })),
    read(apns.stream(other, { window: 5 })),
  ])
  checkComplete(first.seen, one)
  checkComplete(second.seen, other)
  await apns.close()
})
