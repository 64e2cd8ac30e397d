import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Apps, OutboxWorker } from '@apns-worker/server'
import { type ProviderCredentials, type Simulator, startSimulator } from '@apns-worker/simulator'
import { TestApi, type TestApiOptions } from './support/test-api.js'

const PAYLOAD = { aps: { event: 'update', timestamp: 1_800_000_000, 'content-state': { score: 1 } } }
const CHANNELS = '/v1/apps/news/channels'

/** An API for one app, at a simulator. */
async function atSimulator(
  work: (api: TestApi, apns: Simulator, apps: Apps) => Promise<void>,
  options: TestApiOptions & { readonly credentials?: ProviderCredentials } = {},
): Promise<void> {
  await using apns = await startSimulator()
  const { environment } = apns
  const topic = 'com.example.app'
  const credentials = { ...apns.credentials, ...options.credentials }
  const apps = new Apps([{ name: 'news', options: { ...credentials, environment, topic, retryDelay: 0.01 } }])
  try {
    await TestApi.with({ ...options, apps }, (api) => work(api, apns, apps))
  } finally {
    await apps.close(0)
  }
}

test('a channel is made, read, listed and deleted', () =>
  atSimulator(async (api, apns) => {
    const made = await api.post(CHANNELS, { storagePolicy: 'latest' })
    assert.equal(made.status, 201)
    const [channel] = apns.channels
    assert.deepEqual(made.json, { id: channel?.id, storagePolicy: 'latest' })
    const id = String(made.json.id)
    const url = `${CHANNELS}/${encodeURIComponent(id)}`
    assert.deepEqual((await api.get(url)).json, made.json)
    assert.deepEqual((await api.get(CHANNELS)).json, { items: [{ id }] })
    assert.equal((await api.call({ method: 'DELETE', url })).status, 204)
    assert.deepEqual(apns.channels, [])
    const gone = await api.get(url)
    assert.deepEqual([gone.status, gone.json.code], [404, 'CHANNEL_NOT_FOUND'])
  }))

test('what Apple refuses of a channel says why; and that it cannot be reached', () =>
  atSimulator(async (api, apns) => {
    apns.replyToChannelRequests({ status: 403, reason: 'TopicMismatch', times: 1 })
    const refused = await api.post(CHANNELS, { storagePolicy: 'none' })
    assert.deepEqual(
      [refused.status, refused.json.code, refused.json.reason],
      [422, 'CHANNEL_REFUSED', 'TopicMismatch'],
    )
    const wrong = await api.post(CHANNELS, { storagePolicy: 'some' })
    assert.deepEqual([wrong.status, wrong.json.errors[0].pointer], [422, '/storagePolicy'])
    const id = await api.get(`${CHANNELS}/${encodeURIComponent('no base64!')}`)
    assert.deepEqual([id.status, id.json.code], [422, 'BAD_CHANNEL'])
    assert.equal((await api.get('/v1/apps/weather/channels')).status, 404)
    assert.equal((await api.get(`${CHANNELS}?environment=production`)).status, 422)
  }))

test('a broadcast is on disk, goes to its channel, and is told of as any message', () =>
  atSimulator(async (api, apns, apps) => {
    const channel = apns.addChannel({ bundleId: 'com.example.app', storagePolicy: 'latest' })
    const { id, storagePolicy } = channel
    const request = { app: 'news', channel: { id, storagePolicy }, payload: PAYLOAD, priority: 5 }
    const accepted = await api.post('/v1/broadcasts', request, { 'idempotency-key': 'one' })
    assert.deepEqual([accepted.status, accepted.json.total], [202, 1])
    assert.equal(api.wakes, 1)
    const again = await api.post('/v1/broadcasts', request, { 'idempotency-key': 'one' })
    const worker = await OutboxWorker.start({ outbox: api.outbox, owner: 'w', managers: apps.managers })
    try {
      await apns.waitFor(1)
    } finally {
      await worker.stop()
    }
    assert.equal(apns.broadcasts.length, 1)
    assert.deepEqual([apns.broadcasts[0]?.channelId, apns.broadcasts[0]?.priority], [id, 5])
    const report = (await api.get(`/v1/messages/${accepted.json.id}`)).json
    assert.deepEqual(
      [report.app, report.isBroadcast, report.state, report.counts.accepted],
      ['news', true, 'done', 1],
    )
    assert.deepEqual([again.status, again.json], [202, accepted.json])
  }))

test('a broadcast that can never be sent is not stored', () =>
  atSimulator(async (api, apns) => {
    const { id } = apns.addChannel({ bundleId: 'com.example.app' })
    const request = { app: 'news', channel: { id, storagePolicy: 'none' }, payload: PAYLOAD }
    const cases: [object, string][] = [
      [{ expiration: 2_000_000_000 }, 'BAD_EXPIRATION'],
      [{ channel: { id } }, 'BAD_EXPIRATION'],
      [{ channel: { id: 'no base64!', storagePolicy: 'none' } }, 'BAD_CHANNEL'],
      [{ payload: { aps: { ...PAYLOAD.aps, event: 'start' } } }, 'BAD_PAYLOAD'],
      [{ app: 'weather' }, 'UNKNOWN_APP'],
      [{ tokens: ['ab'] }, 'INVALID_REQUEST'],
    ]
    for (const [change, code] of cases) {
      const { status, json } = await api.post('/v1/broadcasts', { ...request, ...change })
      assert.deepEqual([status, json.code], [422, code], JSON.stringify(json))
    }
    assert.deepEqual((await api.get('/v1/messages')).json.items, [])
  }))
