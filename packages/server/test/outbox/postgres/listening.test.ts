import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { APP, content } from '../../worker/rig.js'
import { tokensOf } from '../support/tokens.js'
import { PostgresRig } from './postgres-rig.js'

const skip = POSTGRES_MISSING
const message = { app: APP, content }
/** Longer than the test may take: who waits for the next look at the database waits for ever. */
const POLL_MS = 3_600_000

let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())
failOnLeaks()

test('a worker that waits hears of what another process appends, at once, and after its connection was cut', {
  skip,
}, async () => {
  await using own = await PostgresRig.start(server, { pollMs: POLL_MS })
  const { rig, direct, proxy } = own
  rig.outbox.watch?.(() => rig.worker.wake())
  for (let round = 0; round < 3; round++) {
    const { messageId } = await direct.append(message, tokensOf(3, round * 3))
    await own.finished(messageId)
    const open = await direct.open(message)
    await direct.addTokens(open.messageId, tokensOf(3, 1000 + round * 3))
    await direct.send(open.messageId)
    await own.finished(open.messageId)
    await direct.pause({ app: APP })
    const paused = await direct.append(message, tokensOf(1, 2000 + round))
    await direct.resume({ app: APP })
    await own.finished(paused.messageId)
    // What was said while it was cut off it looks for when it is back.
    proxy.cut()
  }
  assert.equal(own.simulator.received.length, 21)
})
