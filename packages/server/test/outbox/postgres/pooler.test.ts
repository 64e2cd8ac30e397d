import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { OutboxError } from '@apns-worker/server'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { until } from '../../../../apns-worker/dist-test/support/within.js'
import { PGBOUNCER_MISSING, PgBouncer } from '../../postgres/pgbouncer.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { APP, content } from '../../worker/rig.js'
import { tokensOf } from '../support/tokens.js'
import { PostgresRig } from './postgres-rig.js'

const skip = POSTGRES_MISSING || PGBOUNCER_MISSING
let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())
failOnLeaks()

// For each transaction another of the server's connections: no news is heard (`LISTEN`), and nothing said to one is remembered.
for (const mode of ['transaction', 'session'] as const) {
  test(`a pooler of ${mode}s cuts connections, dies and comes again: nothing is lost, nothing is sent twice`, {
    skip,
  }, async () => {
    await using pooler = await PgBouncer.start(server, mode)
    let name = ''
    await using own = await PostgresRig.start(server, {
      through: (url) => {
        name = new URL(url).pathname.slice(1)
        return pooler.through(url)
      },
    })
    const { rig, simulator, direct } = own
    simulator.reply({ share: 0.3, delay: 0.05 })
    const messages: string[] = []
    for (let round = 0; round < 4; round++) {
      const before = simulator.received.length
      const { messageId } = await direct.append({ app: APP, content }, tokensOf(500, round * 500))
      messages.push(messageId)
      await until(() => simulator.received.length > before)
      if (round % 2 === 0) await pooler.cut(name)
      else {
        await pooler.kill()
        await pooler.startAgain()
      }
    }
    for (const messageId of messages) {
      await own.finished(messageId)
      assert.equal((await direct.message(messageId)).counts.accepted, 500)
    }
    assert.equal(own.times.size, simulator.received.length)
    for (const error of rig.errors) {
      assert.match((error as OutboxError).code, /^STORE_(UNAVAILABLE|IN_DOUBT)$/)
    }
  })
}
