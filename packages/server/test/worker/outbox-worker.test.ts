import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  apnsIdAt,
  encodeContent,
  type Outbox,
  type OutboxError,
  OutboxWorker,
  openEmbeddedOutbox,
} from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'
import { connect } from '#src/outbox/embedded/database.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, content, Rig } from './rig.js'

function on(work: (rig: Rig, simulator: Simulator, path: string) => Promise<void>): () => Promise<void> {
  return () =>
    withFolder(async (path) => {
      await using simulator = await startSimulator()
      await using rig = await Rig.start(path, simulator)
      await work(rig, simulator, path)
    })
}

test(
  'what is in the outbox is sent, with the ids that the outbox gives, and written down',
  on(async (rig, simulator) => {
    const tokens = tokensOf(2500)
    const sinceMs = 1_700_000_000_000
    simulator.reply({ token: tokens[7] ?? '', unregistered: sinceMs })
    const { messageId } = await rig.outbox.append({ app: APP, content, keep: 'all' }, tokens)
    rig.worker.wake()
    await rig.finished(messageId)
    const { counts, reasons } = await rig.outbox.message(messageId)
    assert.deepEqual([counts.accepted, counts.refused, reasons], [2499, 1, { Unregistered: 1 }])
    const received = new Map(simulator.received.map(({ token, id }) => [token, id]))
    assert.equal(simulator.received.length, 2500)
    for (const [index, token] of tokens.entries()) {
      assert.equal(received.get(token), apnsIdAt(messageId, index))
    }
    const { outcomes } = await rig.outbox.outcomes({ messageId, limit: 10_000 })
    assert.equal(outcomes.length, 2500)
    for (const { token, apnsId } of outcomes) assert.equal(received.get(token), apnsId)
    const refused = outcomes.find(({ status }) => status === 'refused')
    assert.deepEqual([refused?.token, refused?.timestampMs], [tokens[7], sinceMs])
    assert.deepEqual(rig.errors, [])
  }),
)

test(
  'it finds what is appended while it runs, by other processes too, and headers are as they were given',
  on(async (rig, simulator) => {
    const options = { priority: 5, collapseId: 'c', expiration: 2_000_000_000, pushType: 'alert' } as const
    const rich = encodeContent({ payload: { aps: { alert: 'hello' } }, ...options })
    for (let round = 0; round < 3; round++) {
      const { messageId } = await rig.outbox.append({ app: APP, content: rich }, tokensOf(1, round))
      await rig.finished(messageId)
    }
    const heads = simulator.received.map(({ priority, collapseId, expiration, pushType }) => ({
      priority,
      collapseId,
      expiration,
      pushType,
    }))
    assert.deepEqual(heads, [options, options, options])
  }),
)

test(
  'a message that cannot be sent is refused, with the reason, and holds up nothing',
  on(async (rig) => {
    const large = encodeContent({ payload: { aps: { alert: 'x'.repeat(5000) } } })
    const reasons: unknown[] = []
    for (const bad of [large, 'no JSON', '{}', 'null']) {
      const { messageId } = await rig.outbox.append({ app: APP, content: bad }, tokensOf(3))
      await rig.finished(messageId)
      reasons.push((await rig.outbox.message(messageId)).reasons)
    }
    const badContent = { BAD_CONTENT: 3 }
    assert.deepEqual(reasons, [{ PAYLOAD_TOO_LARGE: 3 }, badContent, badContent, badContent])
    assert.equal(rig.errors.length, 4)
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(1))
    await rig.finished(messageId)
  }),
)

test(
  'an app that nobody sends for is left alone',
  on(async (rig) => {
    const other = await rig.outbox.append({ app: 'other', content }, tokensOf(1))
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(1))
    await rig.finished(messageId)
    assert.equal((await rig.outbox.message(other.messageId)).state, 'queued')
  }),
)

