import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ServerConfig } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { parse } from 'yaml'
import { appFor, configFor, TestServer } from '../server/test-server.js'
import {
  AFTER_DRAIN_MS,
  assertPinned,
  CONFIG_PATH,
  DEPLOY,
  deployedConfig,
  deployFile,
  providerTokenKey,
  secondsMs,
} from './deployed-server.js'
import { Folder } from './folder.js'

interface Service {
  readonly image: string
  readonly user: string
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
  readonly security_opt: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly configs?: readonly { readonly source: string; readonly target: string }[]
  readonly secrets: readonly string[]
  readonly networks: readonly string[]
  readonly ports?: readonly string[]
  readonly profiles?: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
  readonly stop_grace_period: string
  readonly deploy: {
    readonly replicas?: number
    readonly resources: { readonly limits: Readonly<Record<string, unknown>> }
  }
}

interface Compose {
  readonly services: Readonly<Record<'postgres' | 'api' | 'worker' | 'prometheus', Service>>
  readonly configs: Readonly<Record<string, { readonly file: string }>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}

const TEXT = deployFile('compose.yaml')
const compose = parse(TEXT, { merge: true }) as Compose
const { services } = compose
const PROMETHEUS = parse(deployFile('monitoring/prometheus.compose.yaml')) as {
  rule_files: string[]
  scrape_configs: {
    authorization: { credentials_file: string }
    dns_sd_configs: { names: string[]; port: number }[]
  }[]
}

/** Makes the secrets, as somebody would, in a folder that stands for the one beside the file. */
function makeSecrets(folder: Folder): void {
  execFileSync(fileURLToPath(new URL('make-secrets.sh', DEPLOY)), [folder.file('secrets')])
}

function secretFile(folder: Folder, secret: string): string {
  const { file } = compose.secrets[secret] ?? assert.fail(secret)
  return folder.file(file)
}

/** The configuration of a service, with what is mounted in it. */
function serviceConfig(service: Service, folder: Folder): ServerConfig {
  const files = new Map<string, string | Buffer>()
  for (const { source, target } of service.configs ?? []) {
    const { file } = compose.configs[source] ?? assert.fail(source)
    files.set(target, deployFile(file))
  }
  for (const secret of service.secrets) {
    const isKey = secret === 'apns-key'
    files.set(`/run/secrets/${secret}`, isKey ? providerTokenKey() : readFileSync(secretFile(folder, secret)))
  }
  return deployedConfig({ environment: service.environment ?? {}, files })
}

test('each service is given a configuration that its role starts with, and time to stop', async () => {
  await using folder = await Folder.make()
  makeSecrets(folder)
  for (const role of ['api', 'worker'] as const) {
    const service = services[role]
    const config = serviceConfig(service, folder)
    assert.equal(config.role, role)
    assert.deepEqual(config.listen, { host: '0.0.0.0', port: 8080 })
    assert.ok(secondsMs(service.stop_grace_period) >= config.drainTimeoutMs + AFTER_DRAIN_MS)
    const { hostname, username, pathname } = new URL(config.outbox?.url ?? '')
    assert.equal(hostname, 'postgres')
    assert.deepEqual(
      [username, pathname.slice(1)],
      [services.postgres.environment?.['POSTGRES_USER'], services.postgres.environment?.['POSTGRES_DB']],
    )
    assert.equal(service.configs?.[0]?.target, CONFIG_PATH)
  }
  assert.deepEqual(
    services.api.ports?.map((port) => port.split(':').at(-1)),
    ['8080'],
  )
  assert.ok((services.api.deploy.replicas ?? 1) > 1)
})

