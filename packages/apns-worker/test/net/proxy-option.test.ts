import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ApnsManager, BinaryBackend } from 'apns-worker'
import { proxyFor } from '#src/net/proxy/proxy-option.js'
import type { ProxyServer } from '#src/net/proxy/proxy-server.js'
import { LOCALHOST, PROVIDER_KEY } from '../support/test-identity.js'

const APNS = { host: 'api.push.apple.com', port: 443 }
const SECRETS = ['s3cretUser', 's3cretPassword']
const [USER, PASSWORD] = SECRETS

function proxyOf(option: unknown, variables: Record<string, string> = {}): ProxyServer {
  const proxy = proxyFor(option, APNS, variables)
  assert.ok(proxy)
  return proxy
}

/** What it says first; for HTTP, that has its credentials. */
function greeting(proxy: ProxyServer): string {
  return Buffer.from(proxy.handshake(APNS).greeting()).toString('latin1')
}

function loginOf(proxy: ProxyServer): string | undefined {
  const code = /Basic (.*)\r\n/.exec(greeting(proxy))?.[1]
  return code === undefined ? undefined : Buffer.from(code, 'base64').toString()
}

/** Checks that it is refused with these words, and in no more than a few, none of them secret. */
function refuses(
  option: unknown,
  words: RegExp,
  variables?: Record<string, string>,
  destination = APNS,
): void {
  assert.throws(
    () => proxyFor(option, destination, variables ?? {}),
    (error: unknown) => {
      assert.ok(error instanceof TypeError, String(error))
      assert.match(error.message, words)
      assert.ok(error.message.length < 350, error.message)
      assertNoSecret(error)
      return true
    },
  )
}

function assertNoSecret(value: unknown): void {
  const text = inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })
  for (const secret of SECRETS) assert.ok(!text.includes(secret), text)
}

