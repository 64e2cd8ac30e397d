import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { accepts } from '../../../apns-worker/dist-test/support/child-server.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { POSTGRES_MISSING } from './postgres-programs.js'
import { PostgresServer } from './postgres-server.js'

failOnLeaks()
const skip = POSTGRES_MISSING

test('a server keeps what was committed, whichever way it ends, and its folder goes with it', {
  skip,
}, async () => {
  let folder = ''
  {
    await using server = await PostgresServer.start()
    folder = server.folder
    const database = await server.createDatabase()
    await server.query('CREATE TABLE kept (number integer)', [], database)
    for (const [number, mode] of (['fast', 'immediate', 'kill'] as const).entries()) {
      await server.query('INSERT INTO kept VALUES ($1)', [number], database)
      await server.stop(mode)
      assert.ok(!(await accepts(server.port)))
      await server.startAgain()
    }
    assert.equal((await server.query('SELECT * FROM kept', [], database)).length, 3)
    const copy = await server.createDatabase(database)
    assert.equal((await server.query('SELECT * FROM kept', [], copy)).length, 3)
    await server.dropDatabase(copy)
    await assert.rejects(server.query('SELECT', [], copy), { code: '3D000' })
  }
  assert.ok(!existsSync(folder))
})

test('a replica has what the first server has committed, and takes over', { skip }, async () => {
  await using server = await PostgresServer.start({ password: 's3cret/pass' })
  await server.query('CREATE TABLE kept (number integer)')
  await using replica = await server.replica()
  await server.set({ synchronous_standby_names: '*', synchronous_commit: 'remote_apply' })
  await server.reload()
  await server.query('INSERT INTO kept VALUES (1)')
  await assert.rejects(replica.query('INSERT INTO kept VALUES (2)'), { code: '25006' })
  await server.stop('kill')
  await replica.promote()
  await replica.query('INSERT INTO kept VALUES (2)')
  assert.equal((await replica.query('SELECT * FROM kept')).length, 2)
})

test('who does not know the password is refused', { skip }, async () => {
  await using server = await PostgresServer.start({ password: 's3cret' })
  const { Client } = await import('pg')
  const url = server.url('postgres').replace('s3cret', 'guess')
  const client = new Client({ connectionString: url })
  await assert.rejects(client.connect(), { code: '28P01' })
})

test('of a process that was killed, no server is left', { skip }, async () => {
  const module = fileURLToPath(new URL('postgres-server.js', import.meta.url))
  const script = `
    const { PostgresServer } = await import(${JSON.stringify(module)})
    const { port, folder } = await PostgresServer.start()
    console.log(JSON.stringify({ port, folder }))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { port, folder } = JSON.parse(line.toString()) as { port: number; folder: string }
  assert.ok(await accepts(port))
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
  while ((await accepts(port)) || existsSync(folder)) await sleep(5)
})
