import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Outbox, openPostgresOutbox, type Release } from '@apns-worker/server'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { randomFrom } from '../support/crash-plan.js'
import { tokensOf } from '../support/tokens.js'

/** More of them for a long night: `OUTBOX_CLAIM_ROUNDS=5000 OUTBOX_CLAIM_SEED=7`. */
const ROUNDS = Number(process.env['OUTBOX_CLAIM_ROUNDS'] ?? 60)
const SEED = Number(process.env['OUTBOX_CLAIM_SEED'] ?? Date.now() % 100_000)
const WORKERS = 4
const LEASE_MS = 1000

const skip = POSTGRES_MISSING
let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())

test('those that claim at the same time get different batches, and each gets a batch that is given back or left', {
  skip,
}, async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  const url = server.url(await server.createDatabase())
  let nowMs = 1_800_000_000_000
  // A pool of connections each, as processes have.
  const workers: Outbox[] = []
  for (let worker = 0; worker < WORKERS; worker++) {
    workers.push(await openPostgresOutbox({ url, now: () => nowMs }))
  }
  const holderOf = new Map<number, string>()
  const claims = new Set<string>()
  let appended = 0
  let settled = 0

  /** Claims, and does at random with each batch what workers do, a death included. */
  async function turn(outbox: Outbox, owner: string, isLast: boolean): Promise<void> {
    const claim = { owner, leaseMs: LEASE_MS, maxTokens: 1 + Math.floor(random() * 100) }
    const { batches } = await outbox.claim(claim)
    for (const { batchId, fence } of batches) {
      assert.ok(!claims.has(`${batchId} ${fence}`), `batch ${batchId} was claimed twice with fence ${fence}`)
      claims.add(`${batchId} ${fence}`)
      assert.equal(holderOf.get(batchId), undefined, `batch ${batchId} is two workers' at once`)
      holderOf.set(batchId, owner)
    }
    const releases: Release[] = []
    for (const batch of batches) {
      const draw = isLast ? 1 : random()
      if (draw < 0.2) continue
      holderOf.delete(batch.batchId)
      if (draw < 0.4) releases.push(batch)
      else {
        const states = await outbox.record([{ ...batch, accepted: batch.pending }])
        assert.deepEqual(states, ['settled'])
        settled += batch.pending.length
      }
    }
    await outbox.release(releases)
  }

  for (let round = 0; round < ROUNDS; round++) {
    for (let messages = 1 + Math.floor(random() * 4); messages > 0; messages--) {
      const count = 1 + Math.floor(random() * 40)
      const message = { app: `app-${messages}`, content: '', priority: Math.floor(random() * 3) }
      await (workers[round % WORKERS] as Outbox).append(message, tokensOf(count, appended))
      appended += count
    }
    await Promise.all(workers.map((outbox, index) => turn(outbox, `worker-${index}`, false)))
    // Now and then the leases of what was left are over; nobody claims meanwhile.
    if (random() < 0.3) {
      nowMs += LEASE_MS
      holderOf.clear()
    }
  }
  nowMs += LEASE_MS
  holderOf.clear()
  while ((await (workers[0] as Outbox).stats()).pending > 0) {
    await Promise.all(workers.map((outbox, index) => turn(outbox, `worker-${index}`, true)))
  }
  const { pending, leasedBatches } = await (workers[0] as Outbox).stats()
  assert.deepEqual([settled, pending, leasedBatches], [appended, 0, 0])
  context.diagnostic(`${claims.size} claims of batches, ${appended} tokens`)
  for (const outbox of workers) await outbox.close()
})
