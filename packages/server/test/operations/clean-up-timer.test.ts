import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CleanUpTimer } from '#src/operations/clean-up-timer.js'

test('a tenth of the retention apart, with what holds then, and again after a failure', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let finishedMs = 100_000
  const asked: number[] = []
  const errors: unknown[] = []
  const outbox = {
    cleanUp: (age: { finishedMs: number }) => {
      asked.push(age.finishedMs)
      return asked.length === 1 ? Promise.reject(new Error('locked')) : Promise.resolve(0)
    },
  }
  const timer = new CleanUpTimer(
    outbox,
    () => ({ finishedMs, idempotencyMs: 200_000 }),
    (error) => errors.push(error),
  )
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  context.mock.timers.tick(9999)
  assert.deepEqual(asked, [])
  context.mock.timers.tick(1)
  await turn()
  assert.deepEqual([asked, errors.length], [[100_000], 1])
  finishedMs = 50_000
  context.mock.timers.tick(10_000)
  await turn()
  assert.deepEqual(asked, [100_000, 50_000])
  await timer[Symbol.asyncDispose]()
  context.mock.timers.tick(1_000_000)
  assert.equal(asked.length, 2)
})
