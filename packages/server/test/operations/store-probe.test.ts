import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OutboxError } from '@apns-worker/server'
import { StoreProbe } from '#src/operations/store-probe.js'
import { Folder } from './folder.js'

test('a store that takes a write is writable, with a file or without; one that fails says why', async () => {
  await using folder = await Folder.make()
  const writes = { takeOver: () => Promise.resolve(0) }
  assert.deepEqual(await new StoreProbe(writes, undefined).ask(), { state: 'writable' })
  assert.deepEqual(await new StoreProbe(writes, folder.file('x.db')).ask(), { state: 'writable' })
  const fails = { takeOver: () => Promise.reject(new OutboxError('STORE_READ_ONLY', 'a replica')) }
  const readOnly = await new StoreProbe(fails, undefined).ask()
  assert.deepEqual(readOnly, { state: 'failed', code: 'STORE_READ_ONLY' })
  const breaks = { takeOver: () => Promise.reject(new Error('?')) }
  assert.equal((await new StoreProbe(breaks, undefined).ask()).code, 'STORE_UNAVAILABLE')
})

test('one that does not answer is waited for no longer than that, and is not asked twice at a time', async () => {
  let asked = 0
  let answer: (batches: number) => void = () => {}
  const hangs = {
    takeOver: () => {
      asked++
      return new Promise<number>((resolve) => {
        answer = resolve
      })
    },
  }
  const probe = new StoreProbe(hangs, undefined, 10)
  const silent = { state: 'failed', code: 'STORE_SILENT' }
  assert.deepEqual(await Promise.all([probe.ask(), probe.ask()]), [silent, silent])
  assert.deepEqual(await probe.ask(), silent)
  assert.equal(asked, 1)
  answer(0)
  await new Promise((resolve) => setImmediate(resolve))
  const again = probe.ask()
  assert.equal(asked, 2)
  answer(0)
  assert.deepEqual(await again, { state: 'writable' })
})
