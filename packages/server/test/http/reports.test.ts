import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestApi, TOKEN } from './support/test-api.js'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'

test('a message tells its state, counts, reasons, rate and estimated end', async () => {
  let nowMs = Date.now()
  await TestApi.with({ now: () => nowMs }, async (api) => {
    const id = await api.send({ tokens: Array.from({ length: 10 }, (_, index) => `ab0${index}`) })
    const before = (await api.get(`/v1/messages/${id}`)).json
    assert.equal(before.state, 'queued')
    assert.deepEqual([before.startedAt, before.rate, before.estimatedEnd], [undefined, undefined, undefined])
    const { batches } = await api.outbox.claim({ owner: 'test', leaseMs: 60_000, maxTokens: 100 })
    const [batch] = batches
    assert.ok(batch !== undefined)
    const others = [{ index: 3, status: 'refused', reason: 'Unregistered', timestampMs: 5000 }] as const
    await api.outbox.record([{ ...batch, accepted: [0, 1, 2], others }])
    const { startedAtMs = 0 } = await api.outbox.message(id)
    nowMs = startedAtMs + 2000
    const half = (await api.get(`/v1/messages/${id}`)).json
    assert.equal(half.state, 'sending')
    const counts = { total: 10, accepted: 3, refused: 1, expired: 0, unknown: 0, suppressed: 0, cancelled: 0 }
    assert.deepEqual(half.counts, { ...counts, pending: 6 })
    assert.deepEqual(half.reasons, { Unregistered: 1 })
    assert.equal(half.rate, 2)
    assert.equal(Date.parse(half.estimatedEnd), startedAtMs + 5000)
    await api.outbox.record([{ ...batch, accepted: [4, 5, 6, 7, 8, 9] }])
    const done = (await api.get(`/v1/messages/${id}`)).json
    assert.deepEqual([done.state, done.counts.accepted, done.estimatedEnd], ['done', 9, undefined])
    assert.ok(done.finishedAt !== undefined)
  })
})

test('a message that there is not is 404, and an id that is none 400', () =>
  TestApi.with({}, async (api) => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/outcomes'],
      ['POST', '/send'],
      ['POST', '/cancel'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['DELETE', ''],
    ] as const) {
      const answer = await api.call({ method, url: `/v1/messages/${UNKNOWN}${path}` })
      assert.deepEqual([answer.status, answer.json.code], [404, 'NOT_FOUND'], `${method} ${path}`)
      assert.equal(
        (await api.call({ method, url: `/v1/messages/x${path}` })).status,
        400,
        `${method} ${path}`,
      )
    }
  }))

test('messages are listed page by page, the newest first', () =>
  TestApi.with({}, async (api) => {
    const ids: string[] = []
    for (let index = 0; index < 5; index++) ids.unshift(await api.send())
    const seen: string[] = []
    let before = ''
    for (let pages = 0; pages < 4; pages++) {
      const { json } = await api.get(`/v1/messages?limit=2${before}`)
      seen.push(...json.items.map(({ id }: { id: string }) => id))
      if (json.next === undefined) break
      before = `&before=${json.next}`
    }
    assert.deepEqual(seen, ids)
  }))

test('messages are listed by app, by state, and without those that are finished', () =>
  TestApi.with({}, async (api) => {
    const own = await api.send()
    const other = await api.send({ environment: 'production' })
    const sport = await api.send({ app: 'sport' })
    const open = await api.send({ tokens: undefined })
    await api.post(`/v1/messages/${own}/cancel`)
    const list = async (query: string): Promise<string[]> =>
      (await api.get(`/v1/messages?${query}`)).json.items.map(({ id }: { id: string }) => id)
    assert.deepEqual(await list('app=news'), [open, other, own])
    assert.deepEqual(await list('app=sport'), [sport])
    assert.deepEqual(await list('state=open'), [open])
    assert.deepEqual(await list('state=queued&app=news'), [other])
    assert.deepEqual(await list('unfinished=true'), [open, sport, other])
    const first = (await api.get('/v1/messages?app=news&limit=1')).json
    assert.deepEqual([first.items[0].id, first.next], [open, open])
    assert.deepEqual(await list(`app=news&limit=1&before=${first.next}`), [other])
    const last = (await api.get(`/v1/messages?app=news&limit=1&before=${other}`)).json
    assert.deepEqual([last.items[0].id, last.next], [own, undefined])
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=x',
      'before=x',
      'state=odd',
      'page=2',
      'unfinished=perhaps',
    ]) {
      const answer = await api.get(`/v1/messages?${query}`)
      assert.deepEqual([answer.status, answer.json.code], [400, 'BAD_PARAMETER'], query)
      assert.equal(answer.json.errors[0].parameter, query.split('=')[0])
    }
  }))

