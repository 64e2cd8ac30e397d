import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import type { Beat, BeatDecision } from '#src/fleet/decide-beat.js'
import { IDLE_STATE } from '#src/fleet/member.js'
import { PostgresFleetStore } from '#src/fleet/postgres/postgres-fleet-store.js'
import { FLEET_TIMING } from '#src/fleet/timing.js'
import { Database } from '#src/postgres/database.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'

const skip = POSTGRES_MISSING
const LINE = 'news'
const LIMIT = 5
let server: PostgresServer
let database: Database
let store: PostgresFleetStore

before(async () => {
  if (skip !== false) return
  server = await PostgresServer.start()
  database = await Database.open({ url: server.url(await server.createDatabase()), maxConnections: 8 })
  store = new PostgresFleetStore(database)
})
beforeEach(async () => {
  if (skip === false) await database.run({ text: 'DELETE FROM apns_worker.workers' })
})
after(async () => {
  await database?.close()
  await server?.[Symbol.asyncDispose]()
})

/** As if no heartbeat of it had been heard for that long. */
async function silence(incarnation: string, milliseconds: number): Promise<void> {
  const text = `UPDATE apns_worker.workers SET heard_at = heard_at - ${milliseconds} WHERE incarnation = '${incarnation}'`
  await database.run({ text })
}

function beatOf(owner: string, options: Partial<Beat> = {}): Beat {
  const lines = { [LINE]: { limit: LIMIT, held: 0 } }
  return {
    kind: 'join',
    incarnation: randomUUID(),
    owner,
    role: 'worker',
    state: IDLE_STATE,
    lines,
    ...options,
  }
}

async function heard(beat: Beat): Promise<Extract<BeatDecision, { kind: 'heard' }>> {
  const { decision } = await store.beat(beat)
  assert.ok(decision.kind === 'heard', decision.kind)
  return decision
}

/** What a member that was heard says next. */
function next(beat: Beat, held: number): Beat {
  return { ...beat, kind: 'go on', lines: { [LINE]: { limit: LIMIT, held } } }
}

test('a member is in the table with all that it says, until it leaves', { skip }, async () => {
  const state = {
    lanes: [{ lane: 'news', state: 'open' as const, connections: 2 }],
    window: { tokens: 100, inHand: 7 },
  }
  const beat = beatOf('one', { state })
  const { record } = await heard(beat)
  const [member, ...others] = await store.members()
  assert.deepEqual(others, [])
  assert.deepEqual(member, record)
  assert.deepEqual(member?.state, state)
  assert.ok(Math.abs((member?.sinceMs ?? 0) - Date.now()) < 60_000)
  const again = await heard(next(beat, LIMIT))
  assert.equal(again.record.beats, 2)
  assert.equal(again.record.sinceMs, record.sinceMs)
  await store.leave(beat.incarnation)
  assert.deepEqual(await store.members(), [])
})

test('of many that come at once each is heard, one leads, and none has too much', { skip }, async () => {
  const beats = Array.from({ length: 8 }, (_, index) => beatOf(`worker-${index}`))
  const decisions = await Promise.all(beats.map(heard))
  const held = decisions.map(({ record }) => record.lines[LINE]?.held ?? 0)
  assert.equal(
    held.reduce((sum, count) => sum + count, 0),
    LIMIT,
    held.join(' + '),
  )
  assert.equal(decisions.filter(({ record }) => record.isLeader).length, 1)
  assert.equal((await store.members()).length, 8)
})

test('who is not heard is dead to the others, and has nothing when it is back', { skip }, async () => {
  const one = beatOf('one')
  assert.deepEqual((await heard(one)).grants, [{ line: LINE, count: LIMIT }])
  const other = beatOf('other')
  assert.deepEqual((await heard(other)).grants, [{ line: LINE, count: 0 }])
  await silence(one.incarnation, FLEET_TIMING.deadMs)
  const decision = await heard(next(other, 0))
  assert.deepEqual([decision.record.isLeader, decision.grants], [true, [{ line: LINE, count: LIMIT }]])
  assert.deepEqual(
    (await store.members()).map(({ owner }) => owner),
    ['other'],
  )
  assert.equal((await store.beat(next(one, LIMIT))).decision.kind, 'forgotten')
})

test('the place of a former self is taken, unless it has been heard meanwhile', { skip }, async () => {
  const former = beatOf('one')
  await heard(former)
  const later = beatOf('one')
  const { decision } = await store.beat(later)
  assert.ok(decision.kind === 'occupied')
  const { incarnation, beats } = decision.by
  await heard(next(former, LIMIT))
  const watched = { incarnation, beats }
  assert.equal((await store.beat({ ...later, watched })).decision.kind, 'occupied')
  // What it had is not free yet: it may be alive, and not know.
  const taken = await heard({ ...later, watched: { incarnation, beats: beats + 1 } })
  assert.deepEqual(taken.grants, [{ line: LINE, count: 0 }])
  assert.equal(taken.record.isLeader, false)
  assert.equal((await store.beat(next(former, LIMIT))).decision.kind, 'replaced')
  assert.deepEqual(
    (await store.members()).map((member) => member.incarnation),
    [later.incarnation],
  )
  await silence(incarnation, FLEET_TIMING.deadMs)
  const free = await heard(next(later, 0))
  assert.deepEqual([free.record.isLeader, free.grants], [true, [{ line: LINE, count: LIMIT }]])
})

test('how often lanes were resumed is heard with each heartbeat', { skip }, async () => {
  const beat = beatOf('one')
  assert.deepEqual((await store.beat(beat)).resumes, { everything: 0, lanes: {} })
  await database.run({ text: "INSERT INTO apns_worker.apps (name, resumes) VALUES ('news', 2), ('chat', 0)" })
  await database.run({ text: 'UPDATE apns_worker.outbox SET resumes = 3' })
  assert.deepEqual((await store.beat(next(beat, 0))).resumes, { everything: 3, lanes: { news: 2 } })
})
