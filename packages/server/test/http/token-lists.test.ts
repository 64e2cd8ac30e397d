import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outbox, OutboxError } from '@apns-worker/server'
import { exchange, RawConnection } from './support/raw-http.js'
import { PAYLOAD, TestApi, TOKEN } from './support/test-api.js'

const open = (api: TestApi): Promise<string> => api.send({ tokens: undefined })
const total = async (api: TestApi, id: string): Promise<number> =>
  (await api.get(`/v1/messages/${id}`)).json.counts.total
const list = (count: number, first = 0): string =>
  Array.from({ length: count }, (_, index) => `${(first + index).toString(16).padStart(64, '0')}\n`).join('')
const rawList = (id: string, body: string, query = ''): string =>
  `POST /v1/messages/${id}/tokens${query} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`

test('a message is opened, filled and sent', () =>
  TestApi.with({}, async (api) => {
    const opened = await api.post('/v1/messages', { app: 'news', payload: PAYLOAD })
    assert.equal(opened.status, 201)
    assert.deepEqual(opened.json, { id: opened.json.id, state: 'open' })
    const { id } = opened.json
    const first = await api.upload(id, `${TOKEN}\r\n\n  ${TOKEN.toUpperCase()}  \nabcd`)
    assert.deepEqual([first.status, first.json], [202, { total: 3 }])
    assert.deepEqual((await api.upload(id, '')).json, { total: 3 })
    assert.equal(api.wakes, 0)
    const sent = await api.post(`/v1/messages/${id}/send`)
    assert.deepEqual([sent.status, sent.json.state, sent.json.counts.total], [202, 'queued', 3])
    assert.equal(api.wakes, 1)
    assert.equal((await api.post(`/v1/messages/${id}/send`)).status, 202)
    const late = await api.upload(id, TOKEN)
    assert.deepEqual([late.status, late.json.code], [409, 'NOT_OPEN'])
  }))

