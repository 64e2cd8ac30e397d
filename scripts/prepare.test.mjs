import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isInstalled } from './install.mjs'
import { withLock } from './lock.mjs'

const directory = mkdtempSync(join(tmpdir(), 'apns-worker-scripts-'))
after(() => rmSync(directory, { recursive: true }))
const lock = join(directory, 'lock')

test('one process at a time holds the lock, and it is gone afterwards, also after a failure', async () => {
  let inside = 0
  let waits = 0
  const work = async () => {
    assert.equal(++inside, 1)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
  }
  const turns = [1, 2, 3].map(() => withLock(lock, work, () => waits++))
  await Promise.all(turns)
  assert.equal(waits, 2)
  await assert.rejects(
    withLock(lock, () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(existsSync(lock), false)
})

test('the lock of a process that is gone is taken over', async () => {
  // Beyond the highest process id that Linux, macOS or Windows gives.
  writeFileSync(lock, '4194999\n')
  assert.equal(await withLock(lock, async () => 'done'), 'done')
})

test('a lock that nobody has touched for long is taken over, whoever has its process id now', async () => {
  writeFileSync(lock, `${process.pid}\n`)
  utimesSync(lock, new Date(0), new Date(0))
  assert.equal(await withLock(lock, async () => 'done'), 'done')
})

test('installed is what the lock file asks for, other platforms aside', () => {
  const place = join(directory, 'package')
  mkdirSync(join(place, 'node_modules'), { recursive: true })
  const a = { version: '1.0.0', integrity: 'sha512-a' }
  const other = { version: '1.0.0', optional: true }
  const write = (/** @type {object} */ wanted, /** @type {object} */ present) => {
    writeFileSync(join(place, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...wanted } }))
    writeFileSync(join(place, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: present }))
  }
  assert.equal(isInstalled(place), false)
  write({ a, other }, { a })
  assert.equal(isInstalled(place), true)
  write({ a, other }, { a: { ...a, version: '1.0.1' } })
  assert.equal(isInstalled(place), false)
  write({ a, b: a }, { a })
  assert.equal(isInstalled(place), false)
  rmSync(join(place, 'node_modules'), { recursive: true })
  assert.equal(isInstalled(place), false)
})
