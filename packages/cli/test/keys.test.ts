import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '@apns-worker/server'
import { startSimulator, writeCredentials } from '@apns-worker/simulator'
import { keyEntryText } from '#src/key-entry.js'
import { run, temporaryDirectory } from './command.js'
import { addressOf, place, serve } from './server-scene.js'

test('keys make: the entry lets the server know the key, which is shown once; list names it, and not the hash', async () => {
  await using simulator = await startSimulator()
  const { configPath, folder, write } = await place(simulator)
  write()
  const keyPath = join(folder, 'key')
  const config = ['--config', configPath]
  assert.match((await run(['keys', 'list', ...config])).stdout, /^No API keys/)

  const shown = await run(['keys', 'make', '--name', 'backend', '--apps', 'news', ...config])
  assert.equal(shown.code, 0, shown.stderr)
  const [, key = '', hash = ''] =
    /^(aw_[\w-]{43})\n\napiKeys:\n.*hash: (sha256:[0-9a-f]{64})\n/s.exec(shown.stdout) ?? []
  assert.match(shown.stdout, / {4}scopes: \[send, read\]\n {4}apps: \[news\]\n$/)
  assert.ok(!shown.stderr.includes(key))
  const hidden = await run([
    'keys',
    'make',
    '--name',
    'ops',
    '--scopes',
    'read',
    '--key-path',
    keyPath,
    '--json',
  ])
  assert.equal(hidden.code, 0, hidden.stderr)
  assert.equal(statSync(keyPath).mode & 0o777, 0o600)
  assert.ok(!`${hidden.stdout}${hidden.stderr}`.includes(readFileSync(keyPath, 'utf8').trim()))
  const { entry } = JSON.parse(hidden.stdout) as { entry: Record<string, unknown> }
  assert.deepEqual([entry['name'], entry['scopes'], entry['apps']], ['ops', ['read'], 'all'])

  write({ apiKeys: [{ name: 'backend', hash, scopes: ['send', 'read'], apps: ['news'] }, entry] })
  const listed = await run(['keys', 'list', ...config])
  assert.match(listed.stdout, /^apiKeys\[0\] {2}backend {2}send, read {2}news {2}sha256:[0-9a-f]{8}…$/m)
  assert.match(listed.stdout, /^apiKeys\[1\] {2}ops +read +all +sha256:[0-9a-f]{8}…$/m)
  assert.ok(!listed.stdout.includes(hash))
  const asJson = await run(['keys', 'list', ...config, '--json', '--api-key-path', keyPath])
  const { items } = JSON.parse(asJson.stdout) as { items: Record<string, unknown>[] }
  assert.deepEqual([items.length, items[0]?.['entry']], [1, 'apiKeys[1]'])
  assert.doesNotMatch(asJson.stdout, /[0-9a-f]{9}/)

  const running = serve(configPath)
  const env = { APNS_WORKER_SERVER: await addressOf(running), APNS_WORKER_API_KEY: key }
  assert.equal((await run(['status'], { env })).code, 0)
  assert.equal((await run(['status', '--api-key-path', keyPath], { env })).code, 0)
  // Revoked: the entry that list has named.
  write({ apiKeys: [{ name: 'backend', hash, scopes: ['send', 'read'], apps: ['news'] }] })
  running.child.kill('SIGHUP')
  await running.saysOnStdout('the configuration was read again')
  assert.equal((await run(['status', '--api-key-path', keyPath], { env })).code, 2)
  assert.equal((await run(['status'], { env })).code, 0)
  running.child.kill('SIGTERM')
  await running.finished()
  const unknown = await run(['keys', 'list', ...config, '--api-key-path', keyPath])
  assert.deepEqual([unknown.code, unknown.stdout], [1, ''], unknown.stderr)
})

test('keys: what the configuration would not take is wrong usage, and nothing is written over', async () => {
  await using simulator = await startSimulator()
  const { configPath, folder, write } = await place(simulator)
  const hash = `sha256:${'0a'.repeat(32)}`
  write({ apiKeys: [{ name: 'ops', hash, scopes: ['read'] }] })
  const taken = join(folder, 'taken')
  writeFileSync(taken, 'a key in use')
  for (const [args, expected] of [
    [[], /--name/],
    [['--name', 'two words'], /--name is "two words"/],
    [['--name', 'x', '--scopes', 'send,write'], /--scopes has "write"/],
    [['--name', 'x', '--scopes', ''], /--scopes has ""/],
    [['--name', 'x', '--apps', 'weather', '--config', configPath], /--apps has "weather".*news/],
    [['--name', 'ops', '--config', configPath], /--name ops/],
    [['--name', 'x', '--config', join(folder, 'none.yaml')], /no such file/],
    [['--name', 'x', '--key-path', taken], /cannot write --key-path/],
  ] as const) {
    const { code, stdout, stderr } = await run(['keys', 'make', ...args])
    assert.deepEqual([code, expected.test(stderr), stdout], [2, true, ''], stderr)
  }
  assert.equal(readFileSync(taken, 'utf8'), 'a key in use')
})

test('an entry is read back from YAML as it was, whatever names are like', async () => {
  await using simulator = await startSimulator()
  const folder = temporaryDirectory()
  const { keyPath, keyId, teamId } = await writeCredentials(simulator, folder, ['com.example.app'])
  const path = join(folder, 'server.yaml')
  for (const name of [
    'backend',
    'true',
    'No',
    '123',
    '1e3',
    '-',
    '.',
    '..',
    'a.b-c_d',
    '0x1f',
    'null',
    '_',
  ]) {
    const app = `{ name: ${JSON.stringify(name)}, topic: a.b, keyPath: ${keyPath}, keyId: ${keyId}, teamId: ${teamId} }`
    writeFileSync(path, `apps: [${app}]\n`)
    const entry = {
      name,
      hash: `sha256:${'0b'.repeat(32)}`,
      scopes: ['send', 'admin'],
      apps: [name],
    } as const
    appendFileSync(path, `${keyEntryText(entry)}\n`)
    assert.deepEqual(readConfig({ path, environment: {} }).apiKeys, [{ ...entry, hash: '0b'.repeat(32) }])
  }
})