test('outcomes come page by page, or all as NDJSON', () =>
  TestApi.with({}, async (api) => {
    const count = 2500
    const tokens = Array.from({ length: 1000 }, (_, index) => index.toString(16).padStart(8, '0'))
    const id = await api.send({ tokens: undefined, keep: 'all' })
    for (let left = count; left > 0; left -= 1000) {
      await api.upload(id, tokens.slice(0, Math.min(left, 1000)).join('\n'))
    }
    await api.post(`/v1/messages/${id}/send`)
    const { batches } = await api.outbox.claim({ owner: 'test', leaseMs: 60_000, maxTokens: 10_000 })
    await api.outbox.record(batches.map((batch) => ({ ...batch, accepted: [...batch.pending] })))
    const url = `/v1/messages/${id}/outcomes`
    const page = await api.get(`${url}?limit=3`)
    assert.equal(page.json.items?.length, 3, page.text)
    assert.deepEqual(
      page.json.items.map(({ token, status }: { token: string; status: string }) => [token, status]),
      tokens.slice(0, 3).map((token) => [token, 'accepted']),
    )
    assert.equal(page.json.items[1].apnsId, `${id.slice(0, 28)}00000001`)
    const next = await api.get(`${url}?limit=1&after=${page.json.next}`)
    assert.equal(next.json.items[0].token, tokens[3])
    const all = await api.get(url, { accept: 'application/x-ndjson' })
    assert.equal(all.headers['content-type'], 'application/x-ndjson')
    assert.equal(all.text.split('\n').length, count + 1)
    const rest = await api.get(`${url}?after=${page.json.next}`, {
      accept: 'text/html;q=0.9, application/x-ndjson;q=0.5',
    })
    assert.equal(rest.text.split('\n').length, count - 3 + 1)
    for (const accept of [
      '*/*',
      'application/*',
      'application/json',
      'application/x-ndjson;q=0.1, application/json',
    ]) {
      assert.match(String((await api.get(url, { accept })).headers['content-type']), /^application\/json/)
    }
    const none = await api.get(url, { accept: 'text/html, application/json;q=0' })
    assert.deepEqual([none.status, none.json.code], [406, 'NOT_ACCEPTABLE'])
  }))

test('a dead token is on the list until it is registered anew', () =>
  TestApi.with({}, async (api) => {
    await api.send({ tokens: [TOKEN, 'abcd'] })
    const { batches } = await api.outbox.claim({ owner: 'test', leaseMs: 60_000, maxTokens: 10 })
    const [batch] = batches
    assert.ok(batch !== undefined)
    const dead = {
      status: 'refused',
      reason: 'Unregistered',
      timestampMs: 1_700_000_000_000,
      isDead: true,
    } as const
    await api.outbox.record([{ ...batch, others: [0, 1].map((index) => ({ index, ...dead })) }])
    const url = '/v1/apps/news/suppressions'
    const { items } = (await api.get(url)).json
    assert.equal(items.length, 2)
    const since = '2023-11-14T22:13:20.000Z'
    const one = (await api.get(`${url}?token=${TOKEN.toUpperCase()}`)).json
    assert.deepEqual(one, { items: [{ token: TOKEN, since, reason: 'Unregistered' }] })
    const first = (await api.get(`${url}?limit=1`)).json
    const second = (await api.get(`${url}?limit=1&after=${first.next}`)).json
    assert.deepEqual([...first.items, ...second.items], items)
    assert.deepEqual((await api.get(`${url}?environment=production`)).json, { items: [] })
    assert.deepEqual((await api.get('/v1/apps/sport/suppressions')).json, { items: [] })
    const register = (body: object) => api.post('/v1/apps/news/registrations', body)
    assert.deepEqual((await register({ tokens: [TOKEN], registeredAt: 1_600_000_000 })).json, {
      registered: 0,
    })
    assert.deepEqual((await register({ tokens: [TOKEN], registeredAt: 1_700_000_001 })).json, {
      registered: 1,
    })
    assert.deepEqual((await register({ tokens: [TOKEN, 'abcd'] })).json, { registered: 1 })
    assert.deepEqual((await api.get(url)).json, { items: [] })
    assert.equal((await register({ tokens: ['x'] })).status, 422)
    assert.equal((await register({ tokens: Array.from({ length: 1001 }, () => TOKEN) })).status, 413)
    assert.equal((await api.get('/v1/apps/weather/suppressions')).status, 404)
  }))

test('a dry run tells the request and what is wrong with it', () =>
  TestApi.with({}, async (api) => {
    const good = await api.post('/v1/explain', {
      app: 'news',
      payload: { aps: { alert: 'x' } },
      tokens: [TOKEN],
    })
    assert.equal(good.status, 200)
    assert.deepEqual(good.json.findings, [])
    assert.equal(good.json.devices, 1)
    assert.match(good.json.curl, /api\.sandbox\.push\.apple\.com/)
    const headers = new Map(
      good.json.headers.map(({ name, value }: { name: string; value: string }) => [name, value]),
    )
    assert.equal(headers.get('apns-topic'), 'com.example.app')
    const wrong = { app: 'news', payload: { aps: { alert: 1 } }, priority: 'high', environment: 'production' }
    const bad = await api.post('/v1/explain', wrong)
    assert.match(bad.json.url, /api\.push\.apple\.com/)
    const errors = bad.json.findings.filter(({ severity }: { severity: string }) => severity === 'error')
    assert.deepEqual(errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
      '/payload/aps/alert',
      '/priority',
    ])
    assert.equal((await api.post('/v1/explain', { ...wrong, app: 'weather' })).status, 422)
    assert.equal((await api.post('/v1/explain', { ...wrong, other: 1 })).status, 422)
    assert.deepEqual(await api.outbox.messages(), [])
  }))

test('a dry run for a host of one’s own', () =>
  TestApi.with({}, async (api) => {
    for (const [environment, host] of [
      ['localhost:2197', 'localhost:2197'],
      ['[::1]:2197', '[::1]:2197'],
      ['relay.example', 'relay.example'],
    ] as const) {
      api.registry.apps.set('own', {
        name: 'own',
        topic: 'com.example.own',
        environment,
        credentials: 'token',
      })
      const { json } = await api.post('/v1/explain', { app: 'own', payload: { aps: { alert: 'x' } } })
      assert.ok(json.url.startsWith(`https://${host}/3/device/`), json.url)
    }
  }))
