import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outbox, OutboxWorker, openEmbeddedOutbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { APP, content } from './rig.js'

const TOKENS = Array.from({ length: 500 }, (_, index) => index.toString(16).padStart(64, '0'))

test('what may not be claimed stays for others; what was claimed before is given back', () =>
  withFolder(async (path) => {
    await using simulator = await startSimulator({ streamLimit: 1, latency: 0.002 })
    const { credentials, environment } = simulator
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const manager = new ApnsManager({
      ...credentials,
      environment,
      topic: 'com.example.app',
      maxConnections: 1,
    })
    const managers = new Map([[APP, manager]])
    let mayClaim = false
    let asked = 0
    const worker = await OutboxWorker.start({
      outbox,
      owner: 'worker',
      managers,
      pollMs: 5,
      mayClaim: (app) => {
        assert.equal(app, APP)
        asked++
        return mayClaim
      },
    })
    try {
      const { messageId } = await outbox.append({ app: APP, content }, TOKENS)
      await until(() => asked > 5)
      assert.deepEqual(await statusOf(outbox, messageId), ['queued', TOKENS.length, 0])
      assert.deepEqual(worker.window, { tokens: 20_000, inHand: 0 })
      mayClaim = true
      await until(() => simulator.counts().received > 10)
      assert.equal(worker.window.inHand, TOKENS.length)
      mayClaim = false
      worker.giveBackOf('another app')
      assert.equal(worker.window.inHand, TOKENS.length)
      worker.giveBackOf(APP)
      await until(() => worker.window.inHand === 0)
      const [state, pending, leased] = await statusOf(outbox, messageId)
      assert.deepEqual([state, leased], ['sending', 0])
      assert.ok(pending > 0 && pending < TOKENS.length, String(pending))
      mayClaim = true
      await within(finished(outbox, messageId), () => JSON.stringify(manager.stats()))
      assert.equal(simulator.counts().received, TOKENS.length)
    } finally {
      await worker.stop(0)
      await manager.close({ timeout: 0 })
      await outbox.close()
    }
  }))

async function statusOf(outbox: Outbox, messageId: string): Promise<[string, number, number]> {
  const { state, pending } = await outbox.message(messageId)
  return [state, pending, (await outbox.stats()).leasedBatches]
}

async function finished(outbox: Outbox, messageId: string): Promise<void> {
  while ((await outbox.message(messageId)).finishedAtMs === undefined)
    await new Promise((resolve) => setImmediate(resolve))
}
