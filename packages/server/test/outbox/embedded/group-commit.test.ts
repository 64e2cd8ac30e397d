import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutboxError } from '@apns-worker/server'
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
