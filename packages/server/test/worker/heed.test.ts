import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LeaseState, type Outbox, OutboxWorker, openEmbeddedOutbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'
import { until } from '../../../apns-worker/dist-test/support/within.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, content } from './rig.js'

test('a worker that is told of a pause asks for its leases at once, and once more for all that it is told meanwhile', () =>
  withFolder(async (path) => {
    await using simulator = await startSimulator()
    // The first request is not answered, so that nothing is recorded by which it would learn of a pause.
    simulator.reply({ silent: true, times: 1 })
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const asked: ((answer: Promise<LeaseState[]>) => void)[] = []
    const watched: Outbox = new Proxy(outbox, {
      get: (target, name) => {
        if (name === 'renew') return () => new Promise<LeaseState[]>((resolve) => asked.push(resolve))
        const own: unknown = Reflect.get(target, name)
        return (typeof own === 'function' ? own.bind(target) : own) as unknown
      },
    })
    const { credentials, environment } = simulator
    const topic = 'com.example.app'
    const manager = new ApnsManager({ ...credentials, environment, topic, maxConnections: 1 })
    const worker = await OutboxWorker.start({
      outbox: watched,
      owner: 'worker',
      managers: new Map([[APP, manager]]),
      leaseMs: 3_600_000,
    })
    try {
      const { messageId } = await outbox.append({ app: APP, content }, tokensOf(500))
      worker.wake()
      await simulator.waitFor(1)
      await outbox.pause({ messageId })
      assert.equal(asked.length, 0)
      worker.heed()
      worker.heed()
      worker.heed()
      assert.equal(asked.length, 1)
      asked[0]?.(Promise.resolve(['stop']))
      await until(() => asked.length === 2)
      asked[1]?.(Promise.reject(new Error('away')))
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(asked.length, 2)
      // That it failed is no reason not to be told again.
      worker.heed()
      assert.equal(asked.length, 3)
      asked[2]?.(Promise.resolve(['stop']))
    } finally {
      await worker.stop(0)
      await manager.close({ timeout: 0 })
      // What had not been sent was taken back, and waits.
      assert.equal(simulator.received.length, 1)
      assert.equal((await outbox.stats()).pending, 500)
      await outbox.close()
    }
  }))
