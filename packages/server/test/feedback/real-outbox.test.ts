import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  encodeContent,
  type Outbox,
  OutboxWorker,
  openEmbeddedOutbox,
  wakingOutbox,
} from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { StoppedClock } from '../../../apns-worker/dist-test/support/stopped-clock.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { bury, tokensFrom } from './bury.js'
import { FeedbackSite, POLL_MS } from './feedback-site.js'

failOnLeaks()

describe('dead tokens of a real outbox', () => {
  let path: string
  let outbox: Outbox
  let site: FeedbackSite
  let done: () => void
  let folder: Promise<void>
  beforeEach(async () => {
    await new Promise<void>((resolve) => {
      folder = withFolder(async (made) => {
        path = made
        resolve()
        await new Promise<void>((end) => (done = end))
      })
    })
    outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    site = await FeedbackSite.start({ deadTokens: outbox })
  })
  afterEach(async () => {
    await site[Symbol.asyncDispose]()
    await outbox.close()
    done()
    await folder
  })

  it('are paged, by app and environment', async () => {
    const messageId = await bury(outbox, 'news', tokensFrom(1, 25))
    await bury(outbox, 'sport@production', tokensFrom(26, 2))
    const first = await site.json('?limit=20')
    assert.equal(first.body.items.length, 20)
    assert.equal(first.body.items[0]?.messageId, messageId)
    const second = await site.json(`?after=${first.body.next}`)
    assert.deepEqual(
      second.body.items.slice(4).map(({ app, environment }) => `${app} ${environment}`),
      ['news sandbox', 'sport production', 'sport production'],
    )
    assert.deepEqual(
      second.body.items.map(({ token }) => token),
      tokensFrom(21, 7),
    )
    assert.deepEqual((await site.json(`?after=${second.body.next}`)).body.items, [])
    const sport = await site.json(`?app=sport&after=${first.body.items[3]?.cursor}`)
    assert.deepEqual(
      sport.body.items.map(({ token }) => token),
      tokensFrom(26, 2),
    )
  })

  it('wake who waits as soon as this process’s worker has recorded them', async () => {
    await using simulator = await startSimulator()
    const [token = '', other = ''] = tokensFrom(1, 2)
    simulator.reply({ token, unregistered: Date.UTC(2026, 0, 1) })
    const { credentials, environment } = simulator
    const manager = new ApnsManager({ ...credentials, environment, topic: 'com.example.news' })
    const worker = await OutboxWorker.start({
      outbox: wakingOutbox(outbox, site.follower),
      owner: 'worker',
      managers: new Map([['news', manager]]),
    })
    const answer = site.json('?wait=50')
    await site.waiting(1)
    await outbox.append({ app: 'news', content: encodeContent({ payload: { aps: { alert: 'hello' } } }) }, [
      token,
      other,
    ])
    worker.wake()
    const { items } = (await answer).body
    assert.deepEqual(
      items.map(({ token: dead, when, reason }) => [dead, when, reason]),
      [[token, '2026-01-01T00:00:00.000Z', 'Unregistered']],
    )
    await worker.stop()
    await manager.close()
  })

  it('are found that another process has recorded', async () => {
    using clock = new StoppedClock()
    const other = await openEmbeddedOutbox({ path, durability: 'crash' })
    const answer = site.json('?wait=50')
    await site.waiting(1)
    await bury(other, 'news', tokensFrom(1, 1))
    clock.advance(POLL_MS)
    assert.equal((await answer).body.items.length, 1)
    await other.close()
  })

  it('wake nobody where nothing has died', async () => {
    let woken = 0
    const waking = wakingOutbox(outbox, { woken: () => woken++ })
    const { messageId } = await waking.append({ app: 'news', content: '{}' }, tokensFrom(1, 3))
    const { batches } = await waking.claim({ owner: 'worker', leaseMs: 60_000, maxTokens: 10 })
    const [batch] = batches
    assert.ok(batch)
    await waking.record([{ ...batch, accepted: [0] }])
    await waking.record([{ ...batch, others: [{ index: 2, status: 'refused', reason: 'BadDeviceToken' }] }])
    assert.equal(woken, 0)
    await waking.record([
      { ...batch, others: [{ index: 1, status: 'refused', reason: 'ExpiredToken', isDead: true }] },
    ])
    assert.equal(woken, 1)
    assert.equal((await waking.message(messageId)).state, 'done')
  })
})
