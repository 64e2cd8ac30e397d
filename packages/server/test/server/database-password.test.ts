import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { until } from '../../../apns-worker/dist-test/support/within.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { APP, appFor, configFor, outboxAt, TestServer } from './test-server.js'

const PASSWORD = 's3cret/%'

test('whatever the database refuses, neither log nor API tells its password', {
  skip: POSTGRES_MISSING,
}, async () => {
  await using postgres = await PostgresServer.start({ password: PASSWORD })
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  const url = postgres.url('postgres')
  const wrong = new URL(url)
  wrong.password = 's3cret-guess'
  const missing = new URL(url)
  missing.pathname = '/none'
  for (const bad of [wrong, missing]) {
    await using running = await TestServer.start({
      ...configFor(folder, [appFor(simulator)]),
      outbox: { ...outboxAt(bad.href), connectTimeoutMs: 1000 },
    })
    const isFailure = ({ level }: Record<string, unknown>): boolean => level === 'warn' || level === 'error'
    await until(() => running.lines.some(isFailure))
    const message = { app: APP, tokens: tokensOf(1), payload: { aps: { alert: 'hello' } } }
    const answers = [await running.get('/readyz'), await running.post('/v1/messages', message)]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [503, 503],
    )
    const told = JSON.stringify([running.lines, answers.map(({ body }) => body)])
    for (const secret of ['s3cret', encodeURIComponent(PASSWORD)]) assert.ok(!told.includes(secret), told)
  }
})
