import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NewMessage, type Outbox, OutboxError } from '@apns-worker/server'
import { PAYLOAD, TestApi, TOKEN } from './support/test-api.js'

const MESSAGE = { app: 'news', payload: PAYLOAD, tokens: [TOKEN] }

test('a message with tokens is stored, and the worker is woken', () =>
  TestApi.with({}, async (api) => {
    const answer = await api.post('/v1/messages', {
      ...MESSAGE,
      tokens: [TOKEN, TOKEN.toUpperCase(), 'abcd'],
    })
    assert.equal(answer.status, 202)
    assert.deepEqual(Object.keys(answer.json).toSorted(), ['id', 'total'])
    assert.equal(answer.json.total, 3)
    assert.equal(answer.headers['location'], `/v1/messages/${answer.json.id}`)
    assert.equal(api.wakes, 1)
    const { batches } = await api.outbox.claim({ owner: 'test', leaseMs: 1000, maxTokens: 10 })
    assert.equal(batches[0]?.tokens.count, 3)
    assert.deepEqual(JSON.parse(batches[0]?.message.content ?? ''), { payload: PAYLOAD })
  }))

test('everything that may be said of a message is kept', async () => {
  const seen: NewMessage[] = []
  const outbox = (real: Outbox): Partial<Outbox> => ({
    append: (message, tokens) => {
      seen.push(message)
      return real.append(message, tokens)
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    const id = await api.send({
      priority: 5,
      expiration: '2026-07-01T12:00:00.5+02:00',
      pushType: 'alert',
      topic: 'com.example.other',
      collapseId: 'score',
      environment: 'production',
      deliverAfter: 1_800_000_000,
      giveUpAfter: '2027-02-01T00:00:00Z',
      queuePriority: -7,
      ambiguous: 'drop',
      keep: 'all',
      suppression: 'ignore',
      registeredAt: '2026-01-01T00:00:00Z',
    })
    const [message] = seen
    assert.deepEqual(
      { ...message, content: JSON.parse(message?.content ?? '') },
      {
        app: 'news@production',
        content: {
          payload: PAYLOAD,
          priority: 5,
          expiration: 1_782_900_000,
          pushType: 'alert',
          topic: 'com.example.other',
          collapseId: 'score',
        },
        priority: -7,
        deliverAfterMs: 1_800_000_000_000,
        giveUpAfterMs: Date.UTC(2027, 1, 1),
        ambiguous: 'drop',
        keep: 'all',
        idempotencyKey: undefined,
        suppression: 'ignore',
        registeredAtMs: Date.UTC(2026, 0, 1),
      },
    )
    const { json } = await api.get(`/v1/messages/${id}`)
    assert.equal(json.app, 'news')
    assert.equal(json.environment, 'production')
    assert.equal(json.queuePriority, -7)
  })
})

test('a token may have the time of its registration', async () => {
  const seen: unknown[] = []
  const outbox = (real: Outbox): Partial<Outbox> => ({
    append: (message, tokens) => {
      seen.push(...tokens)
      return real.append(message, tokens)
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    await api.send({ tokens: [TOKEN, { token: 'abcd', registeredAt: 5 }, { token: 'ef' }] })
    assert.deepEqual(seen, [TOKEN, { token: 'abcd', registeredAtMs: 5000 }, 'ef'])
  })
})

/** What is wrong, and where the problem says that it is. */
const WRONG: readonly (readonly [object, string, string])[] = [
  [{ ...MESSAGE, unknown: 1 }, 'INVALID_REQUEST', '/unknown'],
  [{ ...MESSAGE, app: undefined }, 'INVALID_REQUEST', '/app'],
  [{ ...MESSAGE, app: 'weather' }, 'UNKNOWN_APP', '/app'],
  [{ ...MESSAGE, app: 'sport', environment: 'production' }, 'UNKNOWN_APP', '/environment'],
  [{ ...MESSAGE, environment: 'development' }, 'INVALID_REQUEST', '/environment'],
  [{ ...MESSAGE, tokens: TOKEN }, 'INVALID_REQUEST', '/tokens'],
  [{ ...MESSAGE, tokens: [TOKEN, 'xy'] }, 'INVALID_REQUEST', '/tokens/1'],
  [{ ...MESSAGE, tokens: ['abc'] }, 'INVALID_REQUEST', '/tokens/0'],
  [{ ...MESSAGE, tokens: [''] }, 'INVALID_REQUEST', '/tokens/0'],
  [{ ...MESSAGE, tokens: ['ab'.repeat(101)] }, 'INVALID_REQUEST', '/tokens/0'],
  [{ ...MESSAGE, tokens: [null] }, 'INVALID_REQUEST', '/tokens/0'],
  [{ ...MESSAGE, tokens: [{ token: 'xy' }] }, 'INVALID_REQUEST', '/tokens/0/token'],
  [{ ...MESSAGE, tokens: [{ token: TOKEN, since: 1 }] }, 'INVALID_REQUEST', '/tokens/0/since'],
  [{ ...MESSAGE, payload: [] }, 'INVALID_REQUEST', '/payload'],
  [{ ...MESSAGE, payload: { aps: { alert: 1 } } }, 'BAD_PAYLOAD', '/payload/aps/alert'],
  [
    { ...MESSAGE, payload: { aps: { alert: { 'loc-args': [1] } } } },
    'BAD_PAYLOAD',
    '/payload/aps/alert/loc-args/0',
  ],
  [{ ...MESSAGE, payload: { aps: { alert: 'x'.repeat(4100) } } }, 'PAYLOAD_TOO_LARGE', '/payload'],
  [{ ...MESSAGE, priority: 7 }, 'INVALID_REQUEST', '/priority'],
  [
    { ...MESSAGE, priority: 10, pushType: 'background', payload: { aps: { 'content-available': 1 } } },
    'BAD_PRIORITY',
    '/priority',
  ],
  [{ ...MESSAGE, expiration: -1 }, 'INVALID_REQUEST', '/expiration'],
  [{ ...MESSAGE, expiration: 1_800_000_000_000 }, 'INVALID_REQUEST', '/expiration'],
  [{ ...MESSAGE, expiration: '2026-13-01T00:00:00Z' }, 'INVALID_REQUEST', '/expiration'],
  [{ ...MESSAGE, expiration: 'tomorrow' }, 'INVALID_REQUEST', '/expiration'],
  [{ ...MESSAGE, pushType: 'banner' }, 'INVALID_REQUEST', '/pushType'],
  [{ ...MESSAGE, topic: 'no topic' }, 'BAD_TOPIC', '/topic'],
  [{ ...MESSAGE, collapseId: 'ü'.repeat(40) }, 'BAD_COLLAPSE_ID', '/collapseId'],
  [{ ...MESSAGE, deliverAfter: 100, giveUpAfter: 100 }, 'INVALID_REQUEST', '/giveUpAfter'],
  [{ ...MESSAGE, queuePriority: 1001 }, 'INVALID_REQUEST', '/queuePriority'],
  [{ ...MESSAGE, ambiguous: 'maybe' }, 'INVALID_REQUEST', '/ambiguous'],
  [{ ...MESSAGE, registeredAt: 'x' }, 'INVALID_REQUEST', '/registeredAt'],
]

test('what is wrong is refused with its place, and not stored', () =>
  TestApi.with({}, async (api) => {
    for (const [message, code, pointer] of WRONG) {
      const answer = await api.post('/v1/messages', message)
      const what = `${JSON.stringify(message).slice(0, 200)}\n${answer.text}`
      assert.equal(answer.status, 422, what)
      assert.equal(answer.json.code, code, what)
      const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer)
      assert.ok(pointers.includes(pointer), what)
    }
    assert.deepEqual(await api.outbox.messages(), [])
    assert.equal(api.wakes, 0)
  }))

test('what the manager would refuse is refused at the door', () =>
  TestApi.with({}, async (api) => {
    api.registry.apps.set('bare', {
      name: 'bare',
      topic: undefined,
      environment: 'sandbox',
      credentials: 'token',
    })
    const manager = api.registry.addManager('bare', undefined)
    const answer = await api.post('/v1/messages', { ...MESSAGE, app: 'bare' })
    assert.equal(answer.status, 422)
    assert.equal(answer.json.code, 'BAD_TOPIC')
    assert.equal(
      (await api.post('/v1/messages', { ...MESSAGE, app: 'bare', topic: 'com.example.a' })).status,
      202,
    )
    assert.equal(manager.stats().queued, 0)
  }))

test('more tokens than one request may have are refused, with the way to go', () =>
  TestApi.with({ limits: { tokensPerRequest: 2 } }, async (api) => {
    assert.equal((await api.post('/v1/messages', { ...MESSAGE, tokens: [TOKEN, TOKEN] })).status, 202)
    const answer = await api.post('/v1/messages', { ...MESSAGE, tokens: [TOKEN, TOKEN, TOKEN] })
    assert.equal(answer.status, 413)
    assert.match(answer.json.detail, /stream/)
  }))

test('the same key with the same request is the same answer, and with another a problem', () =>
  TestApi.with({}, async (api) => {
    const headers = { 'idempotency-key': 'k-1' }
    const first = await api.post('/v1/messages', MESSAGE, headers)
    const again = await api.post('/v1/messages', MESSAGE, headers)
    assert.deepEqual([again.status, again.json], [first.status, first.json])
    assert.equal(first.headers['idempotency-replayed'], undefined)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    const other = await api.post('/v1/messages', { ...MESSAGE, tokens: ['abcd'] }, headers)
    assert.deepEqual([other.status, other.json.code], [422, 'IDEMPOTENCY_CONFLICT'])
    assert.equal((await api.outbox.messages()).length, 1)
    const bad = await api.post('/v1/messages', MESSAGE, { 'idempotency-key': 'a b' })
    assert.deepEqual([bad.status, bad.json.errors[0].parameter], [400, 'Idempotency-Key'])
  }))

test('a message that is opened again with its key is told as it is', () =>
  TestApi.with({}, async (api) => {
    const headers = { 'idempotency-key': 'k-2' }
    const opened = { app: 'news', payload: PAYLOAD }
    const first = await api.post('/v1/messages', opened, headers)
    assert.deepEqual([first.status, first.json.state], [201, 'open'])
    await api.upload(first.json.id, TOKEN)
    const again = await api.post('/v1/messages', opened, headers)
    assert.deepEqual([again.status, again.json], [200, { id: first.json.id, state: 'open', total: 1 }])
    assert.equal(again.headers['idempotency-replayed'], 'true')
    await api.call({ method: 'DELETE', url: `/v1/messages/${String(first.json.id)}` })
    const late = await api.post('/v1/messages', opened, headers)
    assert.deepEqual([late.status, late.json.code], [404, 'NOT_FOUND'])
  }))

test('a full outbox is 429 with Retry-After, whether the tokens are too many or the bytes', async () => {
  for (const limits of [{ pendingTokens: 1 }, { storeBytes: 1 }]) {
    await TestApi.with({ limits }, async (api) => {
      if (limits.storeBytes === undefined) await api.outbox.append({ app: 'news', content: '{}' }, [TOKEN])
      const answer = await api.post('/v1/messages', MESSAGE)
      assert.deepEqual([answer.status, answer.json.code], [429, 'OUTBOX_FULL'])
      assert.ok(Number(answer.headers['retry-after']) > 0)
    })
  }
})

test('a store that fails is 503 with Retry-After, without its own words, and in the log', async () => {
  const failure = new OutboxError('STORE_FULL', 'no space left in /secret/place')
  const outbox = (): Partial<Outbox> => ({ append: () => Promise.reject(failure) })
  await TestApi.with({ outbox }, async (api) => {
    const answer = await api.post('/v1/messages', MESSAGE)
    assert.deepEqual([answer.status, answer.json.code], [503, 'STORE_FAILED'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
    assert.match(answer.json.detail, /nothing was stored/)
    assert.doesNotMatch(answer.text, /secret/)
    assert.match(api.log.join(''), /no space left/)
    assert.equal(api.wakes, 0)
  })
})

test('what nobody has foreseen is 500, and says nothing of the inside', async () => {
  const outbox = (): Partial<Outbox> => ({ append: () => Promise.reject(new Error('secret')) })
  await TestApi.with({ outbox }, async (api) => {
    const answer = await api.post('/v1/messages', MESSAGE)
    assert.deepEqual([answer.status, answer.json.code], [500, 'INTERNAL'])
    assert.doesNotMatch(answer.text, /secret/)
    assert.match(api.log.join(''), /secret/)
  })
})

test('a store that is closed is 503', () =>
  TestApi.with({}, async (api) => {
    await api.outbox.close()
    const answer = await api.post('/v1/messages', MESSAGE)
    assert.deepEqual([answer.status, answer.json.code], [503, 'SHUTTING_DOWN'])
  }))
