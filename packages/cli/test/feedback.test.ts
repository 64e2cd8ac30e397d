import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ApiClient } from '#src/api-client.js'
import { FEEDBACK_CSV } from '#src/feedback-format.js'
import { MAIN, run, start } from './command.js'
import { addressOf, place, sendTo, serve, until } from './server-scene.js'

const dead = { tokenPrefix: 'dead', unregistered: new Date('2026-01-01T00:00:00Z') }
const deadTokens = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `dead${(first + index).toString(16).padStart(60, '0')}`)

async function bury(api: ApiClient, tokens: readonly string[]): Promise<void> {
  const id = await sendTo(api, tokens)
  await until(async () => (await api.get(`/v1/messages/${id}`))['state'] === 'done')
}

const tokensIn = (ndjson: string): string[] =>
  ndjson
    .trimEnd()
    .split('\n')
    .map((line) => String((JSON.parse(line) as Record<string, unknown>)['token']))

test('feedback --once: all that there are, page after page, as CSV or NDJSON; and from a cursor on', async () => {
  await using simulator = await startSimulator({ rules: [dead] })
  const { configPath, folder, write } = await place(simulator)
  write()
  const running = serve(configPath)
  const server = await addressOf(running)
  const env = { APNS_WORKER_SERVER: server }
  const api = new ApiClient(server)
  const tokens = deadTokens(0, 2500)
  await bury(api, tokens)

  const csv = await run(['feedback', '--once', '--csv'], { env })
  assert.equal(csv.code, 0, csv.stderr)
  const [header, ...rows] = csv.stdout.trimEnd().split('\n')
  assert.equal(header, 'token,when,app,environment,reason,messageId,recordedAt,cursor')
  assert.deepEqual(new Set(rows.map((row) => row.split(',')[0])), new Set(tokens))
  assert.equal(rows.length, tokens.length)
  assert.match(rows[0] ?? '', /^dead0+\w+,2026-01-01T00:00:00\.000Z,news,127\.0\.0\.1:\d+,Unregistered,/)

  const cursor = rows.at(-3)?.split(',').at(-1) ?? ''
  const rest = await run(['feedback', '--once', '--since', cursor], { env })
  assert.deepEqual(
    tokensIn(rest.stdout),
    rows.slice(-2).map((row) => row.split(',')[0]),
  )
  const bare = await run(['feedback', '--once', '--since', cursor, '--csv', '--no-header'], { env })
  assert.deepEqual(bare.stdout.trimEnd().split('\n'), rows.slice(-2))

  // A job at night, two nights.
  const cursorPath = join(folder, 'dead.cursor')
  const nightly = ['feedback', '--once', '--app', 'news', '--cursor-path', cursorPath]
  assert.equal(tokensIn((await run(nightly, { env })).stdout).length, tokens.length)
  await bury(api, deadTokens(3000, 1))
  assert.deepEqual(tokensIn((await run(nightly, { env })).stdout), deadTokens(3000, 1))
  const nothing = await run([...nightly, '--csv', '--no-header'], { env })
  assert.deepEqual([nothing.code, nothing.stdout], [0, ''])
  assert.ok(!existsSync(`${cursorPath}.new`))

  for (const [args, expected] of [
    [['--since', 'nonsense'], /400 .*no cursor/],
    [['--app', 'weather'], /weather/],
    [['--no-header'], /--no-header is for --csv/],
    [['--cursor-path', folder], /cannot read --cursor-path/],
  ] as const) {
    const wrong = await run(['feedback', '--once', ...args], { env })
    assert.deepEqual([wrong.code, expected.test(wrong.stderr), wrong.stdout], [2, true, ''], wrong.stderr)
  }
  running.child.kill('SIGTERM')
  await running.finished()
})

test('feedback: as it comes, through a restart of the server, nothing twice; Ctrl-C says where to go on', async () => {
  await using simulator = await startSimulator({ rules: [dead] })
  const { configPath, folder, write } = await place(simulator)
  write()
  const first = serve(configPath)
  const server = await addressOf(first)
  write({ listen: new URL(server).host })
  const cursorPath = join(folder, 'dead.cursor')
  const env = { APNS_WORKER_SERVER: server }
  const following = start(MAIN, ['feedback', '--since', 'beginning', '--cursor-path', cursorPath], env)
  await bury(new ApiClient(server), deadTokens(0, 2))
  await following.saysOnStdout(deadTokens(1, 1)[0] ?? '')
  first.child.kill('SIGTERM')
  await first.finished()
  await following.saysOnStderr('waiting for it')
  const second = serve(configPath)
  await addressOf(second)
  await bury(new ApiClient(server), deadTokens(2, 1))
  await following.saysOnStdout(deadTokens(2, 1)[0] ?? '')
  await until(() =>
    Promise.resolve(readFileSync(cursorPath, 'utf8').trim() === lastCursor(following.stdout())),
  )
  following.child.kill('SIGINT')
  const { code, stdout, stderr } = await following.finished()
  assert.equal(code, 130)
  assert.deepEqual(new Set(tokensIn(stdout)), new Set(deadTokens(0, 3)))
  assert.equal(tokensIn(stdout).length, 3, 'nothing twice')
  assert.match(stderr, /The server answers again/)
  const cursor = /--since (\S+) goes on/.exec(stderr)?.[1] ?? ''
  assert.equal(cursor, lastCursor(stdout))
  assert.equal((await run(['feedback', '--once', '--since', cursor], { env })).stdout, '')

  const unread = start(MAIN, ['feedback'], env)
  await unread.saysOnStdout(deadTokens(2, 1)[0] ?? '')
  unread.child.stdout.destroy()
  await bury(new ApiClient(server), deadTokens(3, 1))
  const left = await unread.finished()
  assert.deepEqual([left.code, left.stderr], [0, ''])
  second.child.kill('SIGTERM')
  await second.finished()
  const nobody = await run(['feedback'], { env })
  assert.deepEqual([nobody.code, /nobody listens/.test(nobody.stderr)], [2, true], nobody.stderr)
})

function lastCursor(ndjson: string): string {
  const line = ndjson.trimEnd().split('\n').at(-1) ?? ''
  return String((JSON.parse(line) as Record<string, unknown>)['cursor'])
}

test('a field of CSV is quoted where it has to be', () => {
  const report = {
    ...{ token: 'ab', when: '', app: 'a "b", c', reason: 'x\ny' },
    ...{ messageId: 'm', recordedAt: '', cursor: 'c' },
  }
  assert.equal(FEEDBACK_CSV.line(report), 'ab,,"a ""b"", c",,"x\ny",m,,c\n')
})
