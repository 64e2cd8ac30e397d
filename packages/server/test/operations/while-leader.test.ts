import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WhileLeader } from '#src/operations/while-leader.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('it runs while this process leads, and never twice at a time', async () => {
  const log: string[] = []
  let stopped: () => void = () => {}
  const duty = new WhileLeader({
    start: () => log.push('start'),
    stop: () =>
      new Promise((resolve) => {
        log.push('stop')
        stopped = resolve
      }),
    onError: (error) => assert.fail(String(error)),
  })
  await turn()
  assert.deepEqual(log, [])
  duty.lead(true)
  duty.lead(true)
  await turn()
  assert.deepEqual(log, ['start'])
  duty.lead(false)
  duty.lead(true)
  // It leads again before anything was stopped.
  await turn()
  duty.lead(false)
  await turn()
  assert.deepEqual(log, ['start', 'stop'])
  duty.lead(true)
  await turn()
  assert.deepEqual(log, ['start', 'stop'])
  stopped()
  await turn()
  assert.deepEqual(log, ['start', 'stop', 'start'])
  const ended = duty[Symbol.asyncDispose]()
  await turn()
  stopped()
  await ended
  duty.lead(true)
  await turn()
  assert.deepEqual(log, ['start', 'stop', 'start', 'stop'])
})

test('what fails is told, and not done over and over', async () => {
  const errors: unknown[] = []
  const duty = new WhileLeader({
    start: () => {
      throw new Error('no start')
    },
    stop: () => Promise.reject(new Error('no stop')),
    onError: (error) => errors.push(String(error)),
  })
  duty.lead(true)
  await turn()
  duty.lead(false)
  await turn()
  assert.deepEqual(errors, ['Error: no start', 'Error: no stop'])
  await duty[Symbol.asyncDispose]()
})
