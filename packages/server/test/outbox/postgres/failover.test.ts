import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apnsIdAt, openPostgresOutbox } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { until } from '../../../../apns-worker/dist-test/support/within.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { APP, content, Rig } from '../../worker/rig.js'
import { tokensOf } from '../support/tokens.js'

const skip = POSTGRES_MISSING
const message = { app: APP, content }
failOnLeaks()

/** Whether a replica follows the server. */
async function isFollowed(server: PostgresServer): Promise<boolean> {
  return (await server.query('SELECT FROM pg_stat_replication')).length > 0
}

test('with a replica that confirms each commit, a fail-over loses nothing that was accepted, and repeats nothing that was answered', {
  skip,
}, async (context) => {
  await using first = await PostgresServer.start()
  await using second = await first.replica()
  while (!(await isFollowed(first)));
  await first.set({ synchronous_standby_names: '*' })
  await first.reload()
  await using simulator = await startSimulator({ record: true })
  simulator.reply({ share: 0.3, delay: 0.03 })
  const addresses = {
    url: first.url('postgres'),
    failoverUrls: [second.url('postgres')],
    connectTimeoutMs: 1000,
  }
  await using rig = await Rig.on(await openPostgresOutbox(addresses), simulator, { leaseMs: 60_000 })
  const accepted: string[] = []
  let refused = 0
  const over = new AbortController()
  const appending = (async () => {
    for (let count = 0; !over.signal.aborted; count += 20) {
      const answer = await rig.outbox.append(message, tokensOf(20, count)).catch(() => undefined)
      if (answer === undefined) refused++
      else accepted.push(answer.messageId)
      // So that there is not more than the worker gets through.
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  await until(() => accepted.length > 10 && simulator.received.length > 100)
  await first.stop('kill')
  const before = accepted.length
  await until(() => refused > 0)
  await second.promote()
  await until(() => accepted.length > before + 10)
  over.abort()
  await appending
  for (const messageId of accepted) await rig.finished(messageId)
  for (const messageId of accepted) assert.equal((await rig.outbox.message(messageId)).counts.accepted, 20)
  const sent = simulator.received.map(({ token }) => token)
  assert.equal(new Set(sent).size, sent.length, 'nothing was sent twice')
  context.diagnostic(`${before} messages before, ${accepted.length - before} after it, ${refused} refused`)
})

// What asynchronous replication may lose is the last that was committed: messages that were accepted are not there, and what was
// answered is sent again. How much that is nobody can say beforehand; with `synchronous_standby_names` it is nothing.
test('without that, what the replica had not received is lost: messages that were accepted, and that others were answered', {
  skip,
}, async () => {
  await using first = await PostgresServer.start()
  await using second = await first.replica()
  while (!(await isFollowed(first)));
  const outbox = await openPostgresOutbox({ url: first.url('postgres') })
  const answered = await outbox.append(message, tokensOf(5))
  const { batches } = await outbox.claim({ owner: 'worker', leaseMs: 60_000, maxTokens: 5 })
  const [{ end } = { end: '' }] = await first.query<{ end: string }>('SELECT pg_current_wal_lsn() AS end')
  while (!(await hasReplayed(second, end)));
  // From here on it hears nothing.
  await second.query(`ALTER SYSTEM SET primary_conninfo = ''`)
  await second.reload()
  while (await isFollowed(first));
  await outbox.record(batches.map((batch) => ({ ...batch, accepted: batch.pending })))
  const lost = await outbox.append(message, tokensOf(1, 5))
  await outbox.close()
  await first.stop('kill')
  await second.promote()

  await using simulator = await startSimulator({ record: true })
  // The worker that had them, restarted.
  await using rig = await Rig.on(await openPostgresOutbox({ url: second.url('postgres') }), simulator)
  await assert.rejects(rig.outbox.message(lost.messageId), { code: 'NOT_FOUND' })
  await rig.finished(answered.messageId)
  const ids = tokensOf(5).map((_, index) => apnsIdAt(answered.messageId, index))
  assert.equal(simulator.received.length, ids.length, 'what was answered is sent again')
  assert.deepEqual(new Set(simulator.received.map(({ id }) => id)), new Set(ids), 'with the ids that it had')
})

async function hasReplayed(replica: PostgresServer, position: string): Promise<boolean> {
  const [row] = await replica.query<{ is: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is', [
    position,
  ])
  return row?.is === true
}
