import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { apnsIdAt } from '@apns-worker/server'
import { startSimulator, writeCredentials } from '@apns-worker/simulator'
import { Folder } from '../operations/folder.js'
import { randomFrom } from '../outbox/support/crash-plan.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { assertCounts, auditJournal, isDead } from './journal-books.js'
import { PersistentClient } from './persistent-client.js'
import { ServerProcess } from './server-process.js'

/** More of it for a long night: `SERVER_CRASH_TOKENS=200000 SERVER_CRASH_KILLS=24 SERVER_CRASH_SEED=7`. */
const TOKENS = Number(process.env['SERVER_CRASH_TOKENS'] ?? 12_000)
const KILLS = Number(process.env['SERVER_CRASH_KILLS'] ?? 6)
const SEED = Number(process.env['SERVER_CRASH_SEED'] ?? Date.now() % 100_000)

/** Of the kills: around requests with an idempotency key, and while a list comes in; the others are while it sends. */
const REQUEST_KILLS = Math.ceil(KILLS / 6)
const UPLOAD_KILLS = Math.ceil(KILLS / 3)
const SENDING_KILLS = KILLS - REQUEST_KILLS - UPLOAD_KILLS
const REQUEST_TOKENS = 300
/** So that a life sends a part of what is left, and its kill finds it at it. */
const LIFE_MS = (TOKENS / KILLS) * 0.1
const WINDOW_TOKENS = 3000
/** The batch with which the window is reached, and what the worker had in hand of it already. */
const MAX_IN_FLIGHT = WINDOW_TOKENS + 1000
const APP = 'news'
const TOPIC = 'com.example.app'

test('killed while it takes, stores and sends, it leaves no token without an answer, and repeats what was in flight with the ids that it had', async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  await using folder = await Folder.make()
  await using simulator = await startSimulator({ journal: { keep: true }, record: false })
  simulator.reply({ when: ({ token }) => isDead(token), unregistered: true })
  // So that there is always something in flight.
  simulator.reply({ share: 0.2, delay: 0.03 })
  const { caPath, keyPath, keyId, teamId } = await writeCredentials(simulator, folder.file('credentials'), [
    TOPIC,
  ])
  const { host, port } = simulator
  const socketPath = folder.file('api.sock')
  const configPath = folder.file('server.yaml')
  // JSON is YAML. A lease that outlives the test: who waits for one to be over hangs.
  const config = {
    listen: `unix:${socketPath}`,
    store: { path: folder.file('store.db') },
    apps: [{ name: APP, topic: TOPIC, environment: { host, port, caPath }, keyPath, keyId, teamId }],
    worker: { lease: 3600, windowTokens: WINDOW_TOKENS },
    limits: { tokensPerRequest: 10_000 },
  }
  await writeFile(configPath, JSON.stringify(config))
  await using server = new ServerProcess(configPath, socketPath, folder.file('log'))
  await server.start()
  const client = new PersistentClient(server, APP, random)

  const tokens = tokensOf(TOKENS)
  const small = tokensOf(REQUEST_TOKENS, TOKENS)
  const kills = { kills: REQUEST_KILLS, killWithinMs: 15 }
  const smallId = await client.message('small', small, kills)
  const id = await client.message('large', undefined, { kills: 0, killWithinMs: 0 })
  await client.upload(id, tokens, UPLOAD_KILLS)
  await client.send(id)
  let killsWhileSending = 0
  for (; killsWhileSending < SENDING_KILLS; killsWhileSending++) {
    await new Promise((resolve) => setTimeout(resolve, random() * LIFE_MS))
    if ((await client.report(id)).state === 'done') break
    await server.killAndRestart()
  }
  await untilDone(client, [id, smallId])

  for (const [each, list] of [
    [id, tokens],
    [smallId, small],
  ] as const) {
    assertCounts(await client.report(each), list)
  }
  assert.equal(await server.end('SIGTERM'), 0, await server.log())

  const total = TOKENS + REQUEST_TOKENS
  const repeats = auditJournal(simulator.journal, total, (index) =>
    index < TOKENS ? apnsIdAt(id, index) : apnsIdAt(smallId, index - TOKENS),
  )
  context.diagnostic(
    `${server.kills} times killed (${REQUEST_KILLS} around requests, ${UPLOAD_KILLS} in lists, ${killsWhileSending} while sending); ` +
      `${repeats} of ${total} requests sent again`,
  )
  assert.ok(killsWhileSending > 0, 'it was through before it was killed')
  assert.ok(repeats <= server.kills * MAX_IN_FLIGHT, `${repeats} were repeated`)
})

async function untilDone(client: PersistentClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    while ((await client.report(id)).state !== 'done') {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
