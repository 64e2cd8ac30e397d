import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Client } from 'pg'
import { DatabaseProxy } from './database-proxy.js'
import { PGBOUNCER_MISSING, PgBouncer } from './pgbouncer.js'
import { POSTGRES_MISSING } from './postgres-programs.js'
import { PostgresServer } from './postgres-server.js'

const skip = POSTGRES_MISSING
let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

test('the proxy passes on what is said, swallows an answer, cuts, refuses', { skip }, async () => {
  await using proxy = await DatabaseProxy.start(server.port)
  const url = proxy.through(server.url('postgres'))
  const first = await connected(url)
  await first.query('CREATE TABLE said (number integer)')
  const swallowed = proxy.cutAt({ by: 'server', text: 'COMMIT\0' })
  await first.query('BEGIN')
  await first.query('INSERT INTO said VALUES (1)')
  await assert.rejects(first.query('COMMIT'))
  await swallowed
  assert.equal((await server.query('SELECT * FROM said')).length, 1, 'it was stored all the same')

  const second = await connected(url)
  const lost = proxy.cutAt({ by: 'client', text: 'COMMIT' })
  await second.query('BEGIN')
  await second.query('INSERT INTO said VALUES (2)')
  await assert.rejects(second.query('COMMIT'))
  await lost
  assert.equal((await server.query('SELECT * FROM said')).length, 1, 'it was not stored')

  const third = await connected(url)
  proxy.set('refuse')
  await third.query('SELECT')
  proxy.cut()
  await assert.rejects(third.query('SELECT'))
  await assert.rejects(connected(url))
  assert.equal(proxy.attempts, 4)
  await using nobody = await DatabaseProxy.start(1)
  nobody.lead(server.port)
  await (await connected(nobody.through(server.url('postgres')))).end()
})

test('the pooler hands connections out for a transaction, cuts them, and comes again', {
  skip: skip || PGBOUNCER_MISSING,
}, async () => {
  await using pooler = await PgBouncer.start(server, 'transaction')
  const database = await server.createDatabase()
  const url = pooler.through(server.url(database))
  const client = await connected(url)
  await client.query('CREATE TABLE said (number integer)')
  await pooler.cut(database)
  await assert.rejects(client.query('SELECT'))
  const next = await connected(url)
  await pooler.kill()
  await assert.rejects(next.query('SELECT'))
  await assert.rejects(connected(url), { code: 'ECONNREFUSED' })
  await pooler.startAgain()
  await (await connected(url)).end()
})
