import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { OutboxError, openEmbeddedOutbox } from '@apns-worker/server'
import { availableDrivers, connect } from '#src/outbox/embedded/database.js'
import { SCHEMA_VERSION } from '#src/outbox/embedded/migrations.js'
import { openStore } from '#src/outbox/embedded/open-store.js'
import { withFolder } from '../support/embedded-place.js'
import { tokensOf } from '../support/tokens.js'

const message = { app: 'news', content: '{}' }
const claim = { owner: 'w', leaseMs: 1000, maxTokens: 1_000_000 }

for (const driver of availableDrivers()) {
  const options = { driver, durability: 'power-loss', busyTimeoutMs: 0, maxFileBytes: undefined } as const

  test(`${driver}: each commit waits for the disk, unless it is told not to`, async () => {
    await withFolder(async (path) => {
      for (const [durability, synchronous] of [
        ['power-loss', 2],
        ['crash', 1],
      ] as const) {
        const database = openStore({ ...options, path, durability })
        const read = (pragma: string): unknown => database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]
        assert.deepEqual([read('synchronous'), read('journal_mode')], [synchronous, 'wal'])
        assert.deepEqual([read('fullfsync'), read('checkpoint_fullfsync')], [1, 1])
        assert.equal(read('user_version'), SCHEMA_VERSION)
        database.close()
      }
    })
  })

  test(`${driver}: a file that is not a database is refused, and left as it is`, async () => {
    await withFolder(async (path) => {
      const text = 'my shopping list\n'.repeat(1000)
      await writeFile(path, text)
      await fails(openEmbeddedOutbox({ path, driver }), 'STORE_CORRUPT', path)
      assert.equal(await readFile(path, 'utf8'), text)
    })
  })

  test(`${driver}: another program’s database is refused, and left as it is`, async () => {
    await withFolder(async (path) => {
      for (const sql of ['CREATE TABLE theirs (id)', 'PRAGMA application_id = 77']) {
        const theirs = connect(path, driver)
        theirs.exec(sql)
        theirs.close()
        const before = await readFile(path)
        await fails(openEmbeddedOutbox({ path, driver }), 'STORE_FOREIGN', path)
        assert.deepEqual(await readFile(path), before)
      }
    })
  })

  test(`${driver}: a file of a newer schema is refused, and left as it is`, async () => {
    await withFolder(async (path) => {
      await (await openEmbeddedOutbox({ path, driver })).close()
      const newer = connect(path, driver)
      newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
      newer.close()
      const before = await readFile(path)
      await fails(openEmbeddedOutbox({ path, driver }), 'STORE_TOO_NEW', path)
      assert.deepEqual(await readFile(path), before)
    })
  })

  test(`${driver}: a file that was damaged later is an error, not a wrong answer`, async () => {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, driver })
      await outbox.append(message, tokensOf(5000))
      await outbox.close()
      const bytes = await readFile(path)
      // All but the first page, which has the header and the schema.
      bytes.fill(0xa5, 4096)
      await writeFile(path, bytes)
      const opened = openEmbeddedOutbox({ path, driver }).then(async (damaged) => {
        try {
          return await damaged.claim(claim)
        } finally {
          await damaged.close()
        }
      })
      await fails(opened, 'STORE_CORRUPT', path)
    })
  })

  test(`${driver}: a path that cannot be opened is an error that says so`, async () => {
    await withFolder(async (path) => {
      const missing = join(dirname(path), 'no', 'such', 'folder', 'outbox.db')
      await fails(openEmbeddedOutbox({ path: missing, driver }), 'STORE_UNAVAILABLE', missing)
      await mkdir(path)
      await fails(openEmbeddedOutbox({ path, driver }), 'STORE_UNAVAILABLE', path)
    })
  })

  test(`${driver}: while another process holds the file, nothing is accepted; then it goes on`, async () => {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, driver, busyTimeoutMs: 20 })
      const other = connect(path, driver)
      other.exec('BEGIN IMMEDIATE')
      const appends = [outbox.append(message, tokensOf(1)), outbox.append(message, tokensOf(1))]
      for (const append of appends) await fails(append, 'STORE_BUSY', path)
      assert.deepEqual(await outbox.messages(), [])
      other.exec('ROLLBACK')
      other.close()
      await outbox.append(message, tokensOf(1))
      assert.equal((await outbox.messages()).length, 1)
      await outbox.close()
    })
  })

  test(`${driver}: a full store accepts nothing, keeps what it has, and goes on when there is room`, async () => {
    await withFolder(async (path) => {
      const outbox = await openEmbeddedOutbox({ path, driver, maxFileBytes: 1_000_000 })
      const first = await outbox.append(message, tokensOf(10_000))
      const second = await outbox.append(message, tokensOf(10_000))
      await fails(outbox.append(message, tokensOf(20_000)), 'STORE_FULL', path)
      const { messageId } = await outbox.open(message)
      await fails(outbox.addTokens(messageId, tokensOf(20_000)), 'STORE_FULL', path)
      assert.equal((await outbox.message(messageId)).total, 0)
      assert.equal((await outbox.stats()).pending, 20_000)
      await outbox.purge({ messageId: first.messageId })
      await outbox.append(message, tokensOf(9000))
      const { batches } = await outbox.claim(claim)
      assert.equal(batches.filter((batch) => batch.message.id === second.messageId).length, 10)
      assert.equal(batches.length, 19)
      await outbox.close()
    })
  })

  test(`${driver}: a new file may be opened by several at once`, async () => {
    await withFolder(async (path) => {
      const open = Array.from({ length: 4 }, () => openEmbeddedOutbox({ path, driver }))
      const outboxes = await Promise.all(open)
      await Promise.all(outboxes.map((outbox) => outbox.append(message, tokensOf(1))))
      for (const outbox of outboxes) assert.equal((await outbox.messages()).length, 4)
      for (const outbox of outboxes) await outbox.close()
    })
  })
}

test('a file and a folder that may not be written to are an error that says so, and are left as they were', async (context) => {
  await withFolder(async (path) => {
    const outbox = await openEmbeddedOutbox({ path })
    await outbox.append(message, tokensOf(1))
    await outbox.close()
    await chmod(dirname(path), 0o555)
    await chmod(path, 0o444)
    const before = await readFile(path)
    // Root may write to anything: then it is tried as nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const script = `
      import { openEmbeddedOutbox } from '@apns-worker/server'
      await openEmbeddedOutbox({ path: ${JSON.stringify(path)} }).catch(({ code, message }) => console.log(code, message))`
    const { stdout, stderr, error } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: new URL('../../..', import.meta.url),
      encoding: 'utf8',
      timeout: 20_000,
      ...nobody,
    })
    await chmod(dirname(path), 0o755)
    if (error !== undefined || /EACCES/.test(stderr)) return context.skip('nobody may not read this program')
    assert.match(stdout, /^STORE_(READ_ONLY|UNAVAILABLE) /, stderr)
    assert.ok(stdout.includes(path))
    assert.deepEqual(await readFile(path), before)
  })
})

test('each driver reads what the other wrote', async () => {
  await withFolder(async (path) => {
    const written = new Set<string>()
    for (const driver of availableDrivers()) {
      const outbox = await openEmbeddedOutbox({ path, driver })
      written.add((await outbox.append(message, tokensOf(1500))).messageId)
      const ids = new Set((await outbox.messages()).map(({ id }) => id))
      assert.deepEqual(ids, written)
      await outbox.close()
    }
  })
})

async function fails(promise: Promise<unknown>, code: OutboxError['code'], path: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof OutboxError, String(error))
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.includes(path), error.message)
    return true
  })
}
