import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { ServerError } from '@apns-worker/server'
import { OwnerLock } from '#src/operations/owner-lock.js'
import { Folder } from './folder.js'

const module = import.meta.resolve('#src/operations/owner-lock.js')

test('an owner is one server’s at a time, on each store; others have names of their own', async () => {
  await using folder = await Folder.make()
  const store = folder.file('store.db')
  using first = OwnerLock.take(store, 'worker', 0)
  assert.throws(
    () => OwnerLock.take(store, 'worker', 0),
    (error) =>
      error instanceof ServerError &&
      error.code === 'ALREADY_RUNNING' &&
      /"worker".*store\.db/.test(error.message),
  )
  using other = OwnerLock.take(store, 'worker/2 ✓', 0)
  using elsewhere = OwnerLock.take(folder.file('other.db'), 'worker', 0)
  assert.equal(new Set([first.path, other.path, elsewhere.path]).size, 3)
  first[Symbol.dispose]()
  OwnerLock.take(store, 'worker', 0)[Symbol.dispose]()
})

test('the lock of a process that was killed is free', async (context) => {
  await using folder = await Folder.make()
  const store = folder.file('store.db')
  const hold = `import { OwnerLock } from ${JSON.stringify(module)}
    globalThis.lock = OwnerLock.take(${JSON.stringify(store)}, 'worker', 0)
    console.log('taken')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', hold], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  context.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => OwnerLock.take(store, 'worker', 0), { code: 'ALREADY_RUNNING' })
  child.kill('SIGKILL')
  await once(child, 'close')
  OwnerLock.take(store, 'worker', 0)[Symbol.dispose]()
})

test('a lock that cannot be made is no lock that another has', async () => {
  await using folder = await Folder.make()
  const nowhere = folder.file('no/such/folder/store.db')
  assert.throws(() => OwnerLock.take(nowhere, 'worker', 0), { code: 'STORE_UNAVAILABLE' })
})