test(
  'stopped, it gives back what is not answered, and the next one sends it, with the ids that it had',
  on(async (rig, simulator, path) => {
    const silence = simulator.reply({ silent: true })
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(1500))
    rig.worker.wake()
    await simulator.waitFor(1)
    // On a cold connection a single request is under way: the second batch was never begun.
    assert.deepEqual(await rig.worker.stop(0), { batches: 2, inDoubt: 1 })
    assert.equal((await rig.outbox.stats()).leasedBatches, 0)
    assert.deepEqual(await rig.worker.stop(0), { batches: 2, inDoubt: 1 })
    const first = simulator.received.map(({ id }) => id)
    silence()
    await using next = await Rig.start(path, simulator)
    await next.finished(messageId)
    assert.equal((await next.outbox.message(messageId)).counts.accepted, 1500)
    const ids = simulator.received.map(({ id }) => id)
    assert.equal(new Set(ids).size, 1500)
    for (const id of first) assert.equal(ids.filter((each) => each === id).length, 2)
  }),
)

test(
  'stopped in time, it waits for what is in flight, and nothing is sent twice',
  on(async (rig, simulator, path) => {
    simulator.setStreamLimit(50)
    simulator.reply({ delay: 0.02 })
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(5000))
    rig.worker.wake()
    await simulator.waitFor(100)
    const { batches, inDoubt } = await rig.worker.stop()
    assert.ok(batches > 0)
    assert.equal(inDoubt, 0)
    const { pending, counts } = await rig.outbox.message(messageId)
    assert.equal(counts.accepted, simulator.received.length)
    assert.equal(pending, 5000 - counts.accepted)
    await using next = await Rig.start(path, simulator)
    await next.outbox.cancel({ messageId })
    await next.finished(messageId)
    assert.equal(new Set(simulator.received.map(({ id }) => id)).size, simulator.received.length)
  }),
)

test(
  'a pause takes back what is on its way',
  on(async (rig, simulator) => {
    simulator.setStreamLimit(10)
    simulator.reply({ delay: 0.05 })
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(3000))
    rig.worker.wake()
    await simulator.waitFor(20)
    await rig.outbox.pause({ messageId })
    while ((await rig.outbox.stats()).leasedBatches > 0) await new Promise((resolve) => setImmediate(resolve))
    const { state, pending } = await rig.outbox.message(messageId)
    assert.equal(state, 'paused')
    assert.ok(pending > 0)
    simulator.setStreamLimit(1000)
    await rig.outbox.resume({ messageId })
    await rig.finished(messageId)
    assert.equal((await rig.outbox.message(messageId)).counts.accepted, 3000)
    assert.equal(simulator.received.length, 3000)
  }),
)

