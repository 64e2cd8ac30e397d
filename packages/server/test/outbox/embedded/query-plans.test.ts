import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '#src/outbox/embedded/database.js'
import { openStore } from '#src/outbox/embedded/open-store.js'
import { makeStore } from '#src/outbox/embedded/store.js'
import { withFolder } from '../support/embedded-place.js'

/**
 * Reads a table from end to end, or would need an index that there is not. The tables of a row an app or less may be read,
 * and what a subquery gives, which has a plan of its own.
 */
const SLOW = /^SCAN (?!(apps|a|outbox|o|pragma_\w+)\b|\(subquery)(?!.*USING (COVERING )?INDEX)|AUTOMATIC/

test('no statement reads a table from end to end', async () => {
  await withFolder(async (path) => {
    const options = {
      durability: 'crash',
      busyTimeoutMs: 0,
      maxFileBytes: undefined,
      driver: undefined,
    } as const
    const opened = openStore({ ...options, path })
    const statements = new Set<string>()
    const database: Database = {
      exec: (sql) => opened.exec(sql),
      close: () => opened.close(),
      prepare: (sql) => {
        statements.add(sql)
        return opened.prepare(sql)
      },
    }
    try {
      prepareAll(database)
      const slow = [...statements].flatMap((sql) =>
        planOf(opened, sql)
          .filter((step) => SLOW.test(step))
          .map((step) => `${step}: ${sql}`),
      )
      assert.deepEqual(slow, [])
      assert.ok(statements.size > 40, `${statements.size} statements`)
      assert.match(planOf(opened, 'SELECT * FROM messages WHERE content = ?').join(), SLOW)
    } finally {
      opened.close()
    }
  })
})

/** Most are prepared at once, the others when they are used. */
function prepareAll(database: Database): void {
  const store = makeStore(database)
  const message = { app: 'a', content: '' }
  const now = 1
  const append = { message, digest: undefined, batches: [], maxPending: 1, now }
  store.append({ ...append, uuid: 'x' })
  const page = { limit: 1, before: 'x' }
  for (const app of [undefined, 'a']) {
    for (const isUnfinished of [false, true]) store.messages({ ...page, app, isUnfinished })
  }
  for (const uuid of [undefined, 'x']) store.outcomes({ uuid, after: 0, limit: 1 })
  store.message({ uuid: 'x' })
  store.stats()
  for (const scope of ['everything', { app: 'a' }, { messageId: 'x' }] as const) {
    for (const isPaused of [true, false]) store.pause({ scope, isPaused })
    for (const kind of ['cancel', 'purge'] as const) store.step({ kind, scope, after: 0, upTo: 0, now })
  }
}

function planOf(database: Database, sql: string): string[] {
  const parameters = Array.from({ length: sql.split('?').length - 1 }, () => 1)
  const plan = database.prepare<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
  return plan.all(...parameters).map(({ detail }) => detail)
}
