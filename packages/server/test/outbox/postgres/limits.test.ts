import assert from 'node:assert/strict'
import { chown } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { type Outbox, type OutboxError, openPostgresOutbox } from '@apns-worker/server'
import { SmallDisk, whyNoSmallDisk } from '../../crash/small-disk.js'
import { Folder } from '../../operations/folder.js'
import { POSTGRES_MISSING, unprivileged } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { tokensOf } from '../support/tokens.js'

const skip = POSTGRES_MISSING
const message = { app: 'news', content: '' }
const claim = { owner: 'worker', leaseMs: 60_000, maxTokens: 10 }
const MEGABYTES = 40

let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())

/** Appends until it is refused. @returns what was accepted, and why the last was not */
async function fill(outbox: Outbox): Promise<{ ids: string[]; error: OutboxError }> {
  const ids: string[] = []
  for (;;) {
    try {
      ids.push((await outbox.append(message, tokensOf(10_000, ids.length * 10_000))).messageId)
    } catch (error) {
      return { ids, error: error as OutboxError }
    }
  }
}

test('a database whose disk is full says so, keeps what it accepted, and goes on when there is room', {
  skip: skip || (whyNoSmallDisk() ?? false),
}, async () => {
  await using folder = await Folder.make()
  await using disk = await SmallDisk.make(folder, MEGABYTES)
  const { uid, gid } = unprivileged()
  // Of the folders above it, its own is closed to others.
  if (uid !== undefined && gid !== undefined)
    for (const path of [folder.path, disk.path]) await chown(path, uid, gid)
  await server.query(`CREATE TABLESPACE small LOCATION '${disk.path}'`)
  await server.query('CREATE DATABASE small TABLESPACE small')
  const outbox = await openPostgresOutbox({ url: server.url('small') })
  try {
    await disk.fill()
    const { ids, error } = await fill(outbox)
    assert.equal(error.code, 'STORE_FULL', String(error))
    assert.match(error.message, /disk is full/)
    await disk.free()
    ids.push((await outbox.append(message, tokensOf(10_000))).messageId)
    const stored = (await outbox.messages({ limit: 1000 })).map(({ id }) => id)
    assert.deepEqual(new Set(stored), new Set(ids), 'those that were accepted, and no others')
    assert.equal((await outbox.claim(claim)).batches.length, 1)
  } finally {
    await outbox.close()
    await server.dropDatabase('small')
    await server.query('DROP TABLESPACE small')
  }
})

test('a database that takes no writes says so, and goes on when it takes them again', { skip }, async () => {
  const name = await server.createDatabase()
  const outbox = await openPostgresOutbox({ url: server.url(name) })
  const { messageId } = await outbox.append(message, tokensOf(3))
  await server.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  for (const call of [() => outbox.append(message, tokensOf(1)), () => outbox.claim(claim)]) {
    let code = ''
    // Of the connections that it had, it finds out one by one that they are gone.
    for (let tries = 0; tries < 10 && code !== 'STORE_READ_ONLY'; tries++) {
      code = await call().then(
        () => assert.fail('it was done'),
        (error: unknown) => (error as OutboxError).code,
      )
    }
    assert.equal(code, 'STORE_READ_ONLY')
  }
  assert.equal((await outbox.message(messageId)).pending, 3)
  await server.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
  const claimed = async (): Promise<number> => (await outbox.claim(claim)).batches.length
  let count = 0
  for (let tries = 0; tries < 10 && count === 0; tries++) count = await claimed().catch(() => 0)
  assert.equal(count, 1)
  await outbox.close()
})
