import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { apnsIdAt, openEmbeddedOutbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { randomFrom } from '../outbox/support/crash-plan.js'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { APP, content } from './rig.js'
import type { WorkerPlan } from './worker-child.js'

/** More of them for a long night: `WORKER_CRASH_ROUNDS=20 WORKER_CRASH_TOKENS=200000 WORKER_CRASH_SEED=7`. */
const ROUNDS = Number(process.env['WORKER_CRASH_ROUNDS'] ?? 5)
const TOKENS = Number(process.env['WORKER_CRASH_TOKENS'] ?? 12_000)
const SEED = Number(process.env['WORKER_CRASH_SEED'] ?? Date.now() % 100_000)
const KILLED_WITHIN_MS = 150
/** What it has in hand, and the batch with which that is reached. */
const MAX_IN_FLIGHT = 4000
/** One in so many is dead. */
const DEAD_EVERY = 20

const program = fileURLToPath(new URL('worker-child.js', import.meta.url))

test('killed while it sends, it leaves no token without an answer, and repeats some with the ids that they had', async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  await withFolder(async (path) => {
    await using simulator = await startSimulator({ record: true })
    const tokens = tokensOf(TOKENS)
    const isDead = (token: string): boolean => Number.parseInt(token.slice(-8), 16) % DEAD_EVERY === 0
    // The first rule that fits is the one that counts.
    simulator.reply({ when: ({ token }) => isDead(token), unregistered: true })
    // So slow that it is not through before it was killed often enough.
    const slow = simulator.reply({ share: 0.2, delay: 0.05 })
    const outbox = await openEmbeddedOutbox({ path })
    const { messageId } = await outbox.append({ app: APP, content }, tokens)
    const { credentials, environment } = simulator
    const options = { ...credentials, environment, topic: 'com.example.app' }
    const plan: WorkerPlan = { path, app: APP, messageId, options }
    let kills = 0
    for (let round = 0; round < ROUNDS; round++) {
      if (await runKilled(plan, random() * KILLED_WITHIN_MS)) kills++
    }
    slow()
    await runKilled(plan, undefined)
    const { counts, reasons, state } = await outbox.message(messageId)
    const dead = tokens.filter(isDead).length
    assert.deepEqual([state, counts.accepted, counts.refused], ['done', TOKENS - dead, dead])
    assert.deepEqual(reasons, { Unregistered: dead })
    await outbox.close()

    const timesSent = new Map<string | undefined, number>()
    for (const { id } of simulator.received) timesSent.set(id, (timesSent.get(id) ?? 0) + 1)
    const ids = new Set(tokens.map((_, index) => apnsIdAt(messageId, index)))
    assert.deepEqual(new Set(timesSent.keys()), ids)
    for (const { token, id } of simulator.received) {
      assert.equal(id, apnsIdAt(messageId, Number.parseInt(token.slice(-8), 16)))
    }
    const repeats = simulator.received.length - TOKENS
    context.diagnostic(`${kills} times killed, ${repeats} of ${TOKENS} sent again`)
    assert.ok(repeats <= kills * MAX_IN_FLIGHT)
    assert.ok(kills > 0)
  })
})

/** @returns whether it was killed, rather than through */
async function runKilled(plan: WorkerPlan, afterMs: number | undefined): Promise<boolean> {
  const child = spawn(process.execPath, [program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let timer: NodeJS.Timeout | undefined
  if (afterMs !== undefined) {
    child.stdout.once('data', () => {
      timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
    })
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  clearTimeout(timer)
  if (signal === null) assert.equal(code, 0)
  return signal === 'SIGKILL'
}