test('the secrets are made once, fit each other, and are for their folder only', async () => {
  await using folder = await Folder.make()
  makeSecrets(folder)
  const names = readdirSync(folder.file('secrets'))
  const content = (): string[] => names.map((name) => readFileSync(folder.file(`secrets/${name}`), 'utf8'))
  const before = content()
  makeSecrets(folder)
  assert.deepEqual(content(), before)
  assert.equal(statSync(folder.file('secrets')).mode & 0o777, 0o700)
  for (const name of names) {
    // The containers' users are others than the one who makes them.
    assert.equal(statSync(folder.file(`secrets/${name}`)).mode & 0o777, 0o644, name)
  }
  const url = readFileSync(secretFile(folder, 'database-url'), 'utf8')
  assert.equal(new URL(url).password, readFileSync(secretFile(folder, 'database-password'), 'utf8'))
  const wanted = Object.keys(compose.secrets).filter((secret) => secret !== 'apns-key')
  for (const secret of wanted) assert.ok(existsSync(secretFile(folder, secret)), secret)
  // The key itself is for whoever sends.
  const files = wanted.map((secret) => compose.secrets[secret]?.file.slice('secrets/'.length) ?? '')
  assert.deepEqual(names.sort(), [...files, 'api-key'].sort())
})

test('each service is confined, has limits, and is of a version', () => {
  for (const [name, service] of Object.entries(services)) {
    assertPinned(service.image)
    assert.match(service.user, /^[1-9]\d*:[1-9]\d*$/, name)
    assert.equal(service.read_only, true, name)
    assert.deepEqual(service.cap_drop, ['ALL'], name)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
    assert.deepEqual(Object.keys(service.deploy.resources.limits), ['cpus', 'memory', 'pids'], name)
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name)
    for (const secret of service.secrets) assert.ok(compose.secrets[secret], secret)
  }
  assert.equal(compose.networks['database']?.internal, true)
  assert.deepEqual(services.postgres.networks, ['database'])
  assert.doesNotMatch(TEXT, /PASSWORD: |KEY: |password@|sha256:/)
})

/** Runs the check of a server's health against this port, as in the container. */
async function healthCheck(port: number): Promise<number | null> {
  const [kind, program, option = '', script = ''] = services.api.healthcheck.test
  assert.deepEqual([kind, program], ['CMD', 'node'])
  assert.ok(script.includes(':8080/'))
  const child = spawn(process.execPath, [option, script.replace(':8080/', `:${port}/`)], { stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

test('the health check tells a server that is ready from one that is not', async () => {
  assert.deepEqual(services.worker.healthcheck, services.api.healthcheck)
  await using simulator = await startSimulator()
  await using folder = await Folder.make()
  {
    await using server = await TestServer.start(configFor(folder, [appFor(simulator)]))
    assert.equal(await healthCheck(Number(new URL(server.server.address).port)), 0)
  }
  const unready = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1')
  await once(unready, 'listening')
  const { port } = unready.address() as AddressInfo
  assert.equal(await healthCheck(port), 1)
  unready.closeAllConnections()
  await new Promise((resolve) => unready.close(resolve))
  assert.equal(await healthCheck(port), 1, 'nobody there')
})

test('Prometheus scrapes every process of the server, with a key that may read', async () => {
  const { scrape_configs: scrapes, rule_files: rules } = PROMETHEUS
  assert.deepEqual(services.prometheus.profiles, ['monitoring'])
  assert.deepEqual(
    scrapes.flatMap(({ dns_sd_configs: found }) => found),
    [{ names: ['api', 'worker'], type: 'A', port: 8080, refresh_interval: '15s' }],
  )
  for (const { authorization } of scrapes) {
    const [, secret = ''] = /^\/run\/secrets\/(.+)$/.exec(authorization.credentials_file) ?? []
    assert.ok(services.prometheus.secrets.includes(secret))
  }
  const mounted = services.prometheus.configs?.map(({ target }) => target) ?? []
  for (const rule of rules) assert.ok(mounted.includes(`/etc/prometheus/${rule}`), rule)
  for (const { file } of Object.values(compose.configs)) assert.ok(existsSync(new URL(file, DEPLOY)), file)

  await using folder = await Folder.make()
  makeSecrets(folder)
  const reader = serviceConfig(services.worker, folder).apiKeys.find(({ name }) => name === 'prometheus')
  assert.deepEqual(reader?.scopes, ['read'])
})
