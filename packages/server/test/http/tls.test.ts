import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { RawConnection } from './support/raw-http.js'
import { TestApi } from './support/test-api.js'

const pem = (name: string): string =>
  readFileSync(new URL(`../../../apns-worker/test/support/certificates/${name}`, import.meta.url), 'utf8')

test('over TLS it is the same', () =>
  TestApi.with({ tls: { cert: pem('localhost.pem'), key: pem('localhost.key.pem') } }, async (api) => {
    const port = await api.listen()
    const answer = await new Promise<unknown>((resolve, reject) => {
      const options = {
        host: 'localhost',
        port,
        path: '/v1/apps',
        ca: pem('localhost.pem'),
        agent: false,
      } as const
      get(options, (response) => resolve(json(response))).on('error', reject)
    })
    assert.equal((answer as { items: unknown[] }).items.length, 2)
    const plain = await RawConnection.open(port)
    plain.write('GET /v1/apps HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await plain.closed()
    assert.equal((await api.get('/v1/apps')).status, 200)
  }))
