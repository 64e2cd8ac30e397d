import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readConfig, SERVER_EXIT_CODE, type ServerConfig } from '@apns-worker/server'
import { Folder } from './folder.js'

const DEPLOY = new URL('../../../../deploy/', import.meta.url)
const UNIT = readFileSync(new URL('apns-worker.service', DEPLOY), 'utf8')
const CONTAINER = readFileSync(new URL('Containerfile', DEPLOY), 'utf8')
const PROGRAM = '/usr/bin/apns-worker'

/** The values of a setting, in order. */
function settings(name: string): string[] {
  const lines = UNIT.split('\n').filter((line) => line.startsWith(`${name}=`))
  return lines.map((line) => line.slice(name.length + 1))
}

/** The example, with a key where it says that there is one. */
function exampleConfig(): ServerConfig {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const readFile = (path: string): Buffer =>
    basename(path).endsWith('.p8') ? Buffer.from(pem) : readFileSync(path)
  const path = fileURLToPath(new URL('apns-worker.example.yaml', DEPLOY))
  return readConfig({ path, environment: {}, readFile })
}

test('the example is a configuration that the server starts with', () => {
  const config = exampleConfig()
  assert.deepEqual(
    config.apps.map(({ name }) => name),
    ['news'],
  )
  const written = [config.store.path, config.readyFile ?? '']
  assert.deepEqual(
    written.map((path) => path.split('/').slice(0, -1).join('/')),
    [`/var/lib/${settings('StateDirectory')[0]}`, `/run/${settings('RuntimeDirectory')[0]}`],
    'where the unit lets it write',
  )
})

test('the unit gives a stop the time that it may take, and knows the exit codes', () => {
  const [timeout] = settings('TimeoutStopSec')
  assert.ok(Number(timeout) * 1000 > exampleConfig().drainTimeoutMs + 10_000)
  assert.deepEqual(settings('RestartPreventExitStatus'), [String(SERVER_EXIT_CODE.couldNotStart)])
  assert.deepEqual(settings('SuccessExitStatus'), [String(SERVER_EXIT_CODE.cutOff)])
  assert.deepEqual(settings('Restart'), ['on-failure'])
  assert.match(settings('ExecReload')[0] ?? '', /kill -HUP \$MAINPID$/)
  assert.match(settings('ExecStart')[0] ?? '', /^\/usr\/bin\/apns-worker serve --config \//)
})

test('the unit takes away what the server does not need', () => {
  for (const name of [
    'NoNewPrivileges',
    'ProtectHome',
    'PrivateTmp',
    'PrivateDevices',
    'ProtectKernelTunables',
    'ProtectKernelModules',
    'ProtectControlGroups',
    'RestrictNamespaces',
    'RestrictSUIDSGID',
    'LockPersonality',
  ]) {
    assert.deepEqual(settings(name), ['yes'], name)
  }
  assert.deepEqual(settings('ProtectSystem'), ['strict'])
  assert.deepEqual(settings('CapabilityBoundingSet'), [''])
  assert.deepEqual(settings('User'), ['apns-worker'])
  assert.deepEqual(settings('MemoryDenyWriteExecute'), [], 'V8 would not start')
})

const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined

test('systemd finds nothing wrong with the unit', { skip: !hasSystemd && 'needs systemd' }, async () => {
  await using folder = await Folder.make()
  const path = folder.file('apns-worker.service')
  // It looks whether the program is there.
  await writeFile(path, UNIT.replace(PROGRAM, process.execPath))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
})

test('the container runs the program itself, as a user without rights, on a Node that is supported', () => {
  // A number: Kubernetes does not start an image of a named user where only users without rights may run.
  assert.match(CONTAINER, /^USER 1000:1000$/m)
  const [, program = ''] =
    CONTAINER.match(/^ENTRYPOINT \["node", "\/opt\/apns-worker\/(.+)", "serve"\]$/m) ?? []
  assert.ok(existsSync(new URL(`../${program}`, DEPLOY)), program)
  const versions = [...CONTAINER.matchAll(/^FROM \S+node:(\d+)-slim/gm)].map(([, version]) => Number(version))
  assert.equal(versions.length, 2)
  for (const version of versions) assert.ok(version >= 20)
})

test('what was compiled or installed here, and secrets, stay out of the container', () => {
  const ignored = readFileSync(new URL('../.dockerignore', DEPLOY), 'utf8').split('\n')
  for (const each of [
    '.git',
    '**/node_modules',
    '**/dist',
    '**/*.tsbuildinfo',
    'deploy/secrets',
    '**/*.p8',
  ]) {
    assert.ok(ignored.includes(each), each)
  }
})
