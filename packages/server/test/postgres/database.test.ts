import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import type { OutboxError } from '@apns-worker/server'
import { Database } from '#src/postgres/database.js'
import { databaseError, endsConnection, sqlStateOf } from '#src/postgres/database-error.js'
import { SCHEMA_VERSION } from '#src/postgres/migrations.js'
import type { Statement } from '#src/postgres/statement.js'
import { freePort } from '../../../apns-worker/dist-test/support/free-port.js'
import { DatabaseProxy } from './database-proxy.js'
import { PGBOUNCER_MISSING, PgBouncer } from './pgbouncer.js'
import { POSTGRES_MISSING } from './postgres-programs.js'
import { PostgresServer } from './postgres-server.js'

const skip = POSTGRES_MISSING
const PASSWORD = 's3cret/%'
let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start({ password: PASSWORD })
})
after(() => server?.[Symbol.asyncDispose]())

const MAKE: Statement<[]> = { text: 'CREATE TABLE said (number integer)' }
const SAY: Statement<[number: number]> = { text: 'INSERT INTO said VALUES ($1)' }
const HEAR: Statement<[], { number: number }> = { text: 'SELECT number FROM said ORDER BY number' }
const READ_TIMEOUT: Statement<[], { statement_timeout: string }> = { text: 'SHOW statement_timeout' }
const WHO: Statement<[], { pid: number }> = { text: 'SELECT pg_backend_pid() AS pid' }
const SLEEP: Statement<[]> = { text: 'SELECT pg_sleep(60)' }

async function refusal(promise: Promise<unknown>): Promise<OutboxError> {
  const error = await promise.then(
    () => assert.fail('it was done'),
    (reason: unknown) => reason,
  )
  assert.equal((error as Error).name, 'OutboxError', inspect(error))
  const text = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })
  for (const secret of ['s3cret', encodeURIComponent(PASSWORD)]) assert.ok(!text.includes(secret), text)
  return error as OutboxError
}

test('of several that open an empty database at once, one makes the tables', { skip }, async () => {
  const url = server.url(await server.createDatabase())
  const opened = await Promise.all(Array.from({ length: 6 }, () => Database.open({ url })))
  for (const database of opened) await database.close()
  await using again = await Database.open({ url })
  assert.deepEqual(await again.run({ text: 'SELECT version FROM apns_worker.schema_version' }), [
    { version: SCHEMA_VERSION },
  ])
})

test('a schema that a newer program wrote is left alone', { skip }, async () => {
  const name = await server.createDatabase()
  const url = server.url(name)
  await (await Database.open({ url })).close()
  await server.query('UPDATE apns_worker.schema_version SET version = version + 1', [], name)
  assert.equal((await refusal(Database.open({ url }))).code, 'STORE_TOO_NEW')
})

test('a role that may not change the schema uses the one that is there, and says so where there is none', {
  skip,
}, async () => {
  const name = await server.createDatabase()
  await server.query(`CREATE ROLE plain LOGIN PASSWORD '${PASSWORD}'`)
  const url = new URL(server.url(name))
  url.username = 'plain'
  const error = await refusal(Database.open({ url: url.href }))
  assert.deepEqual([error.code, /privilege/.test(error.message)], ['STORE_UNAVAILABLE', true])
  await (await Database.open({ url: server.url(name) })).close()
  await server.query(
    `GRANT USAGE ON SCHEMA apns_worker TO plain;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA apns_worker TO plain`,
    [],
    name,
  )
  await using database = await Database.open({ url: url.href })
  assert.deepEqual(await database.run({ text: 'SELECT FROM apns_worker.messages' }), [])
})

test('why a database does not open is said with a code, and without the password', { skip }, async () => {
  const url = new URL(server.url('postgres'))
  const at = (change: (to: URL) => void): Promise<OutboxError> => {
    const changed = new URL(url)
    change(changed)
    return refusal(Database.open({ url: changed.href, connectTimeoutMs: 500 }))
  }
  const refused = await at((to) => {
    to.password = 's3cret-guess'
  })
  assert.deepEqual([refused.code, /name or password/.test(refused.message)], ['STORE_UNAVAILABLE', true])
  const missing = await at((to) => {
    to.pathname = '/none'
  })
  assert.deepEqual([missing.code, /no such database/.test(missing.message)], ['STORE_UNAVAILABLE', true])
  const port = await freePort()
  const nobody = await at((to) => {
    to.port = `${port}`
  })
  assert.deepEqual([nobody.code, /cannot be reached/.test(nobody.message)], ['STORE_UNAVAILABLE', true])
  await using proxy = await DatabaseProxy.start(server.port)
  proxy.set('silent')
  const silent = await at((to) => {
    to.port = `${proxy.port}`
  })
  assert.deepEqual([silent.code, /cannot be reached/.test(silent.message)], ['STORE_UNAVAILABLE', true])
  const nonsense = await refusal(Database.open({ url: `postgres://u:${encodeURIComponent(PASSWORD)}@[/x` }))
  assert.equal(nonsense.code, 'STORE_UNAVAILABLE')
})

