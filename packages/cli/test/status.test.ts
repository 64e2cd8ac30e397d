import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { newApiKey } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ApiClient } from '#src/api-client.js'
import { ROOT, run } from './command.js'
import { addressOf, place, sendTo, serve, until } from './server-scene.js'

const DEAD = 'dead'.repeat(16)
const ALIVE = 'ab'.repeat(32)

const dead = { tokenPrefix: 'dead', unregistered: new Date('2026-01-01T00:00:00Z') }

async function isDone(api: ApiClient, id: string): Promise<boolean> {
  return (await api.get(`/v1/messages/${id}`))['state'] === 'done'
}

test('status: of the server, and of a message, for people and for programs; exit codes', async () => {
  await using simulator = await startSimulator({ rules: [dead] })
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const server = await addressOf(running)
  const env = { APNS_WORKER_SERVER: server }

  const fresh = await run(['status'], { env })
  assert.equal(fresh.code, 0, fresh.stderr)
  assert.match(fresh.stdout, /^http:\S+ is ready: role all, store writable, worker running$/m)
  assert.match(fresh.stdout, /^news +idle +0 +0$/m)
  assert.match(fresh.stdout, /^worker \(leader\) +all +0 of 1,000 +news open 0$/m)
  assert.match(fresh.stdout, /^No messages$/m)
  assert.ok(!fresh.stdout.includes('\u001b'), 'no control characters where nobody sees them')

  const api = new ApiClient(server)
  const good = await sendTo(api, [ALIVE])
  await until(() => isDone(api, good))
  const bad = await sendTo(api, [ALIVE, DEAD])
  await until(() => isDone(api, bad))

  const whole = await run(['status', '--server', server], {
    env: { APNS_WORKER_SERVER: 'http://127.0.0.1:1' },
  })
  assert.equal(whole.code, 0, whole.stderr)
  const [first, second] = whole.stdout.split('\n').filter((line) => /^[0-9a-f-]{36}/.test(line))
  assert.match(first ?? '', new RegExp(`^${bad} +news +done +100% +2 +1 +1`))
  assert.match(second ?? '', new RegExp(`^${good} +news +done +100% +1 +1 +0`))
  assert.match(whole.stdout, /^Unregistered +1 /m)

  const one = await run(['status', good.toUpperCase()], { env })
  assert.deepEqual([one.code, /^State +done$/m.test(one.stdout)], [0, true], one.stdout)
  assert.match(one.stdout, /^Progress +100% {2}1 of 1$/m)
  const failed = await run(['status', bad], { env })
  assert.equal(failed.code, 1)
  assert.match(failed.stdout, /^Outcomes +1 accepted, 1 refused$/m)
  assert.match(failed.stdout, /^Unregistered +1 {2}\S/m)

  const asJson = JSON.parse((await run(['status', bad, '--json'], { env })).stdout) as Record<string, unknown>
  assert.deepEqual([asJson['id'], asJson['reasons']], [bad, { Unregistered: 1 }])
  const allJson = await run(['status', '--json', '--limit', '1'], { env })
  const snapshot = JSON.parse(allJson.stdout) as Record<string, unknown[]>
  assert.deepEqual(Object.keys(snapshot), ['server', 'readiness', 'apps', 'workers', 'messages'])
  assert.equal(snapshot['messages']?.length, 1)

  const nobody = await run(['status', '00000000-0000-0000-0000-000000000000'], { env })
  assert.equal(nobody.code, 2)
  assert.match(nobody.stderr, /^error: http:.* 404 /m)
  running.child.kill('SIGTERM')
  assert.equal((await running.finished()).code, 0)

  const gone = await run(['status'], { env })
  assert.equal(gone.code, 2)
  assert.match(gone.stderr, /^error: http:\S+: nobody listens there; .*--server/m)
  assert.ok(!gone.stderr.includes('    at '), 'no stack')
})

