import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { startListening } from '#src/operations/listening.js'
import { Folder } from './folder.js'

function api(): FastifyInstance {
  return fastify().get('/', () => 'here')
}

async function answerAt(socketPath: string): Promise<number | undefined> {
  const sent = request({ socketPath, path: '/' }).end()
  const [response] = await once(sent, 'response')
  response.resume()
  return response.statusCode
}

async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o777
}

test('a socket is for its owner alone, or with API keys for its group', async () => {
  await using folder = await Folder.make()
  for (const [hasKeys, mode] of [
    [false, 0o600],
    [true, 0o660],
  ] as const) {
    const path = folder.file(`${hasKeys}.sock`)
    await using listening = api()
    const umask = process.umask()
    assert.equal(await startListening(listening, { listen: { path }, hasKeys }), `unix:${path}`)
    assert.equal(process.umask(), umask)
    assert.equal(await modeOf(path), mode)
    assert.equal(await answerAt(path), 200)
  }
})

test('a socket whose server was killed is taken over; one that answers is not', async (context) => {
  await using folder = await Folder.make()
  const path = folder.file('api.sock')
  const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
  const child = spawn(process.execPath, ['--eval', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  await using second = api()
  const options = { listen: { path }, hasKeys: false }
  await assert.rejects(startListening(second, options), {
    code: 'CANNOT_LISTEN',
    message: /another program listens there/,
  })
  assert.ok((await lstat(path)).isSocket())
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.ok((await lstat(path)).isSocket(), 'it is left behind')

  await using third = api()
  await startListening(third, options)
  assert.equal(await answerAt(path), 200)
})

test('a file that is no socket is left alone', async () => {
  await using folder = await Folder.make()
  const path = folder.file('precious')
  await writeFile(path, 'data')
  await using listening = api()
  await assert.rejects(startListening(listening, { listen: { path }, hasKeys: false }), {
    code: 'CANNOT_LISTEN',
    message: /no socket/,
  })
  assert.ok((await lstat(path)).isFile())
})

test('a port that is taken is said to be', async () => {
  await using first = api()
  const address = await startListening(first, { listen: { host: '127.0.0.1', port: 0 }, hasKeys: false })
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/)
  await using second = api()
  const port = Number(new URL(address).port)
  await assert.rejects(startListening(second, { listen: { host: '127.0.0.1', port }, hasKeys: false }), {
    code: 'CANNOT_LISTEN',
    message: `cannot listen on 127.0.0.1:${port}: another program listens there`,
  })
})
