import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { MAIN, run, start } from './command.js'
import { addressOf, place, serve } from './server-scene.js'
import { NO_TERMINAL, startOnTerminal } from './terminal.js'

/** Throws what nobody catches, when it is told to. */
const FAILING = `data:text/javascript,${encodeURIComponent("process.on('SIGUSR2',()=>{throw new Error('boom')})")}`

/** As where the optional package pg was left out. */
const RESOLVER = `export async function resolve(name, context, next) {
  if (name !== 'pg') return next(name, context)
  throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
}`
const RESOLVER_URL = `data:text/javascript,${encodeURIComponent(RESOLVER)}`
const WITHOUT_PG = `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module'; register(${JSON.stringify(RESOLVER_URL)})`)}`

test('serve: it listens, is ready, and SIGTERM ends it with 0', async () => {
  await using simulator = await startSimulator()
  const { configPath, folder, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const address = await addressOf(running)
  const body = JSON.stringify({ app: 'news', tokens: ['ab'.repeat(32)], payload: { aps: { alert: 'hi' } } })
  const headers = { 'content-type': 'application/json' }
  const accepted = await fetch(`${address}/v1/messages`, { method: 'POST', headers, body })
  assert.equal(accepted.status, 202)
  await simulator.waitFor(1)
  assert.equal((await fetch(`${address}/readyz`)).status, 200)
  assert.equal(readFileSync(join(folder, 'ready'), 'utf8'), `${running.child.pid}\n`)
  running.child.kill('SIGTERM')
  const { code, stdout } = await running.finished()
  assert.equal(code, 0, stdout)
  assert.match(stdout, /"pendingTokens":0,.*stopped in/)
  assert.ok(!existsSync(join(folder, 'ready')))
})

test('serve: SIGHUP reads the configuration again; one that is wrong changes nothing', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const address = await addressOf(running)
  const apps = async (): Promise<number> => (await fetch(`${address}/v1/apps`)).status
  assert.equal(await apps(), 200)
  write({ nonsense: true })
  running.child.kill('SIGHUP')
  await running.saysOnStdout('SIGHUP: the configuration stays as it was')
  assert.match(running.stdout(), /nonsense/)
  assert.equal(await apps(), 200)
  write({ apiKeys: [{ name: 'ops', hash: `sha256:${'0a'.repeat(32)}`, scopes: ['read'] }] })
  running.child.kill('SIGHUP')
  await running.saysOnStdout('SIGHUP: the configuration was read again')
  assert.equal(await apps(), 401)
  running.child.kill('SIGINT')
  assert.equal((await running.finished()).code, 0)
})

test('serve: a second signal ends it at once; without one, what is not answered in time is 3', async () => {
  await using simulator = await startSimulator()
  simulator.reply({ silent: true })
  const { configPath, write } = await place(simulator)
  write({ drainTimeout: 50 })
  const forced = serve(configPath)
  const address = await addressOf(forced)
  const body = JSON.stringify({ app: 'news', tokens: ['cd'.repeat(32)], payload: { aps: { alert: 'hi' } } })
  const headers = { 'content-type': 'application/json' }
  await fetch(`${address}/v1/messages`, { method: 'POST', headers, body })
  await simulator.waitFor(1)
  forced.child.kill('SIGTERM')
  await forced.saysOnStdout('SIGTERM: stopping')
  forced.child.kill('SIGTERM')
  assert.equal((await forced.finished()).code, 143)

  write({ drainTimeout: 0.1 })
  const cut = serve(configPath)
  await addressOf(cut)
  // It has taken over what its former self had in flight.
  await simulator.waitFor(2)
  cut.child.kill('SIGTERM')
  const { code, stdout } = await cut.finished()
  assert.equal(code, 3, stdout)
  assert.match(stdout, /"batchesInDoubt":[1-9]/)
})

test('serve: an error that nobody catches is logged, and ends it with 1', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath, { NODE_OPTIONS: `--import=${FAILING}` })
  await addressOf(running)
  running.child.kill('SIGUSR2')
  const { code, stdout } = await running.finished()
  assert.equal(code, 1)
  assert.match(stdout, /"level":"fatal".*boom/)
})

test('serve: what is wrong before it runs is said in words, with 2', async () => {
  await using simulator = await startSimulator()
  const { configPath, folder, write } = await place(simulator)
  write({ listen: '0.0.0.0:0' })
  const open = await run(['serve', '--config', configPath])
  assert.equal(open.code, 2)
  assert.match(open.stderr, /server\.yaml:1:\d+: listen .*apiKeys/)
  assert.ok(!open.stderr.includes('    at '), 'no stack')

  write({ store: join(folder, 'no', 'such', 'folder', 'store.db') })
  const homeless = await run(['serve', '--config', configPath])
  assert.equal(homeless.code, 2)
  assert.match(homeless.stderr, /store .*folder/)
  assert.ok(!homeless.stderr.includes('    at '), 'no stack')

  write()
  const first = serve(configPath)
  await addressOf(first)
  const second = await run(['serve', '--config', configPath])
  assert.equal(second.code, 2)
  assert.match(second.stderr, /another server is running as "worker"/)
  first.child.kill('SIGTERM')
  assert.equal((await first.finished()).code, 0)

  for (const args of [
    ['serve'],
    ['serve', '--once', '--config', configPath],
    ['serve', '--demo', '--config', 'x'],
  ]) {
    assert.equal((await run(args)).code, 2, args.join(' '))
  }
})

test('serve --demo: a first message to 20,000 devices; where nobody watches it ends by itself', async () => {
  const { code, stdout, stderr } = await run(['serve', '--demo'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Unregistered +400 +/m)
  assert.match(stdout, /^19,460 of 20,000 accepted, 540 refused in/m)
  assert.match(stdout, /curl -H 'authorization: Bearer aw_[\w-]+'/)
  assert.match(stderr, /^The server is at http:/m)
  const folder = /store +(\S+),/.exec(stderr)?.[1] ?? ''
  assert.ok(folder !== '' && !existsSync(folder), 'its folder is gone')
  assert.ok(!`${stdout}${stderr}`.includes('\u001b'), 'no control characters where nobody sees them')
})

test('serve --role: it wins over the configuration, also when that is read again', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write({ role: 'api', worker: { owner: 'one' } })
  const running = start(MAIN, ['serve', '--config', configPath, '--role', 'worker'])
  const address = await addressOf(running)
  const ready = (await (await fetch(`${address}/readyz`)).json()) as Record<string, unknown>
  assert.deepEqual([ready['role'], ready['worker']], ['worker', 'running'])
  assert.equal((await fetch(`${address}/v1/messages`)).status, 404)
  running.child.kill('SIGHUP')
  await running.saysOnStdout('the configuration was read again')
  assert.doesNotMatch(running.stdout(), /counts after a restart/)
  running.child.kill('SIGTERM')
  assert.equal((await running.finished()).code, 0)
})

test('serve --role: one that there is not, or with --demo, is wrong usage', async () => {
  const unknown = await run(['serve', '--role', 'sender', '--config', 'x.yaml'])
  assert.deepEqual([unknown.code, /all, api, worker/.test(unknown.stderr)], [2, true], unknown.stderr)
  const demo = await run(['serve', '--demo', '--role', 'api'])
  assert.deepEqual([demo.code, /leave out --role/.test(demo.stderr)], [2, true], demo.stderr)
})

test('serve: a shared outbox that is not there is waited for, and SIGTERM ends that', async () => {
  await using simulator = await startSimulator()
  const { configPath, write, folder } = await place(simulator)
  // Nobody listens at port 1.
  write({ store: undefined, outbox: 'postgres://apns:hunter2@127.0.0.1:1/apns' })
  const running = serve(configPath)
  const address = await addressOf(running)
  assert.equal((await fetch(`${address}/healthz`)).status, 200)
  assert.equal((await fetch(`${address}/readyz`)).status, 503)
  assert.ok(!existsSync(join(folder, 'ready')))
  running.child.kill('SIGTERM')
  const { code, stdout } = await running.finished()
  assert.equal(code, 0, stdout)
  assert.match(stdout, /an unknown number of tokens wait/)
  assert.ok(!stdout.includes('hunter2'))
})

test('serve: the package that a shared outbox needs is named where it is missing, with 2', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write({ store: undefined, outbox: 'postgres://127.0.0.1:1/apns' })
  const { code, stderr } = await serve(configPath, { NODE_OPTIONS: `--import=${WITHOUT_PG}` }).finished()
  assert.equal(code, 2)
  assert.match(stderr, /^error: .*npm install pg$/m)
  assert.ok(!stderr.includes('    at '), 'no stack')
})

test('serve: a database that takes connections and answers nothing does not keep the process from its end', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  write({ store: undefined, outbox: { url: `postgres://127.0.0.1:${port}/apns`, connectTimeout: 300 } })
  const connected = once(silent, 'connection')
  const running = serve(configPath)
  const [socket] = await connected
  running.child.kill('SIGTERM')
  assert.equal((await running.finished()).code, 0)
  socket.destroy()
  silent.close()
})

test('serve --demo: on a terminal it runs on, its curl line works, and Ctrl-C ends it with 0', {
  skip: NO_TERMINAL,
}, async () => {
  const terminal = startOnTerminal(['serve', '--demo'])
  await terminal.shows('Ctrl-C stops the server.')
  const [, key, body, url] = /Bearer (\S+?)'.*?-d '([^']+)' (http:\S+messages)/s.exec(terminal.output()) ?? []
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(url ?? '', { method: 'POST', headers, body: body ?? '' })
  assert.equal(answer.status, 202)
  terminal.type('\u0003')
  assert.equal(await terminal.code(), 0, terminal.output())
  assert.match(terminal.output(), /█+/)
})