test('status: the key comes from the environment or a file, and is never shown', async () => {
  await using simulator = await startSimulator()
  const { configPath, folder, write } = await place(simulator)
  const { key, hash } = newApiKey()
  write({
    listen: `unix:${join(folder, 'api.sock')}`,
    apiKeys: [{ name: 'ops', hash: `sha256:${hash}`, scopes: ['read'] }],
  })
  const running = serve(configPath)
  const server = await addressOf(running)
  const keyPath = join(folder, 'key')
  writeFileSync(keyPath, `${key}\n`)

  assert.equal(
    (await run(['status'], { env: { APNS_WORKER_SERVER: server, APNS_WORKER_API_KEY: key } })).code,
    0,
  )
  const fromFile = await run(['status', '--server', server, '--api-key-path', keyPath], {
    env: { APNS_WORKER_API_KEY: 'another' },
  })
  assert.equal(fromFile.code, 0, fromFile.stderr)
  assert.match(fromFile.stdout, /^unix:\S+ is ready/)

  const none = await run(['status', '--server', server])
  assert.equal(none.code, 2)
  assert.match(none.stderr, /401 .*APNS_WORKER_API_KEY.*--api-key-path/)
  const wrong = await run(['status', '--server', server], { env: { APNS_WORKER_API_KEY: 'aw_wrongkey' } })
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /401 .*not in the configuration/)
  writeFileSync(keyPath, 'two words\n')
  const broken = await run(['status', '--server', server, '--api-key-path', keyPath])
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /holds no API key/)
  assert.ok(!`${wrong.stderr}${broken.stderr}`.match(/wrongkey|two words/))
  running.child.kill('SIGTERM')
  await running.finished()
  const away = await run(['status', '--server', server])
  assert.deepEqual([away.code, /no such socket/.test(away.stderr)], [2, true], away.stderr)
})

test('status: a server that cannot reach its outbox is shown as it is, with 1', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  // Nobody listens at port 1.
  write({ store: undefined, outbox: 'postgres://127.0.0.1:1/apns' })
  const running = serve(configPath)
  const server = await addressOf(running)
  const { code, stdout, stderr } = await run(['status', '--server', server])
  assert.equal(code, 1, stderr)
  assert.match(stdout, / is unavailable: role all, store failed/)
  running.child.kill('SIGTERM')
  await running.finished()
})

test('status: what is wrong with an address is said, with 2', async () => {
  const cases: [string, RegExp][] = [
    ['push.example.com', /--server is no address: give http:/],
    ['ftp://push.example.com', /--server is no address/],
    ['unix:', /--server names no socket/],
    ['http://user:hunter2@127.0.0.1', /APNS_WORKER_API_KEY instead/],
    ['http://127.0.0.1/?key=hunter2', /--server is no address/],
  ]
  for (const [address, expected] of cases) {
    const { code, stderr } = await run(['status', '--server', address])
    assert.deepEqual([code, expected.test(stderr)], [2, true], stderr)
    assert.ok(!stderr.includes('hunter2'))
  }
  const other = createServer((_request, response) => response.end('<html>hello</html>')).listen(
    0,
    '127.0.0.1',
  )
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  const page = await run(['status', '--server', `http://127.0.0.1:${port}/`])
  assert.deepEqual([page.code, /is no apns-worker server/.test(page.stderr)], [2, true], page.stderr)
  const plain = await run(['status', '--server', `https://127.0.0.1:${port}`])
  assert.deepEqual([plain.code, /give http:\/\/ instead/.test(plain.stderr)], [2, true], plain.stderr)
  other.close()
  assert.equal((await run(['status', '--limit', '0'])).code, 2)
})

test('status: over TLS with the authority that is named, and not without it', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  const certPath = join(ROOT, 'packages/apns-worker/test/support/certificates/localhost.pem')
  write({ tls: { certPath, keyPath: certPath.replace('.pem', '.key.pem') } })
  const running = serve(configPath)
  const server = `https://localhost:${new URL(await addressOf(running)).port}`
  const trusted = await run(['status', '--server', server, '--ca-path', certPath])
  assert.equal(trusted.code, 0, trusted.stderr)
  const unknown = await run(['status', '--server', server])
  assert.deepEqual([unknown.code, /--ca-path/.test(unknown.stderr)], [2, true], unknown.stderr)
  const plain = await run(['status', '--server', server.replace('https', 'http')])
  assert.deepEqual([plain.code, /give https:/.test(plain.stderr)], [2, true], plain.stderr)
  const missing = await run(['status', '--server', server, '--ca-path', 'no-such.pem'])
  assert.deepEqual([missing.code, /no-such\.pem/.test(missing.stderr)], [2, true], missing.stderr)
  running.child.kill('SIGTERM')
  await running.finished()
})