describe('a proxy', () => {
  it('is none where none is asked for, whatever the environment says', () => {
    const variables = { HTTPS_PROXY: 'http://proxy.example:3128', https_proxy: 'http://proxy.example:3128' }
    assert.equal(proxyFor(undefined, APNS, variables), undefined)
  })

  for (const [url, name] of [
    ['http://proxy.example:3128', 'http://proxy.example:3128'],
    ['http://proxy.example:3128/', 'http://proxy.example:3128'],
    ['HTTP://Proxy.Example', 'http://proxy.example:80'],
    ['https://proxy.example', 'https://proxy.example:443'],
    ['socks5://Proxy.Example', 'socks5://proxy.example:1080'],
    ['socks5h://proxy.example:9050', 'socks5://proxy.example:9050'],
    ['socks5://[::1]:9050', 'socks5://[::1]:9050'],
    ['http://[2001:DB8::1]:3128', 'http://[2001:db8::1]:3128'],
    ['http://bücher.example:1', 'http://xn--bcher-kva.example:1'],
    ['socks5://bücher.example:1', 'socks5://xn--bcher-kva.example:1'],
    [`http://${USER}:${PASSWORD}@10.0.0.1:3128`, 'http://10.0.0.1:3128'],
  ] as const) {
    it(`may be ${url.replace(/\/\/.*@/, '//user:password@')}`, () => {
      assert.equal(proxyOf(url).name, name)
      assert.equal(proxyOf(new URL(url)).name, name)
      assert.equal(proxyOf({ url }).name, name)
      assert.equal(proxyOf('environment', { HTTPS_PROXY: url }).name, name)
    })
  }

  it('has the credentials of its URL, percent-decoded', () => {
    assert.equal(loginOf(proxyOf('http://proxy.example')), undefined)
    assert.equal(loginOf(proxyOf('http://user@proxy.example')), 'user:')
    assert.equal(loginOf(proxyOf('http://:password@proxy.example')), ':password')
    assert.equal(loginOf(proxyOf('http://us%40er:p%3A%2f%25+%20%C3%A9@proxy.example')), 'us@er:p:/%+ é')
    assert.equal(loginOf(proxyOf(new URL('https://user:p@ss@proxy.example'))), 'user:p@ss')
    const socks = proxyOf('socks5://us%3Aer:p%2Fw@proxy.example').handshake(APNS)
    socks.greeting()
    const step = socks.receive(Uint8Array.of(5, 2))
    assert.equal(step.kind === 'more' && Buffer.from(step.send ?? []).toString(), '\x01\x05us:er\x03p/w')
  })

  it('has nothing to show of its credentials', () => {
    for (const scheme of ['http', 'https', 'socks5']) {
      const proxy = proxyOf(`${scheme}://${USER}:${PASSWORD}@proxy.example`)
      assertNoSecret(proxy)
      assertNoSecret(proxy.handshake(APNS))
      assertNoSecret(JSON.stringify(proxy))
    }
  })

  it('with TLS may have an authority of its own', () => {
    const proxy = proxyOf({ url: 'https://proxy.example', ca: LOCALHOST.cert })
    assert.ok(proxy.secureContext)
    assert.ok(proxyOf({ url: 'https://proxy.example', ca: [Buffer.from(LOCALHOST.cert)] }).secureContext)
    assert.equal(proxyOf('http://proxy.example').secureContext, undefined)
    const ca = LOCALHOST.cert
    assert.ok(proxyOf({ url: 'environment', ca }, { HTTPS_PROXY: 'https://proxy.example' }).secureContext)
    assert.ok(proxyOf({ url: 'environment', ca }, { HTTPS_PROXY: 'proxy.example' }))
  })

  it('can not be anything else', () => {
    refuses(null, /^proxy is not right \(null\); it is a URL, 'environment', or/)
    refuses(3128, /\(number\)/)
    refuses(true, /\(boolean\)/)
    refuses({}, /\(object\)/)
    refuses({ href: `http://${USER}@proxy.example` }, /\(object\)/)
    refuses({ url: 5 }, /\(object\)/)
    refuses({ url: `http://${USER}:${PASSWORD}@proxy.example`, ca: 5 }, /\(object\)/)
    refuses({ url: `https://${USER}:${PASSWORD}@proxy.example`, ca: [5] }, /\(object\)/)
    refuses({ url: 'https://proxy.example', ca: '/etc/ssl/ca.pem' }, /proxy\.ca is not a certificate in PEM/)
    refuses({ url: 'https://proxy.example', ca: [] }, /proxy\.ca is not a certificate in PEM/)
    refuses({ url: 'http://proxy.example', ca: LOCALHOST.cert }, /proxy\.ca is for https:\/\/ proxies/)
  })

  for (const [url, words] of [
    ['', /^proxy is no URL of a proxy; give http:\/\//],
    ['proxy.example', /no URL/],
    ['//proxy.example', /no URL/],
    ['http://', /no URL/],
    ['socks5://', /names no host/],
    ['socks5://:1080', /no URL/],
    [`http://${USER}:${PASSWORD}@`, /no URL/],
    ['http://proxy.example:99999', /no URL/],
    [`http://${USER}:${PASSWORD}/x@proxy.example:3128`, /no URL.*%2F/],
    [`http://${USER}:12/${PASSWORD}@proxy.example`, /something behind the port.*%2F/],
    [`http://${USER}:12?${PASSWORD}@proxy.example`, /something behind the port/],
    [`http://${USER}:12#${PASSWORD}@proxy.example`, /something behind the port/],
    ['http://proxy.example/path', /something behind the port/],
    ['http://proxy.example:0', /port 0/],
    [`${USER}:${PASSWORD}@proxy.example:3128`, /no known kind/],
    ['proxy.example:3128', /no known kind/],
    [`socks4://${USER}:${PASSWORD}@proxy.example`, /no known kind/],
    [`ftp://${USER}:${PASSWORD}@proxy.example`, /no known kind/],
    ['environments', /no URL/],
    [`http://${USER}:${PASSWORD}%@proxy.example`, /not well encoded.*%25/],
    [`http://${USER}:${PASSWORD}%ff@proxy.example`, /not well encoded/],
    ['socks5://%zz.example', /no URL|not well encoded/],
    [`http://${USER}%3Ax:${PASSWORD}@proxy.example`, /has a colon/],
    [`https://${USER}%3Ax:${PASSWORD}@proxy.example`, /has a colon/],
    [`socks5://${USER}${'x'.repeat(256)}:${PASSWORD}@proxy.example`, /longer than SOCKS/],
    [`socks5://x:${PASSWORD}${'%C3%A9'.repeat(128)}@proxy.example`, /longer than SOCKS/],
  ] as const) {
    it(`can not be ${url.replaceAll(/s3cret(User|Password)/g, '$1').slice(0, 60)}`, () => {
      refuses(url, words)
      refuses({ url }, words)
    })
  }

  it('is asked for a name or an address', () => {
    const greetingFor = (host: string): string => {
      const proxy = proxyFor('http://proxy.example', { host, port: 443 }, {})
      return (
        Buffer.from(proxy?.handshake({ host, port: 443 }).greeting() ?? [])
          .toString()
          .split('\r\n')[0] ?? ''
      )
    }
    assert.match(greetingFor('apns.test'), /^CONNECT apns\.test:443 /)
    assert.match(greetingFor('::1'), /^CONNECT \[::1\]:443 /)
    assert.match(greetingFor('bücher.example'), /^CONNECT xn--bcher-kva\.example:443 /)
    for (const host of [
      'a b',
      'a\r\nX: y',
      'a/b',
      'a@b',
      'a:1',
      '[::1]',
      'fe80::1%eth0',
      '%41',
      '?',
      'x'.repeat(256),
      `${'é.'.repeat(50)}example`,
    ]) {
      const destination = { host, port: 443 }
      assert.equal(proxyFor(undefined, destination, {}), undefined)
      refuses(
        'http://proxy.example',
        /^environment\.host is ".*", which no proxy can be asked for/,
        {},
        destination,
      )
    }
  })
})

describe('the environment', () => {
  const nameOf = (variables: Record<string, string>): string | undefined =>
    proxyFor('environment', APNS, variables)?.name

  it('names the proxy for HTTPS', () => {
    assert.equal(nameOf({}), undefined)
    assert.equal(
      nameOf({ HTTP_PROXY: 'http://a.example', http_proxy: 'b.example', ALL_PROXY: 'c.example' }),
      undefined,
    )
    assert.equal(nameOf({ HTTPS_PROXY: 'http://a.example:3128' }), 'http://a.example:3128')
    assert.equal(nameOf({ https_proxy: 'socks5://b.example' }), 'socks5://b.example:1080')
    assert.equal(
      nameOf({ HTTPS_PROXY: 'http://a.example', https_proxy: 'http://b.example' }),
      'http://b.example:80',
    )
  })

  it('may name it without a scheme', () => {
    assert.equal(nameOf({ HTTPS_PROXY: ' a.example:3128\n' }), 'http://a.example:3128')
    const proxy = proxyOf('environment', { https_proxy: `${USER}:${PASSWORD}@a.example:3128` })
    assert.equal(proxy.name, 'http://a.example:3128')
    assert.equal(loginOf(proxy), `${USER}:${PASSWORD}`)
  })

  it('takes it back by naming nothing', () => {
    assert.equal(nameOf({ HTTPS_PROXY: '' }), undefined)
    assert.equal(nameOf({ HTTPS_PROXY: 'http://a.example', https_proxy: ' ' }), undefined)
  })

  it('may exempt the destination', () => {
    const HTTPS_PROXY = 'http://a.example'
    assert.equal(nameOf({ HTTPS_PROXY, NO_PROXY: 'apple.com' }), undefined)
    assert.equal(nameOf({ HTTPS_PROXY, no_proxy: 'apple.com' }), undefined)
    assert.equal(nameOf({ HTTPS_PROXY, NO_PROXY: 'apple.com', no_proxy: 'b.example' }), 'http://a.example:80')
    assert.equal(nameOf({ HTTPS_PROXY, NO_PROXY: 'apple.com', no_proxy: '' }), 'http://a.example:80')
  })

  it('has no say in a proxy that is given, nor in its exemptions', () => {
    assert.equal(
      proxyOf('http://a.example', { HTTPS_PROXY: 'http://b.example', NO_PROXY: '*' }).name,
      'http://a.example:80',
    )
  })

  it('with a wrong value is named in the error', () => {
    refuses('environment', /^HTTPS_PROXY is for no known kind/, {
      HTTPS_PROXY: `ftp://${USER}:${PASSWORD}@a.example`,
    })
    refuses('environment', /^https_proxy is no URL/, { https_proxy: `http://${USER}:${PASSWORD}@` })
  })

  it('is the one of the process, when the manager is made', (context) => {
    const { HTTPS_PROXY, https_proxy } = process.env
    context.after(() => {
      for (const [name, value] of Object.entries({ HTTPS_PROXY, https_proxy })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    })
    delete process.env['https_proxy']
    process.env['HTTPS_PROXY'] = `ftp://${USER}:${PASSWORD}@a.example`
    assert.throws(() => new ApnsManager({ ...PROVIDER_KEY, proxy: 'environment' }), /HTTPS_PROXY/)
    new ApnsManager({ ...PROVIDER_KEY })
  })
})

describe('a manager', () => {
  it('does not take what is no proxy, with either backend', () => {
    const proxy = `ftp://${USER}:${PASSWORD}@proxy.example`
    const { key, cert } = LOCALHOST
    for (const options of [PROVIDER_KEY, { backend: BinaryBackend, key, cert }]) {
      assert.throws(
        () => new ApnsManager({ ...options, environment: { host: 'apns.test' }, proxy }),
        (error: unknown) => {
          assertNoSecret(error)
          return error instanceof TypeError && error.message.startsWith('proxy is for no known kind')
        },
      )
    }
  })

  it('has nothing to show of a password', () => {
    for (const scheme of ['http', 'https', 'socks5']) {
      assertNoSecret(
        new ApnsManager({ ...PROVIDER_KEY, proxy: `${scheme}://${USER}:${PASSWORD}@proxy.example` }),
      )
    }
  })
})
