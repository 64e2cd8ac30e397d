import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { OutboxError } from '@apns-worker/server'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { until } from '../../../../apns-worker/dist-test/support/within.js'
import type { Said } from '../../postgres/database-proxy.js'
import { POSTGRES_MISSING } from '../../postgres/postgres-programs.js'
import { PostgresServer } from '../../postgres/postgres-server.js'
import { APP, content } from '../../worker/rig.js'
import { tokensOf } from '../support/tokens.js'
import { PostgresRig } from './postgres-rig.js'

const skip = POSTGRES_MISSING
const message = { app: APP, content }
const STORE_FAILED = /^STORE_(UNAVAILABLE|IN_DOUBT)$/
let server: PostgresServer
before(async () => {
  if (skip === false) server = await PostgresServer.start()
})
after(() => server?.[Symbol.asyncDispose]())
failOnLeaks()

/** What the worker was told; each is the store's. */
function assertStoreFailed(errors: readonly unknown[]): void {
  for (const error of errors) assert.match((error as OutboxError).code, STORE_FAILED)
}

test('the database is stopped while a worker looks for work: it goes on by itself, and what is not stored is not accepted', {
  skip,
}, async () => {
  for (const mode of ['fast', 'immediate', 'kill'] as const) {
    await using own = await PostgresRig.start(server)
    const { rig } = own
    await server.stop(mode)
    await assert.rejects(rig.outbox.append(message, tokensOf(1)), { code: STORE_FAILED })
    await until(() => rig.errors.length > 0)
    await server.startAgain()
    const { messageId } = await rig.outbox.append(message, tokensOf(500))
    await own.finished(messageId)
    assert.equal((await rig.outbox.message(messageId)).counts.accepted, 500)
    assert.equal((await rig.outbox.messages()).length, 1)
    assertStoreFailed(rig.errors)
  }
})

test('the database is stopped while messages are under way: what was answered meanwhile is written down later, nothing twice', {
  skip,
}, async () => {
  const tokens = tokensOf(2000)
  await using own = await PostgresRig.start(server)
  const { rig, simulator } = own
  simulator.reply({ share: 0.5, delay: 0.2 })
  const { messageId } = await rig.outbox.append(message, tokens)
  await until(() => simulator.received.length > 0)
  await server.stop('immediate')
  await until(() => simulator.received.length === tokens.length && rig.errors.length > 1)
  await server.startAgain()
  await own.finished(messageId)
  const { counts } = await rig.outbox.message(messageId)
  assert.equal(counts.accepted, tokens.length)
  assert.equal(simulator.received.length, tokens.length, 'nothing was sent twice')
  assertStoreFailed(rig.errors)
})

const COMMITTED: Said = { by: 'server', text: 'COMMIT\0' }
/** That of a claim; also that of what is recorded; what a claim does after its commit. */
const CUTS: readonly (readonly Said[])[] = [
  [COMMITTED],
  [COMMITTED, COMMITTED],
  [{ by: 'client', text: 'SET started_at' }],
]

test('the answer to a commit is lost, whatever was committed: nothing is lost by it, and nothing sent twice', {
  skip,
}, async (context) => {
  const rounds = CUTS.length
  await using own = await PostgresRig.start(server)
  const { rig, simulator, proxy, direct } = own
  simulator.reply({ share: 0.3, delay: 0.05 })
  let lost = 0
  for (let round = 0; round < rounds; round++) {
    const tokens = tokensOf(300, round * 300)
    const { messageId } = await direct.append(message, tokens)
    for (const said of CUTS[round % CUTS.length] ?? []) void proxy.cutAt(said).then(() => lost++)
    await own.finished(messageId)
    const { counts } = await direct.message(messageId)
    assert.equal(counts.accepted, tokens.length)
  }
  context.diagnostic(`${lost} commits without an answer`)
  assert.ok(lost >= rounds)
  assert.equal(own.times.size, 300 * rounds)
  assert.equal(simulator.received.length, own.times.size)
  assertStoreFailed(rig.errors)
})

test('whoever got no answer to what they appended learns with its idempotency key what became of it', {
  skip,
}, async () => {
  await using own = await PostgresRig.start(server)
  const { rig, proxy, direct } = own
  for (const [number, by] of (['client', 'server'] as const).entries()) {
    const keyed = { ...message, idempotencyKey: `key-${number}` }
    await direct.pause('everything')
    const lost = proxy.cutAt({ by, text: 'COMMIT' })
    // It may have asked again by itself.
    const first = await rig.outbox.append(keyed, tokensOf(3, number * 3)).catch((error: unknown) => {
      assertStoreFailed([error])
    })
    await lost
    const again = await direct.append(keyed, tokensOf(3, number * 3))
    if (first !== undefined || by === 'server') assert.equal(again.isRepeated, true)
    if (first !== undefined) assert.equal(again.messageId, first.messageId)
    assert.equal((await direct.messages()).length, number + 1)
    await direct.resume('everything')
    await own.finished(again.messageId)
  }
  assert.equal(own.simulator.received.length, 6)
})

test('a database that is not there for long is not asked again and again', { skip }, async (context) => {
  await using own = await PostgresRig.start(server)
  const { rig, proxy } = own
  for (const mode of ['refuse', 'silent'] as const) {
    proxy.set(mode)
    proxy.cut()
    const [errorsBefore, attemptsBefore, startMs] = [rig.errors.length, proxy.attempts, performance.now()]
    await until(() => rig.errors.length >= errorsBefore + 2)
    const seconds = (performance.now() - startMs) / 1000
    const attempts = proxy.attempts - attemptsBefore
    context.diagnostic(`${mode}: ${attempts} attempts in ${seconds.toFixed(1)} s`)
    // Once a second for work, as often to renew leases and to listen.
    assert.ok(attempts <= 10 + 5 * seconds, `${attempts} attempts in ${seconds} s`)
    proxy.set('pass')
    const { messageId } = await own.direct.append(message, tokensOf(10))
    await own.finished(messageId)
  }
})

test('a network that swallows what is said: each statement has its limit of time, and the worker goes on', {
  skip,
}, async () => {
  await using own = await PostgresRig.start(server, { statementTimeoutMs: 500 })
  const { rig, proxy, simulator } = own
  simulator.reply({ share: 0.5, delay: 0.1 })
  const first = await own.direct.append(message, tokensOf(500))
  await until(() => simulator.received.length > 0)
  proxy.silence()
  await until(() => rig.errors.length > 0 && simulator.received.length === 500)
  const second = await own.direct.append(message, tokensOf(10, 500))
  for (const { messageId } of [first, second]) await own.finished(messageId)
  assert.equal((await own.direct.message(first.messageId)).counts.accepted, 500)
  assert.equal(simulator.received.length, 510, 'nothing was sent twice')
})

test('an idle worker asks little of the database', { skip }, async (context) => {
  await using own = await PostgresRig.start(server, { pollMs: 1000 })
  const { messageId } = await own.direct.append(message, tokensOf(10))
  await own.finished(messageId)
  const [before, startMs] = [own.proxy.requests, performance.now()]
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const seconds = (performance.now() - startMs) / 1000
  const requests = own.proxy.requests - before
  context.diagnostic(`${requests} requests in ${seconds.toFixed(1)} s`)
  assert.ok(requests < 10 + 10 * seconds, `${requests} requests in ${seconds} s`)
})
