import assert from 'node:assert/strict'
import { access, chmod, readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Announcements } from '#src/operations/announcements.js'
import { Folder } from './folder.js'

test('the file is there while the server is ready, with the number of its process', async () => {
  await using folder = await Folder.make()
  const readyFile = folder.file('ready')
  await writeFile(readyFile, 'of a former self')
  const errors: unknown[] = []
  const said = new Announcements({ readyFile, environment: {}, onError: (error) => errors.push(error) })
  await said.starting()
  await assert.rejects(access(readyFile))
  await said.ready('http://127.0.0.1:1')
  assert.equal(await readFile(readyFile, 'utf8'), `${process.pid}\n`)
  await said.stopping()
  await assert.rejects(access(readyFile))
  // What it waited for comes when it is told to stop.
  await said.ready('http://127.0.0.1:1')
  await assert.rejects(access(readyFile))
  assert.deepEqual(errors, [])
})

test('systemd is told by its own program, where it wants to be', async () => {
  await using folder = await Folder.make()
  const log = folder.file('log')
  const program = folder.file('systemd-notify')
  await writeFile(program, `#!/bin/sh\necho "$NOTIFY_SOCKET" "$@" >>'${log}'\n`)
  await chmod(program, 0o755)
  const errors: unknown[] = []
  const announcements = (environment: NodeJS.ProcessEnv): Announcements =>
    new Announcements({ readyFile: undefined, environment, onError: (error) => errors.push(error) })
  const PATH = `${folder.path}:${process.env['PATH']}`
  await announcements({ PATH }).ready('http://127.0.0.1:1')
  await assert.rejects(access(log))
  const told = announcements({ PATH, NOTIFY_SOCKET: '/run/notify' })
  await told.waiting('http://127.0.0.1:1')
  await told.ready('http://127.0.0.1:1')
  await told.stopping()
  assert.deepEqual((await readFile(log, 'utf8')).split('\n'), [
    '/run/notify READY=1 STATUS=listening on http://127.0.0.1:1, waiting for the outbox',
    '/run/notify READY=1 STATUS=listening on http://127.0.0.1:1',
    '/run/notify STOPPING=1 STATUS=draining',
    '',
  ])
  assert.deepEqual(errors, [])
})

test('a file that cannot be written, and a program that is not there, are told and no more', async () => {
  await using folder = await Folder.make()
  const errors: unknown[] = []
  const environment = { PATH: folder.path, NOTIFY_SOCKET: '/run/notify' }
  const readyFile = folder.file('no/such/folder/ready')
  const said = new Announcements({ readyFile, environment, onError: (error) => errors.push(error) })
  await said.ready('http://127.0.0.1:1')
  assert.equal(errors.length, 2)
})
