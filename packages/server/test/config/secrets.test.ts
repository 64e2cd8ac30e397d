import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Apps, ConfigError, configText, readConfig, redactedConfig } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { parse } from 'yaml'
import { ConfigFolder } from './config-folder.js'

/** A line of base64 out of PEM or PKCS#12. */
function lineOf(content: string): string {
  return /^[A-Za-z0-9+/]{40}/m.exec(content)?.[0] ?? assert.fail('there is no such line')
}

describe('secrets', () => {
  it('are in no dump, nor in anything that is logged', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    const { key, keyId, teamId } = apns.credentials
    const certificate = apns.clientCertificate({ topics: ['com.example.b'], passphrase: 'open sesame' })
    const pfx = certificate.pfx.toString('base64')
    const ownTls = apns.clientCertificate({ topics: ['com.example.tls'] })
    const hash = createHash('sha256').update('the key').digest('hex')
    const environment = {
      host: 'localhost',
      port: apns.port,
      ca: apns.ca,
    }
    const config = folder.read(
      JSON.stringify({
        apps: [
          {
            name: 'a',
            topic: 'com.example.a',
            key,
            keyId,
            teamId,
            environment,
            proxy: 'http://user:hunter2@localhost:3128',
          },
          { name: 'b', pfx, passphrase: 'open sesame', environment },
        ],
        tls: { cert: ownTls.cert, key: ownTls.key },
        apiKeys: [{ name: 'backend', hash: `sha256:${hash}`, scopes: ['send'] }],
        webhook: {
          url: 'https://user:pass1234@example.com/T0K3N?x=T0K3N',
          secret: 'a secret of some length',
        },
      }),
    )
    const secrets = [
      lineOf(key),
      lineOf(ownTls.key),
      pfx.slice(0, 60),
      'open sesame',
      'hunter2',
      hash,
      'pass1234',
      'T0K3N',
      'a secret of some length',
    ]
    const lines: string[] = []
    const log = (message: string, details?: object): void =>
      void lines.push(message, inspect(details, { depth: 9 }))
    const apps = new Apps(config.apps, { loggerOf: () => ({ debug: log, info: log, warn: log, error: log }) })
    const shown = [
      configText(config),
      JSON.stringify(redactedConfig(config)),
      JSON.stringify([...apps.apps]),
      inspect([...apps.apps], { depth: 9 }),
    ]
    await apps.close(0)
    for (const secret of secrets) {
      assert.ok(!shown.join('\n').includes(secret), `it shows ${secret}`)
      assert.ok(!lines.join('\n').includes(secret), `it logs ${secret}`)
    }
    assert.ok(configText(config).includes(keyId))
    assert.deepEqual(parse(configText(config)), redactedConfig(config))
  })

  it('are in no error, wherever they were written by mistake', async () => {
    await using apns = await startSimulator()
    const { key } = apns.credentials
    const secrets = [lineOf(key), 'hunter2', 'open sesame!']
    const places = [
      'name',
      'topic',
      'key',
      'keyPath',
      'keyId',
      'teamId',
      'cert',
      'certPath',
      'pfx',
      'pfxPath',
      'passphrase',
      'proxy',
      'environment',
      'maxConnections',
    ]
    const contents = [key, key.replaceAll('\n', '\\n'), lineOf(key), 'socks9://user:hunter2@host']
    for (const place of places) {
      for (const content of contents) {
        const app = { name: 'a', topic: 'com.example.a', passphrase: 'open sesame!', [place]: content }
        const variable = `APNS_WORKER_APPS_0_${place.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`
        for (const variables of [{}, { [variable]: content }]) {
          using folder = new ConfigFolder()
          const path = folder.write(
            'worker.yaml',
            JSON.stringify({ apps: [app], apiKeys: [{ name: content, hash: content, scopes: [content] }] }),
          )
          const error = errorOf(() => readConfig({ path, environment: variables }))
          assert.ok(error instanceof ConfigError)
          for (const secret of secrets)
            assert.ok(!inspect(error, { depth: 9 }).includes(secret), `${place}: ${error.message}`)
        }
      }
    }
  })

  it('are in no error about YAML that can not be read', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    const { key } = apns.credentials
    for (const yaml of [
      `apps:\n  - key: ${key}`,
      `apps:\n  - passphrase: "hunter2`,
      'apps: [{ passphrase: *hunter2 }]',
      'passphrase: !hunter2 x',
      'hunter2',
      '@hunter2: x',
      '{ hunter2',
    ]) {
      const problems = folder.problems(yaml).join('\n')
      assert.notEqual(problems, '')
      for (const secret of [lineOf(key), 'hunter2']) assert.ok(!problems.includes(secret), problems)
    }
  })
})

function errorOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
