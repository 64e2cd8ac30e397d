import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CredentialError } from 'apns-worker'
import { Provider, type ProviderOptions } from 'apns-worker/node-apn'
import { broadcastOptions, channelOptions, managerOptions } from '#src/node-apn/provider-options.js'
import { LOCALHOST, PROVIDER_KEY } from '../support/test-identity.js'

const token = { ...PROVIDER_KEY }
const directory = mkdtempSync(join(tmpdir(), 'node-apn-'))
after(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function environmentOf(options: ProviderOptions): unknown {
  return managerOptions({ token, ...options }).environment
}

describe('the options of a provider', () => {
  it('name Apple’s environments, by default the one that NODE_ENV says', () => {
    const { NODE_ENV } = process.env
    try {
      process.env['NODE_ENV'] = 'production'
      assert.equal(environmentOf({}), 'production')
      assert.equal(environmentOf({ production: false }), 'sandbox')
      process.env['NODE_ENV'] = 'test'
      assert.equal(environmentOf({}), 'sandbox')
      assert.equal(environmentOf({ production: true }), 'production')
      assert.equal(environmentOf({ production: null }), 'sandbox')
    } finally {
      if (NODE_ENV === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = NODE_ENV
    }
  })

  it('name a host by its address', () => {
    assert.equal(environmentOf({ address: 'api.push.apple.com', production: false }), 'production')
    assert.equal(environmentOf({ address: 'api.sandbox.push.apple.com', production: true }), 'sandbox')
    const custom = { host: 'localhost', port: 2197, ca: undefined, rejectUnauthorized: undefined }
    assert.deepEqual(environmentOf({ address: 'localhost', port: '2197' }), custom)
    assert.deepEqual(environmentOf({ address: 'localhost' }), { ...custom, port: 443 })
    assert.deepEqual(environmentOf({ production: true, port: 2197 }), {
      ...custom,
      host: 'api.push.apple.com',
    })
    assert.deepEqual(environmentOf({ production: true, rejectUnauthorized: false }), {
      host: 'api.push.apple.com',
      port: 443,
      ca: undefined,
      rejectUnauthorized: false,
    })
  })

  it('name authorities by content or by path, one or several', () => {
    const path = file('ca.pem', LOCALHOST.cert)
    const bytes = Buffer.from(LOCALHOST.cert)
    for (const [ca, expected] of [
      [LOCALHOST.cert, [LOCALHOST.cert]],
      [
        [bytes, LOCALHOST.cert],
        [bytes, LOCALHOST.cert],
      ],
      [path, [bytes]],
      [
        [path, bytes],
        [bytes, bytes],
      ],
      [[], undefined],
      [null, undefined],
    ] as const) {
      assert.deepEqual(environmentOf({ address: 'localhost', ca }), {
        host: 'localhost',
        port: 443,
        ca: expected,
        rejectUnauthorized: undefined,
      })
    }
    assert.throws(
      () => environmentOf({ ca: [join(directory, 'none.pem')] }),
      /ca \('.*none.pem'\): no such file/,
    )
  })

  it('name credentials by content or by path: a token first, then a PKCS#12 file, then a certificate', () => {
    const credentialsOf = (options: ProviderOptions): unknown => {
      const { key, keyPath, cert, certPath, pfx, pfxPath, keyId, teamId, passphrase } =
        managerOptions(options)
      return JSON.parse(
        JSON.stringify({ key, keyPath, cert, certPath, pfx, pfxPath, keyId, teamId, passphrase }),
      )
    }
    const { keyId, teamId, key } = token
    assert.deepEqual(credentialsOf({ token, cert: 'c.pem', pfx: 'p.p12' }), { key, keyId, teamId })
    assert.deepEqual(credentialsOf({ token: { ...token, key: 'k.p8' } }), { keyPath: 'k.p8', keyId, teamId })
    assert.deepEqual(credentialsOf({ pfx: 'p.p12', cert: 'c.pem', passphrase: 's' }), {
      pfxPath: 'p.p12',
      passphrase: 's',
    })
    assert.deepEqual(credentialsOf({ cert: 'c.pem', key }), { certPath: 'c.pem', key })
    assert.deepEqual(credentialsOf({}), { certPath: 'cert.pem', keyPath: 'key.pem' })
  })

  it('are in milliseconds, and count retries', () => {
    const { requestTimeout, connectTimeout, pingInterval, maxAttempts } = managerOptions({ token })
    assert.deepEqual([requestTimeout, connectTimeout, pingInterval, maxAttempts], [5, 5, 60, 4])
    const changed = managerOptions({ token, requestTimeout: 1500, heartBeat: 250, connectionRetryLimit: 0 })
    assert.deepEqual([changed.requestTimeout, changed.connectTimeout, changed.pingInterval], [1.5, 1.5, 0.25])
    assert.equal(changed.maxAttempts, 1)
    assert.equal(managerOptions({ token, requestTimeout: 0 }).requestTimeout, Number.POSITIVE_INFINITY)
  })

  it('name the host for channels: Apple’s, by its environment, or another', () => {
    const placeOf = (options: ProviderOptions): unknown => channelOptions({ token, ...options }).environment
    assert.equal(placeOf({ production: true }), 'production')
    assert.equal(placeOf({ production: false, address: 'relay.example', port: 1 }), 'sandbox')
    const own = { ca: undefined, rejectUnauthorized: undefined }
    assert.deepEqual(placeOf({ manageChannelsAddress: 'relay.example' }), {
      ...{ host: 'relay.example', channelPort: 2195, ...own },
    })
    assert.deepEqual(placeOf({ production: true, manageChannelsPort: '8443' }), {
      ...{ host: 'api-manage-broadcast.push.apple.com', channelPort: 8443, ...own },
    })
    assert.deepEqual(placeOf({ production: true, rejectUnauthorized: false, ca: LOCALHOST.cert }), {
      ...{ host: 'api-manage-broadcast.push.apple.com', channelPort: 2196 },
      ...{ ca: [LOCALHOST.cert], rejectUnauthorized: false },
    })
    const proxies = { proxy: { host: 'a', port: 1 }, manageChannelsProxy: { host: 'b', port: '2' } }
    assert.equal(channelOptions({ token, ...proxies }).proxy, 'http://b:2')
    const { proxy, broadcastHost } = broadcastOptions({ token, ...proxies })
    assert.deepEqual([proxy, broadcastHost], ['http://a:1', 'api'])
  })

  it('bound the time for a request about channels by that of its attempts', () => {
    const timeoutOf = (options: ProviderOptions): unknown => channelOptions({ token, ...options }).timeout
    assert.equal(timeoutOf({}), 20)
    assert.equal(timeoutOf({ requestTimeout: 1000, connectionRetryLimit: 1 }), 2)
    assert.equal(timeoutOf({ requestTimeout: 0 }), 60)
  })

  it('name an HTTP proxy', () => {
    assert.equal(managerOptions({ token }).proxy, undefined)
    assert.equal(
      managerOptions({ token, proxy: { host: 'proxy.example', port: 3128 } }).proxy,
      'http://proxy.example:3128',
    )
  })

  it('that make no sense are errors when the provider is made', () => {
    const path = file('key.p8', token.key)
    assert.doesNotThrow(() => new Provider({ token: { ...token, key: path } }))
    assert.throws(() => new Provider({ token: { ...token, key: join(directory, 'no.p8') } }), CredentialError)
    assert.throws(() => new Provider({ token: { ...token, keyId: '' } }), /token.keyId is missing/)
    assert.throws(
      () => new Provider({ token: Object.assign({ ...token }, { teamId: 7 }) }),
      /token.teamId is missing/,
    )
    assert.throws(
      () => new Provider({ token, requestTimeout: -1 }),
      /requestTimeout is -1; give milliseconds/,
    )
    assert.throws(() => new Provider({ token, heartBeat: Number.NaN }), /heartBeat is NaN; give milliseconds/)
    assert.throws(() => new Provider(), /certPath \('cert.pem'\): no such file/)
  })
})
