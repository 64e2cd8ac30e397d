import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox } from '@apns-worker/server'
import { exchange, RawConnection, rawPost } from './support/raw-http.js'
import { type Answer, PAYLOAD, TestApi, TOKEN } from './support/test-api.js'

const MESSAGE = JSON.stringify({ app: 'news', payload: PAYLOAD, tokens: [TOKEN] })
const HEAD = 'GET /v1/apps HTTP/1.1\r\nhost: localhost\r\n'

/** A problem, as it has to be. */
async function problem(
  api: TestApi,
  answer: Answer | undefined,
  status: number,
  code: string,
): Promise<void> {
  assert.ok(answer !== undefined, 'closed without an answer')
  assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text)
  ;(await api.document()).check('GET', '/nowhere', answer)
}

test('what the parser refuses is a problem, and the server goes on', () =>
  TestApi.with({}, async (api) => {
    const port = await api.listen()
    const cases: readonly (readonly [string | Buffer, number, string])[] = [
      ['\0\0\0\0\r\n\r\n', 400, 'BAD_REQUEST'],
      ['GET\r\n\r\n', 400, 'BAD_REQUEST'],
      ['BREW /v1/apps HTTP/1.1\r\nhost: localhost\r\n\r\n', 400, 'BAD_REQUEST'],
      ['GET /v1/apps HTTP/3.7\r\nhost: localhost\r\n\r\n', 400, 'BAD_REQUEST'],
      ['GET /v1/apps HTTP/1.1\r\n\r\n', 400, 'BAD_REQUEST'],
      [`${HEAD}x y: 1\r\n\r\n`, 400, 'BAD_REQUEST'],
      [`${HEAD}a: b\0c\r\n\r\n`, 400, 'BAD_REQUEST'],
      [`${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`, 400, 'BAD_REQUEST'],
      [`${HEAD}content-length: -5\r\n\r\n`, 400, 'BAD_REQUEST'],
      [`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400, 'BAD_REQUEST'],
      [`${HEAD}x: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'HEADER_TOO_LARGE'],
      [`GET /${'y'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431, 'HEADER_TOO_LARGE'],
      [`${HEAD}expect: coffee\r\n\r\n`, 417, 'EXPECTATION_FAILED'],
      ['CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n', 501, 'NOT_IMPLEMENTED'],
      ['GET /v1/messages/%ff%zz HTTP/1.1\r\nhost: localhost\r\n\r\n', 400, 'BAD_REQUEST'],
      [`GET /v1/messages/${'a'.repeat(300)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 414, 'URI_TOO_LONG'],
      ['GET http://localhost/v1/none HTTP/1.1\r\nhost: localhost\r\n\r\n', 404, 'NOT_FOUND'],
      ['TRACE /v1/apps HTTP/1.1\r\nhost: localhost\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
      ['OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n', 404, 'NOT_FOUND'],
    ]
    for (const [request, status, code] of cases) {
      const answer = await exchange(port, request)
      await problem(api, answer, status, code)
    }
    const fine = await exchange(port, `${HEAD}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`)
    assert.equal(fine?.status, 200)
  }))

test('a method that an address has not is 405, with those that it has', () =>
  TestApi.with({}, async (api) => {
    for (const [method, url, allow] of [
      ['PUT', '/v1/messages', 'DELETE, GET, HEAD, POST'],
      ['GET', '/v1/explain', 'POST'],
      ['PATCH', '/v1/messages/00000000-0000-4000-8000-000000000000?x=1', 'DELETE, GET, HEAD'],
      ['POST', '/v1/openapi.json', 'GET, HEAD'],
    ] as const) {
      const answer = await api.call({ method, url })
      assert.deepEqual(
        [answer.status, answer.json.code, answer.headers['allow']],
        [405, 'METHOD_NOT_ALLOWED', allow],
      )
    }
    assert.equal((await api.call({ method: 'GET', url: '/v1/openapixjson' })).status, 404)
    assert.equal((await api.app.inject({ method: 'HEAD', url: '/v1/apps' })).statusCode, 200)
  }))

test('a body that is too large is refused, before it is read or while', () =>
  TestApi.with({ limits: { bodyBytes: 1000 } }, async (api) => {
    const port = await api.listen()
    const told = await exchange(port, rawPost('/v1/messages', '').replace('length: 0', 'length: 1001'))
    await problem(api, told, 413, 'TOO_LARGE')
    const connection = await RawConnection.open(port)
    const head = rawPost('/v1/messages', '').replace('content-length: 0', 'transfer-encoding: chunked')
    connection.write(head)
    const answer = connection.answer()
    // On and on, past the answer: it is not to be lost by a connection that is reset.
    for (let chunks = 0; chunks < 50; chunks++) connection.write(`64\r\n${' '.repeat(100)}\r\n`)
    await problem(api, await answer, 413, 'TOO_LARGE')
    await connection.closed()
    const inPieces = ['1f4', '1f4', '1'].map(
      (length) => `${length}\r\n${' '.repeat(Number(`0x${length}`))}\r\n`,
    )
    await problem(api, await exchange(port, `${head}${inPieces.join('')}0\r\n\r\n`), 413, 'TOO_LARGE')
    const largest = JSON.stringify({ app: 'news', payload: PAYLOAD, tokens: [TOKEN] }).padEnd(1000)
    assert.equal((await exchange(port, rawPost('/v1/messages', largest)))?.status, 202)
  }))

test('a body in pieces is one body', () =>
  TestApi.with({}, async (api) => {
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    connection.socket.setNoDelay(true)
    for (const byte of rawPost('/v1/messages', MESSAGE)) {
      connection.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await connection.answer())?.status, 202)
    // Two at once are answered in order.
    connection.write(rawPost('/v1/messages', '{') + rawPost('/v1/messages', MESSAGE))
    assert.deepEqual([(await connection.answer())?.status, (await connection.answer())?.status], [400, 202])
    await connection.end()
  }))

test('a body of bytes that are no UTF-8 is refused', () =>
  TestApi.with({}, async (api) => {
    const port = await api.listen()
    for (const bad of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x92]]) {
      const body = Buffer.concat([Buffer.from('{"app":"'), Buffer.from(bad), Buffer.from('"}')])
      const head = rawPost('/v1/messages', '').replace('length: 0', `length: ${body.length}`)
      await problem(
        api,
        await exchange(port, Buffer.concat([Buffer.from(head), body])),
        400,
        'MALFORMED_JSON',
      )
    }
  }))

