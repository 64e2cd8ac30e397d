import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ConfigFolder } from './config-folder.js'

const YAML = `
store: a.db
apps:
  - { name: news, topic: com.example.app, environment: sandbox, keyPath: key.p8, keyId: ABCDE12345, teamId: TEAM567890 }
`

describe('environment variables', () => {
  it('are a configuration without any file', async () => {
    await using apns = await startSimulator()
    const { key, keyId, teamId } = apns.credentials
    const config = readConfig({
      environment: {
        APNS_WORKER_LISTEN: '0.0.0.0:80',
        APNS_WORKER_STORE: '/data/outbox.db',
        APNS_WORKER_STORE_DURABILITY: 'crash',
        APNS_WORKER_APPS_0_NAME: 'news',
        APNS_WORKER_APPS_0_TOPIC: 'com.example.app',
        APNS_WORKER_APPS_0_KEY: key.replaceAll('\n', '\\n'),
        APNS_WORKER_APPS_0_KEY_ID: keyId,
        APNS_WORKER_APPS_0_TEAM_ID: teamId,
        APNS_WORKER_APPS_0_ENVIRONMENT_HOST: 'localhost',
        APNS_WORKER_APPS_0_ENVIRONMENT_PORT: '2197',
        APNS_WORKER_APPS_0_ENVIRONMENT_CA: apns.ca.replaceAll('\n', '\\n'),
        APNS_WORKER_APPS_0_RETRY_DELAY: '250ms',
        APNS_WORKER_API_KEYS_0_NAME: 'backend',
        APNS_WORKER_API_KEYS_0_HASH: `sha256:${'a'.repeat(64)}`,
        APNS_WORKER_API_KEYS_0_SCOPES: 'send, read',
        APNS_WORKER_API_KEYS_0_APPS: 'news',
        APNS_WORKER_WEBHOOK_URL: 'https://example.com',
        APNS_WORKER_WEBHOOK_SECRET: '0123456789abcdef',
        APNS_WORKER_WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true',
        APNS_WORKER_LIMITS_CONNECTIONS: '7',
        APNS_WORKER_LOG_LEVEL: '',
        // What leads commands to a running server.
        APNS_WORKER_SERVER: 'http://127.0.0.1:8080',
        APNS_WORKER_API_KEY: 'aw_key',
        APNS_WORKER_API_KEY_PATH: '/run/secrets/key',
        APNS_WORKER_CA_PATH: '/etc/ca.pem',
        // What Kubernetes sets for services of this name, and of names that begin so.
        APNS_WORKER_PORT: 'tcp://10.0.0.1:80',
        APNS_WORKER_PORT_80_TCP_ADDR: '10.0.0.1',
        APNS_WORKER_SERVICE_HOST: '10.0.0.1',
        APNS_WORKER_SERVICE_PORT_HTTP: '80',
        APNS_WORKER_API_SERVICE_HOST: '10.0.0.2',
        APNS_WORKER_API_SERVICE_PORT: '8080',
        APNS_WORKER_API_PORT: 'tcp://10.0.0.2:8080',
        APNS_WORKER_API_PORT_8080_TCP: 'tcp://10.0.0.2:8080',
        APNS_WORKER_API_PORT_8080_TCP_PROTO: 'tcp',
      },
    })
    const { options } = config.apps[0] ?? assert.fail()
    assert.deepEqual(
      [options.key, options.keyId, options.environment, options.retryDelay],
      [key, keyId, { host: 'localhost', port: 2197, ca: apns.ca }, 0.25],
    )
    assert.deepEqual(config.listen, { host: '0.0.0.0', port: 80 })
    assert.deepEqual(config.store, { path: '/data/outbox.db', durability: 'crash' })
    const [backend] = config.apiKeys
    assert.deepEqual([backend?.scopes, backend?.apps], [['send', 'read'], ['news']])
    assert.deepEqual(
      [config.webhook?.allowPrivateAddresses, config.limits.connections, config.log.level],
      [true, 7, 'info'],
    )
  })

  it('win over the file: the content over a path in it, too', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    const other = apns.addKey()
    const config = folder.read(YAML, {
      APNS_WORKER_STORE_DURABILITY: 'crash',
      APNS_WORKER_APPS_0_KEY: other.key,
      APNS_WORKER_APPS_0_ENVIRONMENT: 'production',
      APNS_WORKER_APPS_1_NAME: 'second',
      APNS_WORKER_APPS_1_TOPIC: 'com.example.second',
      APNS_WORKER_APPS_1_KEY_FILE: folder.write('second.p8', apns.credentials.key),
      APNS_WORKER_APPS_1_KEY_ID_FILE: folder.write('second.id', `${apns.credentials.keyId}\n`),
      APNS_WORKER_APPS_1_TEAM_ID: apns.credentials.teamId,
    })
    assert.deepEqual(config.store, { path: join(folder.path, 'a.db'), durability: 'crash' })
    const [news, second] = config.apps
    assert.deepEqual([news?.options.key, news?.options.environment], [other.key, 'production'])
    assert.deepEqual(
      [second?.name, second?.options.key, second?.options.keyId],
      ['second', apns.credentials.key, apns.credentials.keyId],
    )
  })

  it('do not say two things at once', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    folder.write('key.p8', apns.credentials.key)
    const problems = folder.problems(YAML, {
      APNS_WORKER_APPS_0_KEY: apns.credentials.key,
      APNS_WORKER_APPS_0_KEY_FILE: join(folder.path, 'key.p8'),
    })
    assert.deepEqual(problems, [
      'APNS_WORKER_APPS_0_KEY_FILE: apps[0].keyPath is given, and key as well; give the path of a file, or its content',
    ])
  })

  it('are counted as numbers', async () => {
    await using apns = await startSimulator()
    const { key, keyId, teamId } = apns.credentials
    const names = Array.from({ length: 12 }, (_, index) => `app${index}`)
    const environment = Object.fromEntries(
      names.flatMap((name, index) =>
        Object.entries({
          NAME: name,
          TOPIC: 'com.example.app',
          KEY: key,
          KEY_ID: keyId,
          TEAM_ID: teamId,
        }).map(([setting, value]) => [`APNS_WORKER_APPS_${index}_${setting}`, value]),
      ),
    )
    assert.deepEqual(
      readConfig({ environment }).apps.map(({ name }) => name),
      names,
    )
  })

  it('name the file', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    folder.write('key.p8', apns.credentials.key)
    const path = folder.write('worker.yaml', YAML)
    assert.equal(readConfig({ environment: { APNS_WORKER_CONFIG: path } }).apps[0]?.name, 'news')
  })

  it('that are wrong are named', () => {
    using folder = new ConfigFolder()
    const problems = folder.problems(YAML, {
      APNS_WORKER_STOER: 'x',
      APNS_WORKER_QUITE_ELSE: 'x',
      APNS_WORKER_APPS_0_KEYY: 'x',
      APNS_WORKER_APPS_2_NAME: 'late',
      APNS_WORKER_LIMITS_CONNECTIONS: 'many',
      APNS_WORKER_WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'maybe',
      APNS_WORKER_WEBHOOK_URL: 'https://example.com',
      APNS_WORKER_LOG_LEVEL: 'loud',
      APNS_WORKER_WORKER_OWNER_FILE: '/nowhere',
    })
    assert.deepEqual(
      problems.filter((problem) => problem.startsWith('APNS')),
      [
        'APNS_WORKER_APPS_0_KEYY: there is no setting for this variable; did you mean APNS_WORKER_APPS_0_KEY?',
        'APNS_WORKER_APPS_2_NAME: there is 1 entry before it; they are counted from 0, and none is left out',
        'APNS_WORKER_QUITE_ELSE: there is no setting for this variable',
        'APNS_WORKER_STOER: there is no setting for this variable; did you mean APNS_WORKER_STORE?',
        'APNS_WORKER_WORKER_OWNER_FILE: the file that it names cannot be read (ENOENT)',
        'APNS_WORKER_LIMITS_CONNECTIONS: limits.connections is "many"; give a whole number from 1 to 100000',
        'APNS_WORKER_WEBHOOK_ALLOW_PRIVATE_ADDRESSES: webhook.allowPrivateAddresses is "maybe"; give true or false',
        'APNS_WORKER_LOG_LEVEL: log.level is "loud"; give fatal, error, warn, info, debug, trace or silent',
      ],
    )
  })
})
