import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StartedParts } from '#src/operations/started-parts.js'

test('what was started is ended in reverse order, once, and whatever fails meanwhile', async () => {
  const parts = new StartedParts()
  const ended: string[] = []
  const broken = new Error('broken')
  await parts.start(
    'store',
    () => 'a',
    (part) => ended.push(part),
  )
  parts.add('worker', () => Promise.reject(broken))
  parts.add('API', () => ended.push('c'))
  assert.deepEqual(await parts.end(), [{ name: 'worker', cause: broken }])
  assert.deepEqual(ended, ['c', 'a'])
  assert.deepEqual(await parts.end(), [])
  assert.deepEqual(ended, ['c', 'a'])
})

test('what did not start is not ended', async () => {
  const parts = new StartedParts()
  const failing = parts.start(
    'store',
    () => Promise.reject(new Error('no disk')),
    () => assert.fail(),
  )
  await assert.rejects(failing, /no disk/)
  assert.deepEqual(await parts.end(), [])
})
