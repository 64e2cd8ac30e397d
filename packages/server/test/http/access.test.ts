import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newApiKey } from '@apns-worker/server'
import '@fastify/swagger'
import type { AccessScope, ApiKeyConfig } from '#src/config/server-config.js'
import { PAYLOAD, TestApi, TOKEN } from './support/test-api.js'

const MESSAGE = { app: 'news', payload: PAYLOAD, tokens: [TOKEN] }

/** Keys, and what to send for them. */
class Keys {
  readonly configs: ApiKeyConfig[] = []

  add(
    name: string,
    scopes: readonly AccessScope[],
    apps: readonly string[] | 'all',
  ): { authorization: string } {
    const { key, hash } = newApiKey()
    this.configs.push({ name, hash, scopes, apps })
    return { authorization: `Bearer ${key}` }
  }
}

test('a new key is random, and only its hash is to be kept', () => {
  const first = newApiKey()
  const second = newApiKey()
  assert.notEqual(first.key, second.key)
  assert.match(first.key, /^aw_[\w-]{43}$/)
  assert.match(first.hash, /^[0-9a-f]{64}$/)
})

test('without a key, or with a wrong one, nothing is told', () => {
  const keys = new Keys()
  const good = keys.add('good', ['read'], 'all')
  return TestApi.with({ apiKeys: keys.configs }, async (api) => {
    assert.equal((await api.get('/v1/apps', good)).status, 200)
    assert.equal(
      (await api.get('/v1/apps', { authorization: good.authorization.replace('Bearer', 'bEARER') })).status,
      200,
    )
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: 'Basic YTpi' },
      { authorization: 'Bearer' },
      { authorization: `${good.authorization}x` },
      { authorization: good.authorization.slice(0, -1) },
      { authorization: `Bearer ${keys.configs[0]?.hash}` },
    ]) {
      const answer = await api.get('/v1/apps', headers)
      assert.deepEqual([answer.status, answer.json.code], [401, 'UNAUTHORIZED'], JSON.stringify(headers))
      assert.match(String(answer.headers['www-authenticate']), /^Bearer realm=/)
    }
    for (const url of ['/v1/openapi.json', '/v1/problems/UNAUTHORIZED'])
      assert.equal((await api.get(url)).status, 200)
    assert.equal((await api.get('/v1/nothing')).status, 404)
    assert.doesNotMatch(api.log.join(''), /aw_/)
  })
})

test('a key does what its scopes are for', () => {
  const keys = new Keys()
  const callers = {
    send: keys.add('sender', ['send'], 'all'),
    read: keys.add('reader', ['read'], 'all'),
    admin: keys.add('admin', ['admin'], 'all'),
  }
  return TestApi.with({ apiKeys: keys.configs }, async (api) => {
    const { id } = (await api.post('/v1/messages', MESSAGE, callers.send)).json
    const routes: readonly (readonly [AccessScope, 'GET' | 'POST' | 'DELETE', string, object?])[] = [
      ['send', 'POST', '/v1/messages', MESSAGE],
      ['send', 'POST', '/v1/explain', { app: 'news', payload: PAYLOAD }],
      ['send', 'POST', '/v1/apps/news/registrations', { tokens: [TOKEN] }],
      ['send', 'POST', `/v1/messages/${id}/pause`],
      ['send', 'POST', `/v1/messages/${id}/resume`],
      ['send', 'POST', `/v1/messages/${id}/send`],
      ['send', 'POST', `/v1/messages/${id}/cancel`],
      ['read', 'GET', '/v1/messages'],
      ['read', 'GET', `/v1/messages/${id}`],
      ['read', 'GET', `/v1/messages/${id}/outcomes`],
      ['read', 'GET', '/v1/apps'],
      ['read', 'GET', '/v1/apps/news/suppressions'],
      ['admin', 'POST', '/v1/apps/news/pause'],
      ['admin', 'POST', '/v1/apps/news/resume'],
      ['admin', 'POST', '/v1/apps/news/cancel'],
      ['admin', 'POST', '/v1/pause'],
      ['admin', 'POST', '/v1/resume'],
      ['admin', 'POST', '/v1/cancel'],
      ['admin', 'DELETE', `/v1/messages/${id}`],
      ['admin', 'DELETE', '/v1/apps/news/messages'],
      ['admin', 'DELETE', '/v1/messages'],
    ]
    for (const [scope, method, url, payload] of routes) {
      for (const name of ['send', 'read', 'admin'] as const) {
        const request = { method, url, headers: callers[name], ...(payload === undefined ? {} : { payload }) }
        if (name !== scope && name !== 'admin') {
          const { status, json, headers } = await api.call(request)
          assert.deepEqual([status, json.code], [403, 'FORBIDDEN'], `${name}: ${method} ${url}`)
          assert.match(String(headers['www-authenticate']), new RegExp(`scope="${scope}"`))
        } else if (name === scope) {
          assert.ok((await api.call(request)).status < 300, `${name}: ${method} ${url}`)
        }
      }
    }
  })
})