test(
  'what was not sent when its time is over is expired; what is in flight is waited for',
  on(async (rig, simulator) => {
    const silence = simulator.reply({ silent: true })
    const giveUpAfterMs = Date.now() + 300
    const { messageId } = await rig.outbox.append({ app: APP, content, giveUpAfterMs }, tokensOf(1000))
    rig.worker.wake()
    await simulator.waitFor(1)
    while ((await rig.outbox.message(messageId)).counts.expired === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    silence()
    const { counts, pending, reasons } = await rig.outbox.message(messageId)
    assert.deepEqual([counts.expired, pending, reasons], [999, 1, { Expired: 999 }])
    assert.equal(simulator.received.length, 1)
  }),
)

test(
  'while the store cannot be written to, what is known is kept, and nothing is sent twice',
  on(async (rig, simulator, path) => {
    simulator.reply({ delay: 0.1 })
    const { messageId } = await rig.outbox.append({ app: APP, content }, tokensOf(20))
    rig.worker.wake()
    await simulator.waitFor(1)
    const other = connect(path)
    other.exec('BEGIN IMMEDIATE')
    const isTold = (): boolean => rig.errors.some((error) => (error as OutboxError).code === 'STORE_BUSY')
    while (!isTold() || simulator.received.length < 20) await new Promise((resolve) => setImmediate(resolve))
    other.exec('ROLLBACK')
    other.close()
    await rig.finished(messageId)
    assert.equal((await rig.outbox.message(messageId)).counts.accepted, 20)
    assert.equal(simulator.received.length, 20)
  }),
)

test('an app that gets no answers holds up no other, however many of them there are', () =>
  withFolder(async (path) => {
    await using simulator = await startSimulator()
    const silent = ['one', 'two', 'three']
    const topics = new Map([...silent, 'well'].map((app) => [app, `com.example.${app}`]))
    for (const app of silent) simulator.reply({ topic: topics.get(app) ?? '', silent: true })
    const { credentials, environment } = simulator
    const managers = new Map(
      Array.from(topics, ([app, topic]) => [app, new ApnsManager({ ...credentials, environment, topic })]),
    )
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const worker = await OutboxWorker.start({ outbox, owner: 'w', managers, windowTokens: 8000, pollMs: 10 })
    try {
      for (const app of silent) await outbox.append({ app, content }, tokensOf(20_000))
      worker.wake()
      // Each has its first request under way: the silent ones have what they will ever have.
      await simulator.waitFor(silent.length)
      const { messageId } = await outbox.append({ app: 'well', content }, tokensOf(3000))
      while ((await outbox.message(messageId)).state !== 'done')
        await new Promise((resolve) => setTimeout(resolve, 5))
      assert.equal((await outbox.message(messageId)).counts.accepted, 3000)
    } finally {
      await worker.stop(0)
      for (const manager of managers.values()) await manager.close({ timeout: 0 })
      await outbox.close()
    }
  }))

test('what is given back while its progress is written down is given back once', () =>
  withFolder(async (path) => {
    await using simulator = await startSimulator()
    simulator.reply({ silent: true })
    const { credentials, environment } = simulator
    const manager = new ApnsManager({
      ...credentials,
      environment,
      topic: 'com.example.app',
      maxConnections: 1,
    })
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const released: number[] = []
    const records: Promise<unknown>[] = []
    const written = async (progress: Parameters<Outbox['record']>[0]): ReturnType<Outbox['record']> => {
      const states = await outbox.record(progress)
      while (released.length < 2) await new Promise((resolve) => setImmediate(resolve))
      return states
    }
    const slow = Object.assign(Object.create(outbox) as Outbox, {
      claim: outbox.claim.bind(outbox),
      takeOver: outbox.takeOver.bind(outbox),
      // Longer than the stop waits: what it says of a batch comes when somebody else may have that already.
      record: (progress: Parameters<Outbox['record']>[0]) => {
        const record = written(progress)
        records.push(record)
        return record
      },
      release: async (releases: Parameters<Outbox['release']>[0]) => {
        released.push(...releases.map(({ batchId }) => batchId))
        await outbox.release(releases)
      },
    })
    const worker = await OutboxWorker.start({ outbox: slow, owner: 'w', managers: new Map([[APP, manager]]) })
    try {
      await outbox.append({ app: APP, content }, tokensOf(1500))
      worker.wake()
      await simulator.waitFor(1)
      const report = await worker.stop(100)
      await manager.close({ timeout: 0 })
      await Promise.all(records)
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(
        [report, await worker.stop()],
        [
          { batches: 2, inDoubt: 1 },
          { batches: 2, inDoubt: 1 },
        ],
      )
      assert.equal(released.length, new Set(released).size)
    } finally {
      await manager.close({ timeout: 0 })
      await outbox.close()
    }
  }))

test('writes of progress begin so long apart as they are to: what is answered meanwhile is written together', () =>
  withFolder(async (path) => {
    await using simulator = await startSimulator()
    simulator.setStreamLimit(1)
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const beganMs: number[] = []
    const record: Outbox['record'] = (progress) => {
      beganMs.push(performance.now())
      return outbox.record(progress)
    }
    const counting = new Proxy(outbox, {
      get(target, name) {
        if (name === 'record') return record
        const own: unknown = Reflect.get(target, name)
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
    await using rig = await Rig.on(counting, simulator, { recordIntervalMs: 50 })
    const { messageId } = await outbox.append({ app: APP, content }, tokensOf(300))
    rig.worker.wake()
    for (;;) {
      if ((await outbox.message(messageId)).finishedAtMs !== undefined) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    // Timers may come a millisecond early, and never a whole interval.
    const gaps = beganMs.slice(1).map((ms, index) => ms - (beganMs[index] ?? 0))
    assert.ok(gaps.length > 0)
    assert.ok(Math.min(...gaps) > 45, gaps.join())
    assert.equal((await outbox.message(messageId)).counts.accepted, 300)
  }))
