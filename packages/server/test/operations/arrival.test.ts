import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arrival } from '#src/operations/arrival.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what is not there is tried again, more and more slowly, until it is', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let isThere = false
  let attempts = 0
  const pauses: number[] = []
  const arrival = new Arrival({
    arrive: () => {
      attempts++
      return isThere ? Promise.resolve() : Promise.reject(new Error('away'))
    },
    isFinal: () => attempts > 1,
    onError: (_error, retryMs) => pauses.push(retryMs),
    random: () => 0,
  })
  await arrival.begin()
  for (const pauseMs of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    assert.equal(pauses.at(-1), pauseMs)
    const before = attempts
    context.mock.timers.tick(pauseMs - 1)
    await turn()
    assert.equal(attempts, before)
    context.mock.timers.tick(1)
    await turn()
    assert.equal(attempts, before + 1)
  }
  isThere = true
  context.mock.timers.tick(10_000)
  await turn()
  const arrived = attempts
  context.mock.timers.tick(100_000)
  await turn()
  assert.equal(attempts, arrived)
  await arrival[Symbol.asyncDispose]()
})

test('what would fail again is told at the first attempt', async () => {
  const arrival = new Arrival({
    arrive: () => Promise.reject(new Error('too new')),
    isFinal: () => true,
    onError: () => assert.fail('it is not tried again'),
  })
  await assert.rejects(arrival.begin(), /too new/)
  await arrival[Symbol.asyncDispose]()
})

test('an attempt that hangs is not waited for; what it ends with later is tried again, whatever it is', async () => {
  let fail: (error: Error) => void = () => {}
  const told: unknown[] = []
  const arrival = new Arrival({
    arrive: () =>
      new Promise((_resolve, reject) => {
        fail = reject
      }),
    isFinal: () => true,
    onError: (error) => told.push(error),
  })
  await arrival.begin(10)
  const error = new Error('too new')
  fail(error)
  await turn()
  assert.deepEqual(told, [error])
  await arrival[Symbol.asyncDispose]()
})

test('once it is ended nothing is tried, and it does not wait long for what hangs', async () => {
  let attempts = 0
  let fail: (error: Error) => void = () => {}
  const arrival = new Arrival({
    arrive: () => {
      attempts++
      return new Promise((_resolve, reject) => {
        fail = reject
      })
    },
    isFinal: () => false,
    onError: () => assert.fail('nobody wants to know any more'),
  })
  const begun = arrival.begin()
  await arrival[Symbol.asyncDispose]()
  fail(new Error('late'))
  await begun
  await arrival.begin()
  assert.equal(attempts, 1)
})
