import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Claim, OutboxError, type PackedTokens } from '@apns-worker/server'
import type { Database } from '#src/outbox/embedded/database.js'
import { commitGroup, type StoreCall } from '#src/outbox/embedded/group-commit.js'
import { openStore } from '#src/outbox/embedded/open-store.js'
import { makeStore, type Store } from '#src/outbox/embedded/store.js'
import { withFolder } from '../support/embedded-place.js'

interface Rig {
  readonly database: Database
  readonly store: Store
  /** What was said to the database, the statements of calls aside. */
  readonly said: string[]
  run(calls: readonly StoreCall[]): ReturnType<typeof commitGroup>
}

function rig(work: (rig: Rig) => void): () => Promise<void> {
  return () =>
    withFolder(async (path) => {
      const options = {
        durability: 'crash',
        busyTimeoutMs: 0,
        maxFileBytes: undefined,
        driver: undefined,
      } as const
      const opened = openStore({ ...options, path })
      const said: string[] = []
      const database: Database = {
        prepare: (sql) => opened.prepare(sql),
        close: () => opened.close(),
        exec: (sql) => {
          said.push(sql)
          return opened.exec(sql)
        },
      }
      const store = makeStore(database)
      try {
        work({ database, store, said, run: (calls) => commitGroup(database, store, calls, path) })
      } finally {
        opened.close()
      }
    })
}

function appendCall(id: number, content = '', app = 'news'): StoreCall {
  const batch = { count: 1, tokenBytes: 2, bytes: Uint8Array.of(1, id) }
  const argument = { uuid: `m${id}`, message: { app, content }, digest: undefined, batches: [batch] }
  return { id, name: 'append', argument: { ...argument, maxPending: 1000, now: 1 } }
}

test(
  'calls share one transaction, and so one wait for the disk',
  rig(({ run, said, store }) => {
    const replies = run(Array.from({ length: 200 }, (_, id) => appendCall(id)))
    assert.equal(replies.filter((reply) => 'result' in reply).length, 200)
    assert.deepEqual([said.at(0), said.at(-1)], ['BEGIN IMMEDIATE', 'COMMIT'])
    assert.equal(said.filter((sql) => sql === 'COMMIT').length, 1)
    assert.equal(store.stats().pending, 200)
  }),
)

test(
  'a call that fails leaves the others alone, and nothing of itself',
  rig(({ run, store }) => {
    // The second has the first one's id, which its row learns after its app has been made.
    const twice = { ...appendCall(0, '', 'other'), id: 1 }
    const replies = run([appendCall(0), twice, appendCall(2)])
    assert.deepEqual(
      replies.map((reply) => 'result' in reply),
      [true, false, true],
    )
    const { pending, apps } = store.stats()
    assert.deepEqual([pending, apps.map(({ app }) => app)], [2, ['news']])
  }),
)

test(
  'when the store cannot be written to, no call of the group has succeeded',
  rig(({ run, database, store }) => {
    run([appendCall(0)])
    database.exec('PRAGMA query_only = ON')
    const replies = run([{ id: 7, name: 'stats', argument: undefined }, appendCall(1), appendCall(2)])
    for (const reply of replies) {
      assert.ok('error' in reply && reply.error instanceof OutboxError)
      assert.equal(reply.error.code, 'STORE_READ_ONLY')
    }
    assert.deepEqual(
      replies.map(({ id }) => id),
      [7, 1, 2],
    )
    database.exec('PRAGMA query_only = OFF')
    assert.equal(store.stats().pending, 1)
    assert.ok('result' in (run([appendCall(3)])[0] ?? {}))
  }),
)

test(
  'what only reads takes no lock',
  rig(({ run, said }) => {
    run([{ id: 0, name: 'stats', argument: undefined }])
    assert.equal(said.at(0), 'BEGIN')
  }),
)

test(
  'what came on the list in a transaction that was undone does not hide what another process adds',
  rig(({ run, store, database }) => {
    const dead = (id: number): Uint8Array => Uint8Array.of(1, id)
    const kill = (batchId: number, fence: number): StoreCall => {
      const others = [{ index: 0, status: 'refused', reason: 'Unregistered', isDead: true }]
      return { id: 0, name: 'record', argument: { progress: [{ batchId, fence, others }], now: 1 } }
    }
    const claim: StoreCall = {
      id: 1,
      name: 'claim',
      argument: { owner: 'w', leaseMs: 1000, maxTokens: 10, now: 1 },
    }
    run([appendCall(1), appendCall(2), claim])
    const [first, second] = batchesIn(database)
    assert.ok(first && second)
    // The claim has seen the first token on the list; then the transaction fails as a whole.
    const full: StoreCall = { id: 2, name: 'send', argument: undefined }
    const failing = {
      ...store,
      send: (): never => {
        throw Object.assign(new Error('full'), { errcode: 13 })
      },
    }
    const replies = commitGroup(database, failing, [kill(first.id, first.fence), claim, full], 'here')
    assert.ok(replies.every((reply) => 'error' in reply))
    assert.deepEqual(store.suppressions({ app: 'news', token: undefined, after: 0, limit: 10 }).items, [])
    // Another store on the file: its first token has the number that the other's had.
    commitGroup(database, makeStore(database), [kill(second.id, second.fence)], 'here')
    run([
      { ...appendCall(3), argument: { ...(appendCall(3).argument as object), batches: [packed(dead(2))] } },
    ])
    const reply = run([claim])[0]
    assert.ok(reply !== undefined && 'result' in reply)
    assert.deepEqual((reply.result as Claim).batches, [])
  }),
)

function packed(bytes: Uint8Array): PackedTokens {
  return { count: 1, tokenBytes: bytes.length, bytes }
}

function batchesIn(database: Database): { id: number; fence: number }[] {
  return database.prepare<{ id: number; fence: number }>('SELECT id, fence FROM batches ORDER BY id').all()
}
