import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apnsIdAt, channelToken, encodeContent, OutboxWorker, openEmbeddedOutbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager, BroadcastBackend } from 'apns-worker'
import { withFolder } from '../outbox/support/embedded-place.js'

const LANE = 'news#broadcast'
const payload = { aps: { event: 'update', timestamp: 1_800_000_000, 'content-state': { score: 1 } } }

test('a broadcast goes from the outbox to its channel, with the id that the outbox gives', () =>
  withFolder(async (path) => {
    await using apns = await startSimulator()
    await using manager = new ApnsManager({
      ...apns.credentials,
      environment: apns.environment,
      topic: 'com.example.app',
      backend: BroadcastBackend,
    })
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const worker = await OutboxWorker.start({ outbox, owner: 'w', managers: new Map([[LANE, manager]]) })
    try {
      const { id } = apns.addChannel({ storagePolicy: 'latest' })
      const expiration = Math.floor(Date.now() / 1000) + 3600
      const content = encodeContent({ payload, channel: id, expiration, priority: 5 })
      const wrong = encodeContent({ payload, channel: id, expiration, priority: 7 })
      const { messageId } = await outbox.append({ app: LANE, content }, [channelToken(id)])
      const refused = await outbox.append({ app: LANE, content: wrong }, [channelToken(id)])
      worker.wake()
      for (const message of [messageId, refused.messageId]) {
        while ((await outbox.message(message)).state !== 'done') await new Promise(setImmediate)
      }
      assert.equal((await outbox.message(messageId)).counts.accepted, 1)
      assert.deepEqual((await outbox.message(refused.messageId)).reasons, { BAD_PRIORITY: 1 })
      const [broadcast] = apns.broadcasts
      assert.equal(apns.broadcasts.length, 1)
      assert.deepEqual(
        [broadcast?.channelId, broadcast?.id, broadcast?.expiration, broadcast?.priority, broadcast?.payload],
        [id, apnsIdAt(messageId, 0), expiration, 5, payload],
      )
    } finally {
      await worker.stop(0)
      await outbox.close()
    }
  }))