test('a head and a body that do not come are given up', () =>
  TestApi.with({ limits: { requestTimeoutMs: 100 } }, async (api) => {
    const port = await api.listen()
    const connections = await Promise.all(
      ['', 'GET /v1/a', `${HEAD}x: `, rawPost('/v1/messages', '').replace('length: 0', 'length: 10')].map(
        async (start) => {
          const connection = await RawConnection.open(port)
          connection.write(start)
          return connection
        },
      ),
    )
    const [silent, ...others] = await Promise.all(connections.map((connection) => connection.answer()))
    for (const answer of others) await problem(api, answer, 408, 'REQUEST_TIMEOUT')
    if (silent !== undefined) await problem(api, silent, 408, 'REQUEST_TIMEOUT')
    for (const connection of connections) await connection.closed()
  }))

test('one byte at a time does not hold a connection longer', () =>
  TestApi.with({ limits: { requestTimeoutMs: 200 } }, async (api) => {
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    connection.write(rawPost('/v1/messages', '').replace('length: 0', 'length: 100000'))
    const dripping = setInterval(() => connection.write(' '), 10)
    try {
      await problem(api, await connection.answer(), 408, 'REQUEST_TIMEOUT')
      await connection.closed()
    } finally {
      clearInterval(dripping)
    }
  }))

test('whoever asks for much and reads nothing is let go', async () => {
  let pages = 0
  const outcome = {
    messageId: '',
    token: TOKEN,
    apnsId: '00000000-0000-4000-8000-000000000000',
    recordedAtMs: 0,
  }
  const refused = { ...outcome, status: 'refused', reason: 'x'.repeat(100), timestampMs: undefined } as const
  const outcomes = Array.from({ length: 1000 }, () => refused)
  let begin: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  // There is no end of them.
  const outbox = (): Partial<Outbox> => ({
    outcomes: async () => {
      begin()
      return { outcomes, next: ++pages }
    },
  })
  await TestApi.with({ outbox, limits: { requestTimeoutMs: 200 } }, async (api) => {
    const id = await api.send()
    const port = await api.listen()
    const connection = await RawConnection.open(port)
    connection.socket.pause()
    connection.write(
      `GET /v1/messages/${id}/outcomes HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson\r\n\r\n`,
    )
    // It is the server that ends it: this side reads on only then.
    const count = (): Promise<number> =>
      new Promise((resolve) => api.app.server.getConnections((_error, connections) => resolve(connections)))
    await begun
    while ((await count()) > 0) await new Promise((resolve) => setImmediate(resolve))
    const seen = pages
    await connection.end()
    assert.ok(pages <= seen + 1, `${pages} pages were read, ${seen} of them before`)
  })
})

test('more connections than allowed are closed, until another ends', () =>
  TestApi.with({ limits: { connections: 2 } }, async (api) => {
    const port = await api.listen()
    const first = await RawConnection.open(port)
    const second = await RawConnection.open(port)
    for (const connection of [first, second]) {
      connection.write(`${HEAD}\r\n`)
      assert.equal((await connection.answer())?.status, 200)
    }
    assert.equal(await exchange(port, `${HEAD}\r\n`), undefined)
    await first.end()
    let answer: Answer | undefined
    while (answer === undefined) answer = await exchange(port, `${HEAD}\r\n`)
    assert.equal(answer.status, 200)
    await second.end()
  }))

test('it closes while a connection is kept alive, and a request that is in hand is answered', async () => {
  let release: () => void = () => {}
  const stuck = new Promise<void>((resolve) => {
    release = resolve
  })
  await TestApi.with(
    { outbox: (real) => ({ append: async (...given) => stuck.then(() => real.append(...given)) }) },
    async (api) => {
      const port = await api.listen()
      const idle = await RawConnection.open(port)
      idle.write(`${HEAD}\r\n`)
      await idle.answer()
      const busy = await RawConnection.open(port)
      busy.write(rawPost('/v1/messages', MESSAGE))
      await exchange(port, `${HEAD}\r\n`)
      const closed = api.app.close()
      release()
      assert.equal((await busy.answer())?.status, 202)
      await closed
      await idle.closed()
      await busy.end()
    },
  )
})
