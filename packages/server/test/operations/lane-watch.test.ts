import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutboxStats } from '@apns-worker/server'
import { LaneWatch } from '#src/operations/lane-watch.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('lanes that get messages later are served, and those that nobody can serve are told once', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let lanes = ['news', 'gone']
  let fails = false
  const served: string[][] = []
  const orphans: (readonly string[])[] = []
  const errors: unknown[] = []
  const watch = new LaneWatch({
    outbox: {
      stats: () => {
        const apps = lanes.map((app) => ({ app }))
        // As much of it as is looked at.
        return fails ? Promise.reject(new Error('away')) : Promise.resolve({ apps } as unknown as OutboxStats)
      },
    },
    serve: (names) => {
      served.push([...names])
      return [...names].filter((name) => name.startsWith('gone'))
    },
    onOrphans: (each) => orphans.push(each),
    onError: (error) => errors.push(error),
  })
  fails = true
  await assert.rejects(watch.start(), /away/)
  fails = false
  await watch.start()
  assert.deepEqual(served, [['news', 'gone']])
  lanes = ['news', 'gone', 'news@sandbox', 'gone-too']
  fails = true
  context.mock.timers.tick(5000)
  await turn()
  assert.equal(errors.length, 1)
  fails = false
  context.mock.timers.tick(5000)
  await turn()
  assert.deepEqual(served.at(-1), lanes)
  assert.deepEqual(orphans, [['gone'], ['gone-too']])
  await watch[Symbol.asyncDispose]()
  context.mock.timers.tick(50_000)
  await turn()
  assert.equal(served.length, 2)
})