test('a CSV has its tokens in a column', async () => {
  const seen: unknown[] = []
  const outbox = (real: Outbox): Partial<Outbox> => ({
    addTokens: (id, tokens, offset) => {
      const all = [...tokens] as unknown[]
      seen.push(...all)
      return real.addTokens(
        id,
        all.map(() => TOKEN),
        offset,
      )
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    const id = await open(api)
    const csv = `\u{feff}name,token,registeredAt\r\n"Doe, ""J""",${TOKEN},1800000000\r\nx,"abcd",2026-07-01T00:00:00Z\r\n\r\n y , ef ,\r\n`
    const answer = await api.upload(id, csv, 'text/csv; charset=utf-8')
    assert.deepEqual([answer.status, answer.json.total], [202, 3])
    assert.deepEqual(seen, [
      { token: TOKEN, registeredAtMs: 1_800_000_000_000 },
      { token: 'abcd', registeredAtMs: Date.UTC(2026, 6, 1) },
      'ef',
    ])
  })
})

test('a line that is wrong is told with its number, and what is before it is stored', () =>
  TestApi.with({}, async (api) => {
    const cases: readonly (readonly [string, string, number, number])[] = [
      [`${TOKEN}\n\n${TOKEN}\nxyz\n${TOKEN}`, 'text/plain', 4, 2],
      [`${TOKEN}\nabc`, 'text/plain', 2, 1],
      [`${TOKEN}\n${'ab'.repeat(101)}\n`, 'text/plain', 2, 1],
      [`${TOKEN}\n${'ab'.repeat(5000)}`, 'text/plain', 2, 1],
      [`${TOKEN}\n${TOKEN}\u00e9\n`, 'text/plain', 2, 1],
      [`${TOKEN}\n${TOKEN}\0\n`, 'text/plain', 2, 1],
      [`device\n${TOKEN}\n`, 'text/csv', 1, 0],
      [`token\n${TOKEN}\n"${TOKEN}\n`, 'text/csv', 3, 1],
      [`token,registeredAt\n${TOKEN},\n${TOKEN},yesterday\n`, 'text/csv', 3, 1],
      [`id,token\n1,${TOKEN}\n2\n`, 'text/csv', 3, 1],
    ]
    for (const [text, type, line, stored] of cases) {
      const id = await open(api)
      const answer = await api.upload(id, text, type)
      assert.deepEqual(
        [answer.status, answer.json.code, answer.json.line, answer.json.total],
        [422, 'INVALID_LINE', line, stored],
        `${text.slice(0, 100)}\n${answer.text}`,
      )
      assert.equal(await total(api, id), stored)
    }
  }))

test('a list that is sent again with its offset does no harm', () =>
  TestApi.with({}, async (api) => {
    const id = await open(api)
    assert.equal((await api.upload(id, list(3), 'text/plain', '?offset=0')).json.total, 3)
    const again = await api.upload(id, list(3), 'text/plain', '?offset=0')
    assert.deepEqual([again.status, again.json.code, again.json.total], [409, 'WRONG_OFFSET', 3])
    assert.equal((await api.upload(id, list(2, 3), 'text/plain', '?offset=3')).json.total, 5)
    assert.equal((await api.upload(id, list(1), 'text/plain', '?offset=x')).status, 400)
    assert.equal(await total(api, id), 5)
  }))

test('a long list is stored in groups, in order, each where the one before ends', async () => {
  const offsets: (number | undefined)[] = []
  const outbox = (real: Outbox): Partial<Outbox> => ({
    addTokens: (id, tokens, offset) => {
      offsets.push(offset)
      return real.addTokens(id, tokens, offset)
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    const id = await open(api)
    const answer = await exchange(await api.listen(), rawList(id, list(50_000), '?offset=0'))
    assert.deepEqual([answer?.status, answer?.json], [202, { total: 50_000 }])
    assert.ok(offsets.length >= 3, String(offsets))
    await api.post(`/v1/messages/${id}/send`)
    const { batches } = await api.outbox.claim({ owner: 'test', leaseMs: 1000, maxTokens: 100_000 })
    const bytes = Buffer.concat(batches.map(({ tokens }) => tokens.bytes))
    assert.equal(bytes.toString('hex'), list(50_000).replaceAll('\n', ''))
  })
})

test('no more is read than is written', async () => {
  let release: () => void = () => {}
  let isStuck = true
  let calls = 0
  let begin: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const outbox = (real: Outbox): Partial<Outbox> => ({
    addTokens: async (id, tokens, offset) => {
      calls++
      begin()
      if (isStuck) {
        await new Promise<void>((resolve) => {
          release = resolve
        })
      }
      return real.addTokens(id, tokens, offset)
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    const id = await open(api)
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    const body = list(200_000)
    connection.write(rawList(id, body))
    // A group is being written, another gathered; the rest waits in the sender and the sockets between.
    await begun
    let waiting = Number.POSITIVE_INFINITY
    for (let turns = 0; turns < 100; turns++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (connection.socket.writableLength < waiting) turns = 0
      waiting = connection.socket.writableLength
    }
    assert.equal(calls, 1)
    assert.ok(
      connection.socket.writableLength > body.length / 4,
      `${connection.socket.writableLength} bytes wait`,
    )
    // From here on, the store is as quick as it can be.
    isStuck = false
    release()
    assert.equal((await connection.answer())?.json.total, 200_000)
    await connection.end()
  })
})

test('an interrupted list is stored as far as its lines are whole', () =>
  TestApi.with({}, async (api) => {
    const id = await open(api)
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    connection.write(
      `POST /v1/messages/${id}/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n`,
    )
    connection.write(`${list(100)}abcdef`)
    await new Promise((resolve) => setTimeout(resolve, 0))
    await connection.end()
    while ((await total(api, id)) < 100) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(await total(api, id), 100)
    assert.equal((await api.upload(id, list(5), 'text/plain', '?offset=100')).json.total, 105)
  }))

test('a list that stops coming is answered with how far it came', () =>
  TestApi.with({ limits: { requestTimeoutMs: 100 } }, async (api) => {
    const id = await open(api)
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    connection.write(
      `POST /v1/messages/${id}/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n42\r\n${TOKEN}\r\n\r\n3\r\nabc\r\n`,
    )
    const answer = await connection.answer()
    assert.deepEqual([answer?.status, answer?.json.code, answer?.json.total], [408, 'REQUEST_TIMEOUT', 1])
    await connection.closed()
  }))

test('a store that is full midway says how much of the list it has', async () => {
  let room = 1
  const outbox = (real: Outbox): Partial<Outbox> => ({
    addTokens: async (id, tokens, offset) => {
      if (room-- <= 0) throw new OutboxError('OUTBOX_FULL', 'full')
      return real.addTokens(id, tokens, offset)
    },
  })
  await TestApi.with({ outbox }, async (api) => {
    const id = await open(api)
    const answer = await exchange(await api.listen(), rawList(id, list(70_000)))
    assert.deepEqual([answer?.status, answer?.json.code], [429, 'OUTBOX_FULL'])
    assert.equal(answer?.json.total, await total(api, id))
    assert.ok(answer?.json.total >= 20_000)
  })
})

test('only lists are taken there', () =>
  TestApi.with({}, async (api) => {
    const id = await open(api)
    const json = await api.post(`/v1/messages/${id}/tokens`, [TOKEN])
    assert.deepEqual([json.status, json.json.code], [415, 'UNSUPPORTED_MEDIA_TYPE'])
    assert.match(json.json.detail, /text\/plain or text\/csv/)
    const none = await api.call({ method: 'POST', url: `/v1/messages/${id}/tokens` })
    assert.equal(none.status, 415)
    const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' }
    assert.equal(
      (await api.call({ method: 'POST', url: `/v1/messages/${id}/tokens`, headers, payload: 'x' })).status,
      415,
    )
    const unknown = '00000000-0000-4000-8000-000000000000'
    assert.equal((await api.upload(unknown, TOKEN)).status, 404)
    assert.equal((await api.upload('abc', TOKEN)).status, 400)
  }))