test('an app that a key is not for is as if it did not exist', () => {
  const keys = new Keys()
  const all = keys.add('all', ['admin'], 'all')
  const sport = keys.add('sport', ['admin'], ['sport'])
  return TestApi.with({ apiKeys: keys.configs }, async (api) => {
    const { id } = (await api.post('/v1/messages', MESSAGE, all)).json
    const { id: open } = (await api.post('/v1/messages', { app: 'news', payload: PAYLOAD }, all)).json
    const own = (await api.post('/v1/messages', { ...MESSAGE, app: 'sport' }, sport)).json.id
    const same = async (request: Parameters<TestApi['call']>[0], like: Parameters<TestApi['call']>[0]) => {
      const [answer, reference] = [await api.call(request), await api.call(like)]
      assert.equal(answer.status, reference.status, answer.text)
      const names = /news|weather|[0-9a-f]{8}-[0-9a-f-]{27}/g
      assert.equal(answer.text.replaceAll(names, '*'), reference.text.replaceAll(names, '*'))
    }
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/outcomes'],
      ['POST', '/send'],
      ['POST', '/cancel'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['DELETE', ''],
    ] as const) {
      const url = (message: string): string => `/v1/messages/${message}${path}`
      const unknown = '00000000-0000-4000-8000-000000000000'
      await same({ method, url: url(id), headers: sport }, { method, url: url(unknown), headers: sport })
    }
    const list = {
      method: 'POST' as const,
      payload: TOKEN,
      headers: { ...sport, 'content-type': 'text/plain' },
    }
    const nowhere = '/v1/messages/00000000-0000-4000-8000-000000000000/tokens'
    await same({ ...list, url: `/v1/messages/${open}/tokens` }, { ...list, url: nowhere })
    for (const [method, last, payload] of [
      ['POST', 'pause', undefined],
      ['POST', 'cancel', undefined],
      ['DELETE', 'messages', undefined],
      ['GET', 'suppressions', undefined],
      ['POST', 'registrations', { tokens: [TOKEN] }],
    ] as const) {
      const request = { method, headers: sport, ...(payload === undefined ? {} : { payload }) }
      await same(
        { ...request, url: `/v1/apps/news/${last}` },
        { ...request, url: `/v1/apps/weather/${last}` },
      )
    }
    const send = { method: 'POST' as const, url: '/v1/messages', headers: sport }
    await same({ ...send, payload: MESSAGE }, { ...send, payload: { ...MESSAGE, app: 'weather' } })
    const explain = { ...send, url: '/v1/explain' }
    await same(
      { ...explain, payload: { app: 'news', payload: PAYLOAD } },
      { ...explain, payload: { app: 'weather', payload: PAYLOAD } },
    )
    const told = await api.post('/v1/messages', { ...MESSAGE, app: 'weather' }, sport)
    assert.match(told.json.detail, /there are: sport$/)
    const ids = (await api.get('/v1/messages', sport)).json.items.map((item: { id: string }) => item.id)
    assert.deepEqual(ids, [own])
    assert.deepEqual(
      (await api.get('/v1/apps', sport)).json.items.map((item: { name: string }) => item.name),
      ['sport'],
    )
    for (const [method, url] of [
      ['POST', '/v1/pause'],
      ['POST', '/v1/cancel'],
      ['DELETE', '/v1/messages'],
    ] as const) {
      assert.equal((await api.call({ method, url, headers: sport })).status, 403)
    }
    assert.equal((await api.get(`/v1/messages/${id}`, all)).json.state, 'queued')
  })
})