test('what is lost between commit and answer is repeated where that does no harm, and told where it may', {
  skip,
}, async () => {
  await using proxy = await DatabaseProxy.start(server.port)
  const url = proxy.through(server.url(await server.createDatabase()))
  await using database = await Database.open({ url })
  await database.run(MAKE)
  const lost = proxy.cutAt({ by: 'server', text: 'COMMIT\0' })
  const told = await refusal(database.transaction((session) => session.run(SAY, 1)))
  await lost
  assert.equal(told.code, 'STORE_IN_DOUBT')
  assert.deepEqual(await database.run(HEAR), [{ number: 1 }])
  const again = proxy.cutAt({ by: 'server', text: 'COMMIT\0' })
  await database.transaction((session) => session.run(SAY, 2), { isIdempotent: true })
  await again
  assert.deepEqual(await database.run(HEAR), [{ number: 1 }, { number: 2 }, { number: 2 }])
  // Lost before the commit was asked for, nothing is in doubt.
  const early = proxy.cutAt({ by: 'client', text: 'INSERT INTO said' })
  const unasked = await refusal(database.transaction((session) => session.run(SAY, 3)))
  await early
  assert.equal(unasked.code, 'STORE_UNAVAILABLE')
  assert.equal((await database.run(HEAR)).length, 3)
  // To ask again helps nobody, when the database is gone by then.
  const gone = proxy.cutAt({ by: 'server', text: 'COMMIT\0' }).then(() => proxy.set('refuse'))
  const inDoubt = await refusal(
    database.transaction((session) => session.run(SAY, 4), { isIdempotent: true }),
  )
  await gone
  assert.equal(inDoubt.code, 'STORE_IN_DOUBT')
})

test('what the work of a transaction throws undoes it, and says nothing against the connection', {
  skip,
}, async () => {
  const url = server.url(await server.createDatabase())
  const elsewhere = new URL(url)
  elsewhere.port = `${await freePort()}`
  await using database = await Database.open({ url, failoverUrls: [elsewhere.href], maxConnections: 1 })
  await database.run(MAKE)
  const before = await database.run(WHO)
  const fault = new Error('not of the database')
  const broken = database.transaction(async (session) => {
    await session.run(SAY, 1)
    throw fault
  })
  await assert.rejects(broken, (error) => error === fault)
  assert.deepEqual([await database.run(HEAR), await database.run(WHO)], [[], before])
})

test('connections that are all in use are no reason to go elsewhere', { skip }, async () => {
  const url = server.url(await server.createDatabase())
  const elsewhere = new URL(url)
  elsewhere.port = `${await freePort()}`
  const options = { url, failoverUrls: [elsewhere.href], maxConnections: 1, connectTimeoutMs: 100 }
  await using database = await Database.open(options)
  let end = (): void => {}
  const using = database.transaction(() => new Promise<void>((resolve) => (end = resolve)))
  const error = await refusal(database.run(WHO))
  assert.deepEqual([error.code, /are in use/.test(error.message)], ['STORE_BUSY', true])
  end()
  await using
  assert.equal((await database.run(WHO)).length, 1)
})

test('a connection to listen that ends as soon as it is there is not made again and again', {
  skip,
}, async () => {
  await using proxy = await DatabaseProxy.start(server.port)
  await using database = await Database.open({
    url: proxy.through(server.url(await server.createDatabase())),
  })
  const before = proxy.attempts
  const listening = database.listen(() => proxy.cut())
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await listening.close()
  const attempts = proxy.attempts - before
  assert.ok(attempts > 1 && attempts < 10, `${attempts} attempts`)
})

test('an error of the operating system is one of the connection, however long its name', () => {
  const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  assert.deepEqual([endsConnection(broken), sqlStateOf(broken)], [true, undefined])
  assert.equal((databaseError(broken) as OutboxError).code, 'STORE_UNAVAILABLE')
})

test('a database that ends its connections is used again as soon as it is there', { skip }, async () => {
  await using own = await PostgresServer.start()
  await using database = await Database.open({ url: own.url('postgres') })
  await database.run(MAKE)
  for (const mode of ['fast', 'immediate', 'kill'] as const) {
    const asleep = refusal(database.run(SLEEP))
    while (
      (await database.run({ text: `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'` })).length === 0
    );
    await own.stop(mode)
    assert.equal((await asleep).code, 'STORE_UNAVAILABLE')
    assert.equal((await refusal(database.run(HEAR))).code, 'STORE_UNAVAILABLE')
    await own.startAgain()
    await database.run(SAY, 1)
  }
  assert.equal((await database.run(HEAR)).length, 3)
})

test('a database that takes no writes, and a statement that takes too long', { skip }, async () => {
  const name = await server.createDatabase()
  await using database = await Database.open({ url: server.url(name), statementTimeoutMs: 200 })
  await database.run(MAKE)
  assert.equal((await refusal(database.run(SLEEP))).code, 'STORE_BUSY')
  await server.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await using readOnly = await Database.open({ url: server.url(name) })
  assert.equal((await refusal(readOnly.run(SAY, 1))).code, 'STORE_READ_ONLY')
  assert.deepEqual(await readOnly.run(HEAR), [])
  await server.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
  // A connection that was made before still takes none, and is not used again.
  assert.equal((await refusal(readOnly.run(SAY, 1))).code, 'STORE_READ_ONLY')
  await readOnly.run(SAY, 1)
})

test('behind a pooler, a transaction has its limit of time, and leaves none to others', {
  skip: skip || PGBOUNCER_MISSING,
}, async () => {
  await using own = await PostgresServer.start()
  await using pooler = await PgBouncer.start(own, 'transaction')
  await using database = await Database.open({
    url: pooler.through(own.url('postgres')),
    statementTimeoutMs: 5000,
    maxConnections: 1,
  })
  const inside = await database.transaction((session) => session.run(READ_TIMEOUT))
  assert.deepEqual(inside, [{ statement_timeout: '5s' }])
  assert.deepEqual(await database.run(READ_TIMEOUT), [{ statement_timeout: '0' }])
  await pooler.cut('postgres')
  await database.run(READ_TIMEOUT).catch(() => {})
  await database.run(MAKE)
})
