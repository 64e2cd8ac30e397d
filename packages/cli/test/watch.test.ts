import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { startSimulator } from '@apns-worker/simulator'
import { ApiClient } from '#src/api-client.js'
import { MAIN, start } from './command.js'
import { addressOf, place, sendTo, serve, until } from './server-scene.js'
import { NO_TERMINAL, startOnTerminal } from './terminal.js'

const ESCAPE = '\u001b'
const OFTEN = ['--interval', '0.05']
const tokens = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => index.toString(16).padStart(64, '0'))
const dead = { tokenPrefix: 'dead', unregistered: new Date('2026-01-01T00:00:00Z') }

test('watch ID: piped, a line for each change, until it is done; then 0, or 1 where some have failed', async () => {
  await using simulator = await startSimulator({ rules: [dead] })
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const server = await addressOf(running)
  const api = new ApiClient(server)
  await api.post('/v1/pause', {})
  const id = await sendTo(api, [...tokens(3), 'dead'.repeat(16)])
  const watching = start(MAIN, ['watch', id, '--server', server, ...OFTEN])
  await watching.saysOnStdout('paused')
  await api.post('/v1/resume', {})
  const { code, stdout, stderr } = await watching.finished()
  assert.equal(code, 1, stderr)
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0] ?? '', new RegExp(`^message ${id} {2}news {2}paused {2}0% of 4 {2}0 accepted`))
  assert.match(lines.at(-1) ?? '', /done {2}100% of 4 {2}3 accepted, 1 refused/)
  assert.equal(new Set(lines).size, lines.length, 'what has not changed is not said again')
  assert.ok(!stdout.includes(ESCAPE))

  const good = await sendTo(api, tokens(2))
  const asJson = await start(MAIN, ['watch', good, '--server', server, '--json', ...OFTEN]).finished()
  assert.equal(asJson.code, 0, asJson.stderr)
  const last = JSON.parse(asJson.stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
  assert.deepEqual([last['id'], last['state']], [good, 'done'])
  const none = await start(MAIN, [
    'watch',
    '00000000-0000-0000-0000-000000000000',
    '--server',
    server,
  ]).finished()
  assert.deepEqual([none.code, / 404 /.test(none.stderr)], [2, true], none.stderr)
  running.child.kill('SIGTERM')
  await running.finished()
})

test('watch: the server, through its restart, until Ctrl-C: 130; nobody there at first: 2', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write()
  const first = serve(configPath)
  const server = await addressOf(first)
  write({ listen: new URL(server).host })
  const watching = start(MAIN, ['watch', '--server', server, ...OFTEN])
  await watching.saysOnStdout('is ready')
  await watching.saysOnStdout('app news idle')
  await watching.saysOnStdout('worker worker leads, role all: news open')
  first.child.kill('SIGTERM')
  await first.finished()
  await watching.saysOnStderr('nobody listens there')
  const second = serve(configPath)
  await addressOf(second)
  await watching.saysOnStderr('The server answers again')
  const id = await sendTo(new ApiClient(server), tokens(1))
  await watching.saysOnStdout(`message ${id}  news  done  100% of 1  1 accepted`)
  watching.child.kill('SIGINT')
  assert.equal((await watching.finished()).code, 130)
  second.child.kill('SIGTERM')
  await second.finished()
  const nobody = await start(MAIN, ['watch', '--server', server]).finished()
  assert.deepEqual([nobody.code, /nobody listens/.test(nobody.stderr)], [2, true], nobody.stderr)
})

test('watch: it ends when nobody reads it any more', async () => {
  await using simulator = await startSimulator()
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const server = await addressOf(running)
  const watching = start(MAIN, ['watch', '--server', server, '--json', ...OFTEN])
  await watching.saysOnStdout('"readiness"')
  watching.child.stdout.destroy()
  await sendTo(new ApiClient(server), tokens(1))
  const { code, stderr } = await watching.finished()
  assert.deepEqual([code, stderr], [0, ''])
  running.child.kill('SIGTERM')
  await running.finished()
})

test('watch: on a terminal it is drawn in one place, with what is refused and why; Ctrl-C gives the terminal back', {
  skip: NO_TERMINAL,
}, async () => {
  await using simulator = await startSimulator({ rules: [dead] })
  const { configPath, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const server = await addressOf(running)
  const api = new ApiClient(server)
  const id = await sendTo(api, [...tokens(2), 'dead'.repeat(16)])
  await until(async () => (await api.get(`/v1/messages/${id}`))['state'] === 'done')

  const one = startOnTerminal(['watch', id, '--server', server, ...OFTEN], { columns: 100 })
  assert.equal(await one.code(), 1, one.output())
  assert.match(one.output(), /█{20}/)
  const shown = stripVTControlCharacters(one.output())
  assert.match(shown, /^Outcomes +2 accepted, 1 refused\r$/m)
  assert.match(shown, /^Unregistered +1 {2}\S/m)
  assert.ok(one.output().endsWith(`${ESCAPE}[?25h`), 'the cursor is back')

  const all = startOnTerminal(['watch', '--server', server, ...OFTEN], { env: { NO_COLOR: '1' } })
  await all.shows('0/s, 0 waiting')
  await all.shows('Unregistered')
  await api.post('/v1/apps/news/pause', {})
  await all.shows('The app was paused')
  all.type('\u0003')
  assert.equal(await all.code(), 130, all.output())
  assert.match(all.output(), new RegExp(`${ESCAPE}\\[\\d+A`), 'drawn over what was there')
  assert.ok(!new RegExp(`${ESCAPE}\\[[\\d;]*m`).test(all.output()), 'no colours with NO_COLOR')
  assert.ok(all.output().endsWith(`${ESCAPE}[?25h`), 'the cursor is back')
  running.child.kill('SIGTERM')
  await running.finished()
})