test('keys are those of the moment', () => {
  const keys = new Keys()
  const old = keys.add('old', ['read'], 'all')
  const others = new Keys()
  const fresh = others.add('fresh', ['read'], 'all')
  let apiKeys: readonly ApiKeyConfig[] = keys.configs
  const options = Object.defineProperty({ apiKeys }, 'apiKeys', { get: () => apiKeys, enumerable: false })
  return TestApi.with(options, async (api) => {
    assert.equal((await api.get('/v1/apps', old)).status, 200)
    apiKeys = others.configs
    assert.equal((await api.get('/v1/apps', old)).status, 401)
    assert.equal((await api.get('/v1/apps', fresh)).status, 200)
  })
})

test('without keys, pages of other sites are refused', () =>
  TestApi.with({}, async (api) => {
    const tried = async (headers: Record<string, string>): Promise<number> =>
      (await api.get('/v1/apps', headers)).status
    for (const host of [
      'localhost',
      'localhost:8080',
      '127.0.0.1:8080',
      '127.1.2.3',
      '[::1]:8080',
      'LOCALHOST',
    ]) {
      assert.equal(await tried({ host }), 200, host)
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      '[::2]',
      'x@localhost',
    ]) {
      assert.equal(await tried({ host }), 403, host)
    }
    assert.equal(await tried({ host: 'localhost:8080', origin: 'http://localhost:8080' }), 200)
    for (const origin of [
      'http://evil.example',
      'null',
      'http://localhost:3000',
      'http://localhost:8080.evil.example',
    ]) {
      assert.equal(await tried({ host: 'localhost:8080', origin }), 403, origin)
    }
    for (const site of ['cross-site', 'same-site']) assert.equal(await tried({ 'sec-fetch-site': site }), 403)
    assert.equal(await tried({ 'sec-fetch-site': 'none' }), 200)
    const type = { 'content-type': 'text/plain' }
    const simple = await api.call({
      method: 'POST',
      url: '/v1/messages',
      headers: type,
      payload: JSON.stringify(MESSAGE),
    })
    assert.equal(simple.status, 415)
    assert.deepEqual(await api.outbox.messages(), [])
  }))

test('with keys, any origin that has one may ask', () => {
  const keys = new Keys()
  const key = keys.add('page', ['read'], 'all')
  return TestApi.with({ apiKeys: keys.configs }, async (api) => {
    const headers = { ...key, host: 'push.example', origin: 'https://admin.example' }
    assert.equal((await api.get('/v1/apps', headers)).status, 200)
  })
})

test('routes that are plugged in are protected, and their errors are problems', () => {
  const keys = new Keys()
  const reader = keys.add('reader', ['read'], 'all')
  const plugin = async (
    app: Parameters<NonNullable<Parameters<typeof TestApi.with>[0]['plugins']>[number]>[0],
  ) => {
    app.get('/healthz', { schema: { hide: true } }, async () => 'ok')
    app.get('/v1/feedback', { schema: { hide: true }, config: { scope: 'read' } }, async (request) => {
      if (request.caller.name !== 'reader') throw new Error('somebody else')
      throw Object.assign(new Error('odd'), { statusCode: 418 })
    })
  }
  return TestApi.with({ apiKeys: keys.configs, plugins: [plugin] }, async (api) => {
    assert.equal((await api.app.inject('/healthz')).payload, 'ok')
    assert.equal((await api.get('/v1/feedback')).status, 401)
    assert.deepEqual((await api.get('/v1/feedback', reader)).json.code, 'INTERNAL')
    assert.equal((await api.call({ method: 'POST', url: '/v1/feedback', headers: reader })).status, 405)
  })
})
