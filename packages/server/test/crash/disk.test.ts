import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, appFor, configFor, TestServer } from '../server/test-server.js'
import { SmallDisk, whyNoSmallDisk } from './small-disk.js'

const skip = whyNoSmallDisk() ?? false
const MEGABYTES = 24
const TOKENS = 2000

test('a full disk: 503 with a problem, and what is not stored is not accepted; with room again, it goes on', {
  skip,
}, async () => {
  await using folder = await Folder.make()
  await using simulator = await startSimulator()
  await using disk = await SmallDisk.make(folder, MEGABYTES)
  const config = configFor(folder, [appFor(simulator)])
  const store = { ...config.store, path: join(disk.path, 'store.db') }
  await using running = await TestServer.start({ ...config, store })
  assert.equal((await running.get('/readyz')).status, 200)
  const first = await running.send(tokensOf(TOKENS))
  await running.done(first)

  await disk.fill()
  const stored = [first]
  const message = { app: APP, tokens: tokensOf(TOKENS, TOKENS), payload: { aps: { alert: 'hello' } } }
  let problem: Awaited<ReturnType<TestServer['post']>> | undefined
  // What the store's files have room for already may still be taken.
  for (let tries = 0; tries < 500 && problem === undefined; tries++) {
    const answer = await running.post('/v1/messages', message)
    if (answer.status === 202) stored.push(String(answer.body['id']))
    else problem = answer
  }
  assert.deepEqual(
    [problem?.status, problem?.body['code'], problem?.headers.get('content-type')],
    [503, 'STORE_FAILED', 'application/problem+json'],
  )
  assert.match(String(problem?.body['detail']), /disk is full.*nothing was stored/)
  assert.ok(Number(problem?.headers.get('retry-after')) > 0)
  const readiness = await notReady(running)
  assert.match(JSON.stringify(readiness['store']), /DISK_NEARLY_FULL|STORE_FULL/)
  assert.equal((await running.get('/healthz')).status, 200)

  await disk.free()
  const last = await running.send(tokensOf(TOKENS, 2 * TOKENS))
  stored.push(last)
  for (const id of stored) await running.done(id)
  const { body } = await running.get('/v1/messages?limit=1000')
  const ids = (body['items'] as { id: string }[]).map(({ id }) => id)
  assert.deepEqual(new Set(ids), new Set(stored), 'those that were accepted, and no others')
  await running.server.stop()
})

test('a store that can only be read: the server does not start, and says why', { skip }, async () => {
  await using folder = await Folder.make()
  await using disk = await SmallDisk.make(folder, MEGABYTES)
  const config = configFor(folder, [])
  const store = { ...config.store, path: join(disk.path, 'store.db') }
  {
    await using running = await TestServer.start({ ...config, store })
    assert.equal((await running.get('/readyz')).status, 200)
  }
  disk.makeReadOnly()
  // Which of the two it is depends on how the store was closed.
  await assert.rejects(TestServer.start({ ...config, store }), {
    code: /^STORE_(READ_ONLY|UNAVAILABLE)$/,
    message: /permissions/,
  })
})

async function notReady(running: TestServer): Promise<Record<string, unknown>> {
  for (;;) {
    const { status, body } = await running.get('/readyz')
    if (status === 503) return body
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
