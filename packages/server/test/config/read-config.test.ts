import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { ConfigFolder } from './config-folder.js'

/** With a key in its place; the least that there is. */
function folderFor(apns: Simulator): ConfigFolder {
  const folder = new ConfigFolder()
  folder.write(`AuthKey_${apns.credentials.keyId}.p8`, apns.credentials.key)
  folder.write('ca.pem', apns.ca)
  return folder
}

function appYaml({ credentials }: Simulator, more = ''): string {
  const { keyId, teamId } = credentials
  return `
  - name: news
    topic: com.example.app
    keyPath: AuthKey_${keyId}.p8
    teamId: ${teamId}
${more}`
}

const HASH = `sha256:${createHash('sha256').update('a long key that nobody knows').digest('hex')}`

describe('the configuration', () => {
  it('has a default for all but the apps', async () => {
    await using apns = await startSimulator()
    using folder = folderFor(apns)
    const { apps, store, ...config } = folder.read(`apps: ${appYaml(apns)}`)
    assert.deepEqual(config, {
      listen: { host: '127.0.0.1', port: 8080 },
      tls: undefined,
      role: 'all',
      outbox: undefined,
      apiKeys: [],
      limits: {
        bodyBytes: 8_388_608,
        tokensPerRequest: 10_000,
        pendingTokens: 100_000_000,
        storeBytes: 17_179_869_184,
        connections: 1000,
        requestTimeoutMs: 30_000,
      },
      worker: { owner: 'worker', leaseMs: 60_000, windowTokens: 20_000 },
      retention: { finishedMs: 604_800_000, idempotencyMs: 86_400_000 },
      webhook: undefined,
      drainTimeoutMs: 30_000,
      log: { level: 'info' },
      readyFile: undefined,
    })
    assert.deepEqual(store, { path: join(process.cwd(), 'apns-worker.db'), durability: 'power-loss' })
    const [app] = apps
    const { key, keyId, teamId } = apns.credentials
    assert.deepEqual(
      [app?.name, app?.options.key, app?.options.keyId, app?.options.teamId, app?.options.environment],
      ['news', key, keyId, teamId, 'production'],
    )
  })

  it('is what the file says; paths in it start at its folder', async () => {
    await using apns = await startSimulator()
    using folder = folderFor(apns)
    const environment = `    environment: { host: localhost, port: ${apns.port}, caPath: ca.pem }\n    maxRetryTime: 10m\n    connectTimeout: 1.5`
    const config = folder.read(`
listen: '[::1]:9000'
store: data/outbox.db
apps: ${appYaml(apns, environment)}
apiKeys:
  - { name: backend, hash: '${HASH.toUpperCase().replace('SHA', 'sha')}', scopes: [send, read], apps: [news] }
  - { name: support, hash: 'sha256:${'0'.repeat(64)}', scopes: [admin] }
limits: { bodySize: 1MiB, requestTimeout: 1m }
retention: { finished: 30d }
drainTimeout: 500ms
readyFile: ready
webhook: { url: 'https://example.com/hook', secret: 0123456789abcdef }
`)
    assert.deepEqual(config.listen, { host: '::1', port: 9000 })
    assert.equal(config.store.path, join(folder.path, 'data/outbox.db'))
    assert.equal(config.readyFile, join(folder.path, 'ready'))
    assert.deepEqual(config.apiKeys, [
      { name: 'backend', hash: HASH.slice('sha256:'.length), scopes: ['send', 'read'], apps: ['news'] },
      { name: 'support', hash: '0'.repeat(64), scopes: ['admin'], apps: 'all' },
    ])
    const { limits, retention, drainTimeoutMs, webhook } = config
    assert.deepEqual(
      [limits.bodyBytes, limits.requestTimeoutMs, retention.finishedMs, drainTimeoutMs],
      [1_048_576, 60_000, 2_592_000_000, 500],
    )
    assert.equal(webhook?.secret, '0123456789abcdef')
    const { options } = config.apps[0] ?? assert.fail()
    assert.deepEqual(options.environment, { host: 'localhost', port: apns.port, ca: apns.ca })
    assert.deepEqual([options.maxRetryTime, options.connectTimeout], [600, 1.5])
  })

  it('may listen on a socket', async () => {
    await using apns = await startSimulator()
    using folder = folderFor(apns)
    const { listen } = folder.read(`listen: unix:api.sock\napps: ${appYaml(apns)}`)
    assert.deepEqual(listen, { path: join(folder.path, 'api.sock') })
  })

  it('needs no API key where only this machine gets at it', async () => {
    await using apns = await startSimulator()
    using folder = folderFor(apns)
    for (const listen of ['[::1]:0', 'localhost:80', '127.9.9.9:1']) {
      assert.deepEqual(folder.problems(`listen: '${listen}'\napps: ${appYaml(apns)}`), [])
    }
  })

  it('says all that is wrong at once, where it is, and what to write', async () => {
    await using apns = await startSimulator()
    using folder = folderFor(apns)
    const problems = folder.problems(`lisen: 127.0.0.1:8080
store: { path: a.db, durability: forever }
drainTimeout: 3 weeks
limits: { connections: 0, bodySize: 1KB, requestTimeout: yes }
apps:
  - name: news@sandbox
    topic: com.example.app
    enviroment: sandbox
  - environment: { host: localhost, port: 65536 }
    maxConnections: 1.5
  - name: broken
    topic: com.example.app
    keyPath: AuthKey_NOTTHERE00.p8
    teamId: TEAM567890
`)
    assert.deepEqual(problems, [
      'worker.yaml:1:1: lisen is no setting; did you mean listen?',
      'worker.yaml:2:34: store.durability is "forever"; give power-loss or crash',
      'worker.yaml:8:5: apps[0].enviroment is no setting; did you mean environment?',
      'worker.yaml:6:11: apps[0].name is "news@sandbox"; give a name of 1 to 64 letters, digits, ".", "_" and "-"',
      'worker.yaml:9:5: apps[1].name is missing; give a name of 1 to 64 letters, digits, ".", "_" and "-"',
      'worker.yaml:9:43: apps[1].environment.port is 65536; give a whole number from 1 to 65535',
      'worker.yaml:10:21: apps[1].maxConnections is 1.5; give a whole number from 1 to 1000',
      'worker.yaml:4:37: limits.bodySize is "1KB"; give 1KiB to 1GiB: bytes, or a number with a unit such as 64KiB, 8MiB, 10GB',
      'worker.yaml:4:24: limits.connections is 0; give a whole number from 1 to 100000',
      'worker.yaml:4:58: limits.requestTimeout is "yes"; give 1s to 1h: seconds, or a number with a unit such as 500ms, 30s, 10m, 12h, 7d',
      'worker.yaml:3:15: drainTimeout is "3 weeks"; give 0 to 1h: seconds, or a number with a unit such as 500ms, 30s, 10m, 12h, 7d',
      "worker.yaml:13:14: apps[2].keyPath ('AuthKey_NOTTHERE00.p8'): there is no such file",
    ])
  })

  const nonsense: [what: string, yaml: string, problem: RegExp][] = [
    [
      'a webhook with a short secret',
      'apps: APP\nwebhook: { url: "https://a.b", secret: 0123456789abcde }',
      /webhook.secret is too short; give 16/,
    ],
    [
      'two keys of one name',
      `apps: APP\napiKeys: [{ name: a, hash: '${HASH}', scopes: [send] }, { name: a, hash: 'sha256:${'1'.repeat(64)}', scopes: [send] }]`,
      /apiKeys\[1\].name is that of apiKeys\[0\] too/,
    ],
    ['a long value', `listen: ${'a b '.repeat(20)}c\napps: APP`, /^worker.yaml:1:9: listen is no address/],
    [
      'a long word',
      `log: { level: ${'a b '.repeat(20)}c }\napps: APP`,
      /^worker.yaml:1:15: log.level is a text of 81 characters; give fatal/,
    ],
    [
      'a key that may be anything',
      '"what is: this": 1\napps: APP',
      /^worker.yaml:1:1: … is no setting; there are listen, tls/,
    ],
    ['a null', 'readyFile: ~\napps: APP', /^worker.yaml:1:12: readyFile is empty; give the path of a file/],
    [
      'a list that is too long',
      `apps: APP\napiKeys: [{ name: a, hash: '${HASH}', scopes: [send, send, send, send] }]`,
      /apiKeys\[0\].scopes has 4 entries; give 3 at most/,
    ],
    ['another file', 'hello', /^worker.yaml:1:1: it has to be keys with values/],
    ['nothing', '', /^worker.yaml:1:1: apps is missing; give a list/],
    [
      'a key twice',
      'log: { level: info }\nlog: { level: debug }\napps: APP',
      /^worker.yaml:2:1: this key is here a second time/,
    ],
    ['a tab', '\tlisten: x', /^worker.yaml:1:1: there is a tab/],
    [
      'an alias',
      'store: &a x.db\nreadyFile: *a\napps: APP',
      /^worker.yaml:2:12: aliases \(\*…\) are not read/,
    ],
    ['a tag', 'store: !path x.db\napps: APP', /^worker.yaml:1:8: tags \(!…\) mean nothing here/],
    ['a second document', 'apps: APP\n---\napps: []', /second document/],
    [
      'nesting that is not as deep',
      `store: ${'['.repeat(50)}${']'.repeat(50)}`,
      /^worker.yaml:1:24: it is nested too deeply/m,
    ],
    ['deep nesting', `store: ${'['.repeat(5000)}`, /nested too deeply/],
    [
      'an app twice',
      'apps: APPAPP',
      /^worker.yaml:7:11: apps\[1\].name is news, as that of apps\[0\] is; give each its own$/,
    ],
    [
      'no apps',
      'apps: []',
      /^worker.yaml:1:7: apps is an empty list; give a list with an entry for each app$/,
    ],
    ['an empty value', 'store:\napps: APP', /^worker.yaml:1:7: store is empty; give/],
    ['a list for a text', 'listen: [1]\napps: APP', /^worker.yaml:1:9: listen is a list; give host:port/],
    ['a port only', 'listen: 8080\napps: APP', /listen is no address; give host:port/],
    [
      'a port too high',
      'listen: 127.0.0.1:80800\napps: APP',
      /listen has the port 80800; give one from 1 to 65535/,
    ],
    ['half an address', 'listen: 127.0.0:80\napps: APP', /listen has no host that can be/],
    [
      'all addresses and no key',
      'listen: 0.0.0.0:80\napps: APP',
      /listen can be reached from other machines, and there are no apiKeys/,
    ],
    [
      'all IPv6 addresses and no key',
      "listen: '[::]:80'\napps: APP",
      /listen can be reached from other machines/,
    ],
    ['a socket of no name', "listen: 'unix:'\napps: APP", /listen names no socket/],
    [
      'a socket of too long a name',
      `listen: 'unix:/${'x'.repeat(110)}'\napps: APP`,
      /sockets need a shorter one/,
    ],
    [
      'a key with a hash that is none',
      'apps: APP\napiKeys: [{ name: a, hash: hunter2hunter2, scopes: [send] }]',
      /apiKeys\[0\].hash is not sha256: and 64 hexadecimal digits, and never the key itself; make a key with/,
    ],
    [
      'a key that is guessed',
      `apps: APP\napiKeys: [{ name: a, hash: 'sha256:${createHash('sha256').update('secret').digest('hex')}', scopes: [send] }]`,
      /a key which everybody guesses/,
    ],
    [
      'a key twice',
      `apps: APP\napiKeys: [{ name: a, hash: '${HASH}', scopes: [send] }, { name: b, hash: '${HASH}', scopes: [send] }]`,
      /apiKeys\[1\].hash is that of apiKeys\[0\] too/,
    ],
    [
      'a key for another app',
      `apps: APP\napiKeys: [{ name: a, hash: '${HASH}', scopes: [send], apps: [nwes] }]`,
      /apiKeys\[0\].apps\[0\] is nwes, and there is no such app; did you mean news\?/,
    ],
    [
      'a key for no kind of thing',
      `apps: APP\napiKeys: [{ name: a, hash: '${HASH}', scopes: [sned] }]`,
      /apiKeys\[0\].scopes\[0\] is "sned"; give send, read or admin/,
    ],
    [
      'a webhook to a file',
      'apps: APP\nwebhook: { url: "file:///etc/passwd", secret: 0123456789abcdef }',
      /webhook.url is no URL/,
    ],
    [
      'a webhook without a secret',
      'apps: APP\nwebhook: { url: "https://a.b" }',
      /webhook.secret is missing; give 16 characters or more/,
    ],
    ['half of TLS', 'apps: APP\ntls: { certPath: ca.pem }', /^worker.yaml:7:6: tls needs both/],
    [
      'TLS with a key that is none',
      'apps: APP\ntls: { certPath: ca.pem, keyPath: ca.pem }',
      /^worker.yaml:7:35: tls.keyPath is not the private key of this certificate/,
    ],
    [
      'TLS with a certificate that is none',
      'apps: APP\ntls: { certPath: worker.yaml, keyPath: ca.pem }',
      /tls.certPath is no certificate in PEM/,
    ],
  ]
  for (const [what, yaml, problem] of nonsense) {
    it(`is refused: ${what}`, async () => {
      await using apns = await startSimulator()
      using folder = folderFor(apns)
      const problems = folder.problems(yaml.replaceAll('APP', appYaml(apns)))
      assert.match(problems.join('\n'), problem)
    })
  }

  it('that is not there, or too long to be one, is refused', () => {
    using folder = new ConfigFolder()
    assert.match(folder.problems('#'.repeat(1_048_577))[0] ?? '', /the file is longer than/)
    folder.write('worker.yaml', '')
    assert.throws(() => folder.read('', { APNS_WORKER_CONFIG: '/nowhere' }), /apps is missing/)
  })
})
