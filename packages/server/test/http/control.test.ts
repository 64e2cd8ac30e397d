import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { TestApi } from './support/test-api.js'

const stateOf = async (api: TestApi, id: string): Promise<string> =>
  (await api.get(`/v1/messages/${id}`)).json.state

test('a message is paused, resumed, cancelled and removed', () =>
  TestApi.with({}, async (api) => {
    const id = await api.send()
    const paused = await api.post(`/v1/messages/${id}/pause`)
    assert.deepEqual([paused.status, paused.json.state], [200, 'paused'])
    const wakes = api.wakes
    assert.equal((await api.post(`/v1/messages/${id}/resume`)).json.state, 'queued')
    assert.equal(api.wakes, wakes + 1)
    const cancelled = await api.post(`/v1/messages/${id}/cancel`)
    assert.deepEqual([cancelled.json.state, cancelled.json.counts.cancelled], ['cancelled', 1])
    assert.equal((await api.call({ method: 'DELETE', url: `/v1/messages/${id}` })).status, 204)
    assert.equal((await api.get(`/v1/messages/${id}`)).status, 404)
    const open = await api.send({ tokens: undefined })
    await api.post(`/v1/messages/${open}/cancel`)
    const late = await api.post(`/v1/messages/${open}/send`)
    assert.deepEqual([late.status, late.json.code], [409, 'NOT_OPEN'])
  }))

test('an app is paused, resumed, cancelled and emptied, in all of its environments', () =>
  TestApi.with({}, async (api) => {
    const ids = [await api.send(), await api.send({ environment: 'production' })]
    const other = await api.send({ app: 'sport' })
    const states = async (): Promise<string[]> => Promise.all([...ids, other].map((id) => stateOf(api, id)))
    assert.equal((await api.post('/v1/apps/news/pause')).status, 204)
    assert.deepEqual(await states(), ['paused', 'paused', 'queued'])
    const [news, sport] = (await api.get('/v1/apps')).json.items
    assert.deepEqual([news.name, news.paused.by, news.pending], ['news', 'app', 2])
    assert.deepEqual([sport.name, sport.paused, sport.pending], ['sport', undefined, 1])
    assert.equal((await api.post('/v1/apps/news/resume')).status, 204)
    assert.deepEqual(await states(), ['queued', 'queued', 'queued'])
    assert.equal((await api.post('/v1/apps/news/cancel')).status, 204)
    assert.deepEqual(await states(), ['cancelled', 'cancelled', 'queued'])
    assert.equal((await api.call({ method: 'DELETE', url: '/v1/apps/news/messages' })).status, 204)
    assert.deepEqual(
      (await api.get('/v1/messages')).json.items.map(({ id }: { id: string }) => id),
      [other],
    )
    const unknown = await api.post('/v1/apps/weather/pause')
    assert.deepEqual([unknown.status, unknown.json.code], [404, 'UNKNOWN_APP'])
  }))

test('everything is paused, resumed, cancelled and removed', () =>
  TestApi.with({}, async (api) => {
    const id = await api.send()
    assert.equal((await api.post('/v1/pause')).status, 204)
    assert.equal((await api.get('/v1/apps')).json.items[1].paused.by, 'everything')
    assert.equal(await stateOf(api, id), 'paused')
    const wakes = api.wakes
    assert.equal((await api.post('/v1/resume')).status, 204)
    assert.equal(api.wakes, wakes + 1)
    assert.equal((await api.post('/v1/cancel')).status, 204)
    assert.equal(await stateOf(api, id), 'cancelled')
    assert.equal((await api.call({ method: 'DELETE', url: '/v1/messages' })).status, 204)
    assert.deepEqual((await api.get('/v1/messages')).json, { items: [] })
  }))

test('an app whose credentials Apple refuses says so', async () => {
  await using simulator = await startSimulator()
  const { credentials, environment } = simulator
  const manager = { ...credentials, environment, keyId: 'ZZZZZZZZZZ' }
  await TestApi.with({ manager: { ...manager, errorHandler: () => {} } }, async (api) => {
    const news = api.registry.managers.get('news')
    const delivery = news?.sendAps(['ab'.repeat(32)], { alert: 'x' })
    while (news?.stats().paused !== true) await new Promise((resolve) => setImmediate(resolve))
    const [app] = (await api.get('/v1/apps')).json.items
    assert.equal(app.paused.by, 'configuration')
    delivery?.cancel()
  })
})
