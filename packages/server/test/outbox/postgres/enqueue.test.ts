import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { apnsIdAt, type Outbox, openPostgresOutbox, unpackTokens } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import pg from 'pg'
import { decodeContent } from '#src/worker/message-content.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { APP, Rig } from '../../worker/rig.js'
import { tokensOf } from '../support/tokens.js'

const PAYLOAD = { aps: { alert: 'hello' } }
const claim = { owner: 'w', leaseMs: 60_000, maxTokens: 100_000 }

describe('apns_worker.enqueue', { skip: POSTGRES_MISSING }, () => {
  let server: PostgresServer
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  /** An outbox, and somebody else's connection to its database. */
  async function withBoth(
    work: (outbox: Outbox, client: pg.Client, url: string) => Promise<void>,
  ): Promise<void> {
    const name = await server.createDatabase()
    const url = server.url(name)
    const outbox = await openPostgresOutbox({ url })
    const client = new pg.Client(url)
    await client.connect()
    try {
      await work(outbox, client, url)
    } finally {
      await client.end()
      await outbox.close()
      await server.dropDatabase(name)
    }
  }

  it('queues a message with its transaction, and not without it', () =>
    withBoth(async (outbox, client) => {
      const sql = 'SELECT apns_worker.enqueue($1, $2, $3) AS id'
      await client.query('CREATE TABLE orders (id integer)')
      for (const end of ['ROLLBACK', 'COMMIT']) {
        await client.query('BEGIN')
        await client.query('INSERT INTO orders VALUES (1)')
        const { rows } = await client.query<{ id: string }>(sql, [APP, tokensOf(3), PAYLOAD])
        assert.deepEqual((await outbox.claim(claim)).batches, [], 'before its transaction is over')
        await client.query(end)
        const { batches } = await outbox.claim(claim)
        assert.deepEqual(
          batches.map(({ message }) => message.id),
          end === 'COMMIT' ? [rows[0]?.id] : [],
        )
      }
      assert.equal((await outbox.stats()).pending, 3)
    }))

  it('stores what the API would: each option, and tokens in batches, of any length', () =>
    withBoth(async (outbox, client) => {
      const tokens = [...tokensOf(1500).map((token) => token.toUpperCase()), 'ab', 'cdef']
      const { rows } = await client.query<{ id: string }>(
        `SELECT apns_worker.enqueue(app => $1, tokens => $2, payload => $3, push_type => 'alert', priority => 5,
          topic => 'com.example.app', collapse_id => 'say "hi"', expiration => to_timestamp(2000000000.9),
          deliver_after => to_timestamp(1700000000), give_up_after => to_timestamp(4000000000.5), queue_priority => 7,
          ambiguous => 'drop', keep => 'all', suppression => 'ignore') AS id`,
        [APP, tokens, '{"aps": {"alert": "grüße"},  "n": 12345678901234567890}'],
      )
      const id = rows[0]?.id ?? ''
      const { batches } = await outbox.claim(claim)
      assert.deepEqual(
        batches.map(({ firstIndex, tokens: { count, tokenBytes } }) => [firstIndex, count, tokenBytes]),
        [
          [0, 1000, 32],
          [1000, 502, 0],
        ],
      )
      assert.deepEqual(
        batches.flatMap((batch) => unpackTokens(batch.tokens)),
        tokens.map((token) => token.toLowerCase()),
      )
      const { message } = batches[0] ?? assert.fail()
      assert.deepEqual(
        [message.id, message.ambiguous, message.giveUpAfterMs],
        [id, 'drop', 4_000_000_000_500],
      )
      assert.match(message.content, /12345678901234567890/)
      assert.deepEqual(
        { ...decodeContent(message.content), payload: {} },
        {
          payload: {},
          pushType: 'alert',
          priority: 5,
          topic: 'com.example.app',
          collapseId: 'say "hi"',
          expiration: 2_000_000_000,
        },
      )
      assert.match(id, /00000000$/)
      const status = await outbox.message(id)
      assert.deepEqual([status.priority, status.total, status.app], [7, 1502, APP])
    }))

  it('is sent by a worker that waits, which is told of it', () =>
    withBoth(async (_, client, url) => {
      await using simulator = await startSimulator()
      // It would look again in an hour.
      await using rig = await Rig.on(await openPostgresOutbox({ url }), simulator, { pollMs: 3_600_000 })
      const stop = rig.outbox.watch((news) => news === 'work' && rig.worker.wake())
      const { rows } = await client.query<{ id: string }>('SELECT apns_worker.enqueue($1, $2, $3) AS id', [
        APP,
        tokensOf(2),
        PAYLOAD,
      ])
      const id = rows[0]?.id ?? ''
      await rig.finished(id)
      const sent = new Set(simulator.received.map(({ id: apnsId }) => apnsId))
      assert.deepEqual(sent, new Set([apnsIdAt(id, 0), apnsIdAt(id, 1)]))
      stop()
    }))

  it('does nothing twice with an idempotency key', () =>
    withBoth(async (outbox, client) => {
      const enqueue = async (alert: string): Promise<unknown> => {
        const sql = "SELECT apns_worker.enqueue($1, $2, $3, idempotency_key => 'order 7') AS id"
        return (await client.query<{ id: string }>(sql, [APP, tokensOf(1), { aps: { alert } }])).rows[0]?.id
      }
      const first = await enqueue('one')
      assert.equal(await enqueue('one'), first)
      await assert.rejects(enqueue('two'), { code: '23505', message: /idempotency key was used/ })
      assert.equal((await outbox.stats()).pending, 1)
    }))

  it('takes tokens off the list that were registered since they died, and a message to nobody is done', () =>
    withBoth(async (outbox, client) => {
      const [token = ''] = tokensOf(1)
      await outbox.append({ app: APP, content: '{}' }, [token])
      const { batches } = await outbox.claim(claim)
      const others = [
        { index: 0, status: 'refused', reason: 'Unregistered', timestampMs: 5000, isDead: true },
      ] as const
      await outbox.record(batches.map((batch) => ({ ...batch, others })))
      const send = (seconds: number): Promise<unknown> =>
        client.query('SELECT apns_worker.enqueue($1, $2, $3, registered_at => to_timestamp($4))', [
          APP,
          [token],
          PAYLOAD,
          seconds,
        ])
      await send(5)
      assert.deepEqual((await outbox.claim(claim)).suppressed, { [APP]: 1 })
      await send(6)
      assert.equal((await outbox.claim(claim)).batches.length, 1)
      const { rows } = await client.query<{ id: string }>('SELECT apns_worker.enqueue($1, $2, $3) AS id', [
        APP,
        [],
        PAYLOAD,
      ])
      assert.equal((await outbox.message(rows[0]?.id ?? '')).state, 'done')
    }))

  it('says what is wrong, and stores nothing', () =>
    withBoth(async (outbox, client) => {
      const good = { app: "'news'", tokens: "'{ab}'", payload: `'{"aps":{}}'` }
      const wrong: Record<string, RegExp> = {
        "app => ''": /app is the name/,
        "payload => '[]'": /payload is a JSON object/,
        "tokens => '{ab,xy}'": /tokens\[2\] is not a hex/,
        "tokens => '{ab,NULL}'": /tokens\[2\] is not a hex/,
        "tokens => '{abc}'": /tokens\[1\] is not a hex/,
        'tokens => NULL': /tokens is an array/,
        "tokens => array_fill('ab'::text, '{1000001}')": /up to 1,000,000/,
        'queue_priority => 1001': /queue_priority/,
        "ambiguous => 'maybe'": /resend or drop/,
        "keep => 'none'": /failures or all/,
        "suppression => 'no'": /apply or ignore/,
        'give_up_after => now(), deliver_after => now()': /never be sent/,
        "idempotency_key => ''": /1 to 255/,
        [`collapse_id => repeat('x', 65536)`]: /64 KiB/,
      }
      for (const [argument, message] of Object.entries(wrong)) {
        const given = Object.entries(good).filter(([name]) => !argument.startsWith(`${name} =>`))
        const all = [...given.map(([name, value]) => `${name} => ${value}`), argument].join(', ')
        await assert.rejects(
          client.query(`SELECT apns_worker.enqueue(${all})`),
          { code: '22023', message },
          argument,
        )
      }
      assert.deepEqual(await outbox.messages(), [])
      assert.equal((await outbox.stats()).pending, 0)
    }))

  it('is for whom it was granted to, who sees nothing else', () =>
    withBoth(async (_, client, url) => {
      const role = `shop_${process.pid}`
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
      await client.query(`GRANT USAGE ON SCHEMA apns_worker TO ${role}`)
      const own = new URL(url)
      own.username = role
      own.password = 'x'
      const shop = new pg.Client(own.href)
      await shop.connect()
      try {
        const enqueue = `SELECT apns_worker.enqueue('news', '{ab}', '{"aps":{}}')`
        await assert.rejects(shop.query(enqueue), { code: '42501' })
        await client.query(`GRANT EXECUTE ON FUNCTION apns_worker.enqueue TO ${role}`)
        await shop.query(enqueue)
        await assert.rejects(shop.query('SELECT * FROM apns_worker.messages'), { code: '42501' })
      } finally {
        await shop.end()
        await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    }))

  it('holds nobody up while its transaction is open', () =>
    withBoth(async (outbox, client) => {
      await outbox.append({ app: APP, content: '{}' }, tokensOf(1))
      await client.query('BEGIN')
      await client.query('SELECT apns_worker.enqueue($1, $2, $3)', [APP, tokensOf(1000), PAYLOAD])
      // Of the same app: appended, claimed, recorded, counted, paused and resumed.
      await outbox.append({ app: APP, content: '{}' }, tokensOf(5))
      const { batches } = await outbox.claim(claim)
      await outbox.record(batches.map((batch) => ({ ...batch, accepted: batch.pending })))
      await outbox.pause({ app: APP })
      await outbox.resume({ app: APP })
      await outbox.cancel('everything')
      assert.equal((await outbox.stats()).pending, 0)
      await client.query('COMMIT')
      assert.equal((await outbox.stats()).pending, 1000)
    }))
})
