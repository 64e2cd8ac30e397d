import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Simulator, startSimulator, writeCredentials } from '@apns-worker/simulator'
import { run, temporaryDirectory } from './command.js'

const TOPIC = 'com.example.app'
const TOKEN = 'aa'.repeat(32)

const place = temporaryDirectory()
const asked: { readonly to: string | undefined; readonly login: string | undefined }[] = []
const proxy = createServer()
let apns: Simulator
let args: string[]
let url: string

proxy.on('connect', ({ url: to, headers }: IncomingMessage, client: Socket) => {
  asked.push({ to, login: headers['proxy-authorization'] })
  const onward = connect(apns.port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n')
    client.pipe(onward).pipe(client)
  })
  for (const socket of [client, onward]) socket.on('error', () => {})
})

before(async () => {
  apns = await startSimulator()
  const { caPath, keyPath, teamId } = await writeCredentials(apns, join(place, 'credentials'), [TOPIC])
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  url = `http://aladdin:sesame@127.0.0.1:${(proxy.address() as AddressInfo).port}` // it listens on TCP
  const where = ['--environment', `localhost:${apns.port}`, '--ca', caPath, '--topic', TOPIC]
  args = ['send', TOKEN, '--alert', 'Hello', ...where, '--key', keyPath, '--team-id', teamId]
})
after(async () => {
  proxy.close()
  await apns.close()
})

/** Sends one notification, and gives what the proxy was asked. */
async function send(options: readonly string[], env: NodeJS.ProcessEnv): Promise<typeof asked> {
  asked.length = 0
  const { code, stderr } = await run([...args, ...options], {
    env: { https_proxy: '', no_proxy: '', ...env },
  })
  assert.equal(code, 0, stderr)
  return [...asked]
}

test('a proxy is what --proxy says, or APNS_PROXY, or the environment where one of them says so', async () => {
  const login = `Basic ${Buffer.from('aladdin:sesame').toString('base64')}`
  const through = [{ to: `localhost:${apns.port}`, login }]
  assert.deepEqual(await send(['--proxy', url], {}), through)
  assert.deepEqual(await send([], { APNS_PROXY: url }), through)
  assert.deepEqual(await send(['--proxy', 'environment'], { https_proxy: url }), through)
  assert.deepEqual(await send(['--proxy', url], { APNS_PROXY: 'http://127.0.0.1:9' }), through)
  assert.deepEqual(await send(['--proxy', ''], { APNS_PROXY: url }), [])
  assert.deepEqual(await send([], { APNS_PROXY: '', https_proxy: url }), [])
})

test('a proxy that is none is a mistake, said without the password', async () => {
  for (const command of [args, ['repl', ...args.slice(4)]]) {
    const { code, stderr } = await run([...command, '--proxy', 'ftp://aladdin:sesame@proxy.example'])
    assert.equal(code, 2)
    assert.match(stderr, /^error: proxy is for no known kind of proxy; give http:\/\/.*\n$/)
    assert.doesNotMatch(stderr, /aladdin|sesame/)
  }
})
