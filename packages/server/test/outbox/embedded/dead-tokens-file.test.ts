import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { type BatchProgress, type ClaimedBatch, type Outbox, openEmbeddedOutbox } from '@apns-worker/server'
import { availableDrivers, connect } from '#src/outbox/embedded/database.js'
import { SCHEMA_1 } from '#src/outbox/embedded/sql/schema-1.js'
import { withFolder } from '../support/embedded-place.js'
import { tokensOf } from '../support/tokens.js'

const message = { app: 'news', content: '{}' }
const claim = { owner: 'w', leaseMs: 1000, maxTokens: 1_000_000 }
const PAGE_BYTES = 4096

function allDead(batch: ClaimedBatch): BatchProgress {
  const dead = { status: 'refused', reason: 'Unregistered', isDead: true } as const
  return { ...batch, others: batch.pending.map((index) => ({ index, ...dead })) }
}

/** How many tokens are in the log and on the list. */
async function known(outbox: Outbox): Promise<{ log: number; list: number }> {
  const log = (await outbox.feedback({ limit: 10_000 })).items.length
  return { log, list: (await outbox.suppressions({ app: 'news', limit: 10_000 })).items.length }
}

for (const driver of availableDrivers()) {
  test(`${driver}: a full store learns of no dead token by half, and of all when there is room`, async () => {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, driver, maxFileBytes: 1_000_000 })
      const { messageId } = await outbox.append({ ...message, priority: 1 }, tokensOf(9000))
      const filler = await outbox.append(message, tokensOf(12_000, 100_000))
      const { batches } = await outbox.claim({ ...claim, maxTokens: 9000 })
      // The claim is in the same group: what it learns of the list is undone with the rest.
      const [recorded, claimed] = await Promise.allSettled([
        outbox.record(batches.map(allDead)),
        outbox.claim({ ...claim, maxTokens: 1 }),
      ])
      for (const result of [recorded, claimed]) {
        assert.equal(result.status, 'rejected')
        assert.equal(result.reason.code, 'STORE_FULL')
      }
      assert.deepEqual(await known(outbox), { log: 0, list: 0 })
      const before = await outbox.message(messageId)
      assert.deepEqual([before.pending, before.counts.refused, before.reasons], [9000, 0, {}])
      await outbox.purge({ messageId: filler.messageId })
      assert.deepEqual(await outbox.record(batches.slice(0, 1).map(allDead)), ['settled'])
      assert.deepEqual(await known(outbox), { log: 1000, list: 1000 })
      const again = await outbox.append({ ...message, priority: 9 }, tokensOf(1001))
      await outbox.claim({ ...claim, maxTokens: 1 })
      const { counts, pending } = await outbox.message(again.messageId)
      assert.deepEqual([counts.suppressed, pending], [1000, 1])
      await outbox.close()
    })
  })

  for (const table of ['feedback', 'suppressed'] as const) {
    test(`${driver}: where ${table} is damaged, that is an error, not a wrong answer`, async () => {
      await withFolder(async (path) => {
        const outbox = await openEmbeddedOutbox({ path, driver })
        await outbox.append(message, tokensOf(1000))
        await outbox.record((await outbox.claim(claim)).batches.map(allDead))
        await outbox.close()
        await damage(path, table)
        const reading = openEmbeddedOutbox({ path, driver }).then(async (damaged) => {
          try {
            return await known(damaged)
          } finally {
            await damaged.close()
          }
        })
        await assert.rejects(reading, (error: unknown) => {
          assert.ok(error instanceof Error && error.message.includes(path), String(error))
          assert.equal((error as Error & { code?: string }).code, 'STORE_CORRUPT')
          return true
        })
      })
    })
  }

  test(`${driver}: while another process holds the file, no dead token is learnt; then it is`, async () => {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, driver, busyTimeoutMs: 20 })
      await outbox.append(message, tokensOf(3))
      const progress = (await outbox.claim(claim)).batches.map(allDead)
      const other = connect(path, driver)
      other.exec('BEGIN IMMEDIATE')
      await assert.rejects(outbox.record(progress), { code: 'STORE_BUSY' })
      await assert.rejects(outbox.register('news', tokensOf(1)), { code: 'STORE_BUSY' })
      assert.deepEqual(await known(outbox), { log: 0, list: 0 })
      other.exec('ROLLBACK')
      other.close()
      await outbox.record(progress)
      assert.deepEqual(await known(outbox), { log: 3, list: 3 })
      await outbox.close()
    })
  })

  test(`${driver}: a file from before there was a list goes on with what it has`, async () => {
    await withFolder(async (path) => {
      const old = connect(path, driver)
      old.exec(SCHEMA_1)
      old.exec(`
        PRAGMA application_id = 0x61706e77;
        PRAGMA user_version = 1;
        INSERT INTO apps (id, name, pending) VALUES (1, 'news', 1);
        UPDATE outbox SET pending = 1;
        INSERT INTO messages (id, uuid, app_id, state, priority, drop_ambiguous, keep_all, created_at, total, content)
          VALUES (1, 'old', 1, 1, 0, 0, 0, 5, 1, '{}');
        INSERT INTO batches (id, message_id, app_id, priority, first_index, count, token_bytes, pending, state, due_at)
          VALUES (1, 1, 1, 0, 0, 1, 1, 1, 1, 0);
        INSERT INTO tokens (batch_id, bytes) VALUES (1, x'ab')`)
      old.close()
      const outbox = await openEmbeddedOutbox({ path, driver })
      const { batches } = await outbox.claim(claim)
      assert.deepEqual(await outbox.record(batches.map(allDead)), ['settled'])
      const { state, createdAtMs, counts } = await outbox.message('old')
      assert.deepEqual([state, createdAtMs, counts.refused], ['done', 5, 1])
      assert.deepEqual(await known(outbox), { log: 1, list: 1 })
      await outbox.close()
    })
  })
}

/** Overwrites the first pages of a table and of its indexes, through which everything in them is found. */
async function damage(path: string, table: string): Promise<void> {
  const database = connect(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const roots = database
    .prepare<{ rootpage: number }>('SELECT rootpage FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 0')
    .all(table)
  database.close()
  const bytes = await readFile(path)
  for (const { rootpage } of roots) bytes.fill(0xa5, (rootpage - 1) * PAGE_BYTES, rootpage * PAGE_BYTES)
  await writeFile(path, bytes)
}

test('what dies, is given back and claimed in one turn, and so in one transaction, is not handed out again', async () => {
  await withFolder(async (path) => {
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash' })
    const [dead = '', alive = ''] = tokensOf(2)
    await outbox.append(message, [dead, alive, dead, dead])
    const { batches } = await outbox.claim(claim)
    const died = (index: number) =>
      ({ index, status: 'refused', reason: 'Unregistered', isDead: true }) as const
    const [, , claimed] = await Promise.all([
      outbox.record(batches.map((batch) => ({ ...batch, others: [died(0), died(2)] }))),
      outbox.release(batches),
      outbox.claim(claim),
    ])
    assert.deepEqual(claimed.batches[0]?.pending, [1])
    assert.deepEqual(await known(outbox), { log: 1, list: 1 })
    await outbox.close()
  })
})
