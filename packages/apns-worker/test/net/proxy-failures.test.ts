import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type Simulator, startGateway, startSimulator } from '@apns-worker/simulator'
import type { ApnsManagerOptions, CustomEnvironment, Logger } from 'apns-worker'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, tokensOf } from '../support/sender.js'
import { ELSEWHERE, LOCALHOST } from '../support/test-identity.js'
import {
  type StartOptions,
  startConnectProxy,
  startSocksProxy,
  type TestProxy,
} from '../support/test-proxies.js'
import { startTcpServer, startTlsServer, type TestServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

const LOGIN = { username: 's3cretUser', password: 's3cretPassword' }
const WRONG = { ...LOGIN, password: 's3cretOld' }

type Start = (options?: StartOptions) => Promise<TestProxy>
const STARTS: Readonly<Record<'HTTP' | 'SOCKS5', Start>> = {
  HTTP: startConnectProxy,
  SOCKS5: startSocksProxy,
}

/** Everything that is logged, with its details. */
class Listener {
  readonly heard: unknown[] = []
  readonly warnings: string[] = []

  /** For a sender through this proxy, with credentials. */
  options(url: string, options: Partial<ApnsManagerOptions> = {}): Partial<ApnsManagerOptions> {
    const hear = (message: string, details?: object): void => {
      this.heard.push(message, details)
    }
    const warn = (message: string, details?: object): void => {
      hear(message, details)
      this.warnings.push(message)
    }
    const logger: Logger = { debug: hear, info: hear, warn, error: warn }
    return { proxy: url, retryDelay: 0.01, maxRetryDelay: 0.02, logger, ...options }
  }

  /** Neither what was logged nor these have a secret in them, or what could be made into one. */
  assertNoSecret(...others: readonly unknown[]): void {
    const text = inspect([this.heard, others], {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
    })
    const encoded = (login: typeof LOGIN): string =>
      Buffer.from(`${login.username}:${login.password}`).toString('base64')
    for (const secret of ['s3cret', encoded(LOGIN), encoded(WRONG)]) assert.ok(!text.includes(secret), text)
  }
}

/** Through this proxy with the login, unless other credentials are in the URL already. */
function urlOf(proxy: TestProxy, login = LOGIN): string {
  return proxy.urlFor(login)
}

for (const [kind, start] of Object.entries(STARTS)) {
  describe(`a proxy of ${kind} that refuses the credentials`, () => {
    it('stops the line; once it is mended, resume() sends everything, once', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      const listener = new Listener()
      await using sender = new Sender(apns, listener.options(urlOf(proxy, WRONG)))
      const delivery = sender.send(50)
      for (let round = 1; round <= 2; round++) {
        const error = await sender.stopped()
        assert.equal(error.code, 'configuration')
        assert.equal(error.reason, 'ProxyCredentials')
        assert.match(
          error.message,
          /the proxy (http|socks5):\/\/127\.0\.0\.1:\d+ does not take this user and password/,
        )
        assert.match(error.message, /Check the user and password in proxy/)
        assert.equal(Reflect.get(Object(error.cause), 'code'), 'PROXY_CREDENTIALS')
        assert.equal(proxy.server.connections, round)
        if (round === 2) proxy.rules.login = WRONG
        sender.apns.resume()
      }
      await sender.accepted(delivery)
      assert.equal(apns.counts().received, 50)
      assert.equal(sender.errors.length, 2)
      listener.assertNoSecret(sender.errors, sender.apns)
    })

    it('or wants some that are not there, stops the line', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      await using sender = new Sender(apns, { proxy: proxy.url })
      sender.send(5)
      const error = await sender.stopped()
      assert.equal(error.reason, 'ProxyCredentials')
      assert.match(error.message, /wants a user and password/)
      assert.equal(proxy.server.connections, 1)
    })

    it('stops the line even if it took them before: trying again may lock the account', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      const listener = new Listener()
      await using sender = new Sender(apns, listener.options(urlOf(proxy)))
      await sender.accepted(sender.send(5))
      proxy.rules.login = WRONG
      apns.disconnect()
      await until(() => sender.apns.stats().connections === 0)
      const delivery = sender.send(5)
      assert.equal((await sender.stopped()).reason, 'ProxyCredentials')
      assert.equal(proxy.server.connections, 2)
      proxy.rules.login = LOGIN
      sender.apns.resume()
      await sender.accepted(delivery)
      listener.assertNoSecret(sender.errors)
    })

    it('stops the line to a gateway too, and ends the reading of its feedback', async () => {
      await using gateway = await startGateway()
      await using proxy = await start({ login: LOGIN })
      const listener = new Listener()
      await using sender = new GatewaySender(gateway, listener.options(urlOf(proxy, WRONG)))
      sender.apns.getFeedback(() => assert.fail('there is no way to it'))
      await until(() => sender.errors.length === 1)
      assert.equal(sender.errors[0]?.reason, 'FeedbackFailed')
      assert.match(String(sender.errors[0]?.cause), /does not take this user/)
      const delivery = sender.send(tokensOf(5))
      await until(() => sender.apns.paused !== undefined)
      assert.equal(sender.apns.paused?.reason, 'ProxyCredentials')
      proxy.rules.login = WRONG
      sender.apns.resume()
      const outcomes = await sender.outcomes(delivery)
      assert.ok(outcomes.every(({ status }) => status === 'accepted'))
      assert.equal(gateway.received.length, 5)
      listener.assertNoSecret(sender.errors)
    })
  })

  describe(`a proxy of ${kind} that is down`, () => {
    it('and then up gets everything, once', async () => {
      await using apns = await startSimulator()
      const former = await start()
      const { url } = former
      await former[Symbol.asyncDispose]()
      const listener = new Listener()
      await using sender = new Sender(
        apns,
        listener.options(url.replace('//', '//s3cretUser:s3cretPassword@')),
      )
      const delivery = sender.send(100)
      await until(() => listener.warnings.length === 3)
      for (const warning of listener.warnings)
        assert.match(
          warning,
          /^connection lost: the proxy .*:\/\/127\.0\.0\.1:\d+ could not be reached: .*ECONNREFUSED/,
        )
      assert.equal(sender.apns.paused, undefined)
      await using _proxy = await start({ port: Number(new URL(url).port) })
      await sender.accepted(delivery)
      await sender.apns.close()
      assert.equal(apns.counts().received, 100)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret(sender.apns)
    })
  })
}

describe('a proxy that opens no tunnel', () => {
  const REFUSALS: readonly (readonly [kind: 'HTTP' | 'SOCKS5', refusal: number, words: RegExp])[] = [
    ['HTTP', 403, /answered 403 to CONNECT 127\.0\.0\.1:\d+: it does not allow this destination$/],
    ['HTTP', 404, /answered 404 to CONNECT .*: it may not open tunnels, or not know this destination$/],
    ['HTTP', 502, /answered 502 to CONNECT .*: it could not reach the destination$/],
    ['HTTP', 503, /answered 503 to CONNECT .*: it is overloaded, or could not reach the destination$/],
    ['SOCKS5', 1, /did not connect to 127\.0\.0\.1:\d+: it failed \(SOCKS reply 1\)$/],
    ['SOCKS5', 2, /its rules do not allow this destination \(SOCKS reply 2\)$/],
    ['SOCKS5', 4, /the destination is unreachable from it, or its name unknown there \(SOCKS reply 4\)$/],
    ['SOCKS5', 5, /the destination refused the connection \(SOCKS reply 5\)$/],
  ]
  for (const [kind, refusal, words] of REFUSALS) {
    it(`(${kind}, ${refusal}) is asked again, and gets everything once it opens one`, async () => {
      await using apns = await startSimulator()
      await using proxy = await STARTS[kind]({ login: LOGIN, refusal })
      const listener = new Listener()
      await using sender = new Sender(apns, listener.options(urlOf(proxy)))
      const delivery = sender.send(20, { ambiguous: 'drop' })
      await until(() => listener.warnings.length >= 3)
      for (const warning of listener.warnings) assert.match(warning, words)
      assert.equal(sender.apns.paused, undefined)
      proxy.rules.refusal = undefined
      await sender.accepted(delivery)
      assert.equal(apns.counts().received, 20)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret()
    })
  }
})

/** What a proxy may do instead of answering, to the first connections that it gets. */
interface Misdeed {
  readonly scheme: 'http' | 'socks5'
  readonly does: (client: Socket) => void
  readonly warning: RegExp
}

const SILENCE =
  /no HTTP\/2 connection to 127\.0\.0\.1:\d+ through the proxy \w+:\/\/127\.0\.0\.1:\d+, which has not opened a tunnel, within 0\.2 s/
const EARLY_END = /the proxy \w+:\/\/127\.0\.0\.1:\d+ closed the connection before the tunnel was open/

function afterRequest(act: (client: Socket) => void): (client: Socket) => void {
  return (client) => client.once('data', () => act(client))
}

const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'says nothing': { scheme: 'http', does: () => {}, warning: SILENCE },
  'answers with half a head, and then nothing': {
    scheme: 'http',
    does: afterRequest((client) => client.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 pro')),
    warning: SILENCE,
  },
  'answers with half a head, and closes': {
    scheme: 'http',
    does: afterRequest((client) => client.end('HTTP/1.1 200 Connection established\r\n')),
    warning: EARLY_END,
  },
  'answers in little pieces that never end': {
    scheme: 'http',
    does(client) {
      client.write('HTTP/1.1 200 OK\r\nX: ')
      const timer = setInterval(() => client.write('x'), 5)
      client.once('close', () => clearInterval(timer))
    },
    warning: SILENCE,
  },
  'answers with a head that never ends': {
    scheme: 'http',
    does: afterRequest((client) => client.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`)),
    warning: /answered CONNECT with a head that does not end/,
  },
  'closes at once': { scheme: 'http', does: (client) => client.end(), warning: EARLY_END },
  'closes when it is asked': {
    scheme: 'http',
    does: afterRequest((client) => client.end()),
    warning: EARLY_END,
  },
  'breaks the connection': {
    scheme: 'http',
    does: afterRequest((client) => client.resetAndDestroy()),
    warning: /the proxy .* could not be reached: .*ECONNRESET/,
  },
  'answers with garbage': {
    scheme: 'http',
    does: afterRequest((client) => client.write('\x05\xff garbage')),
    warning: /answered CONNECT with what is not HTTP\/1\.1/,
  },
  'is no proxy, but a mail server': {
    scheme: 'http',
    does: (client) => client.write('220 mail.example ESMTP\r\n'),
    warning: /answered CONNECT with what is not HTTP\/1\.1/,
  },
  'speaks TLS': {
    scheme: 'http',
    // The alert of an OpenSSL that heard no TLS: protocol_version (RFC 8446 section 6.2).
    does: afterRequest((client) => client.end(Uint8Array.of(21, 3, 1, 0, 2, 2, 70))),
    warning: /not HTTP\/1\.1, but TLS: is it an https:\/\/ proxy\?/,
  },
  'says nothing (SOCKS)': { scheme: 'socks5', does: () => {}, warning: SILENCE },
  'says nothing to the request (SOCKS)': {
    scheme: 'socks5',
    does: afterRequest((client) => client.write(Uint8Array.of(5, 0))),
    warning: SILENCE,
  },
  'closes within its answer (SOCKS)': {
    scheme: 'socks5',
    does: afterRequest((client) => {
      client.write(Uint8Array.of(5, 0))
      client.once('data', () => client.end(Uint8Array.of(5, 0, 0, 1)))
    }),
    warning: EARLY_END,
  },
  'is of version 4 (SOCKS)': {
    scheme: 'socks5',
    does: afterRequest((client) => client.write(Uint8Array.of(0, 91, 0, 0, 0, 0, 0, 0))),
    warning: /answered with what is not SOCKS version 5/,
  },
  'is one of HTTP (SOCKS)': {
    scheme: 'socks5',
    does: afterRequest((client) => client.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    warning: /perhaps HTTP: is it an http:\/\/ proxy\?/,
  },
}

/** A way to a proxy; on the first connections something else is done. */
function startMisdeeds(proxy: TestProxy, does: (client: Socket) => void, times: number): Promise<TestServer> {
  return startTcpServer((client, number) => {
    client.resume()
    if (number <= times) does(client)
    else {
      const onward = connect(Number(new URL(proxy.url).port), '127.0.0.1')
      client.pipe(onward).pipe(client)
      onward.on('error', () => {}).on('close', () => client.destroy())
      client.on('close', () => onward.destroy())
    }
  })
}

function urlTo(scheme: string, { environment }: { readonly environment: CustomEnvironment }): string {
  return `${scheme}://${LOGIN.username}:${LOGIN.password}@127.0.0.1:${environment.port}`
}

const startOf = (scheme: Misdeed['scheme']): Start =>
  scheme === 'http' ? startConnectProxy : startSocksProxy

describe('a proxy that', () => {
  for (const [what, { scheme, does, warning }] of Object.entries(MISDEEDS)) {
    it(`${what} is given up, and asked again`, async () => {
      await using apns = await startSimulator()
      await using proxy = await startOf(scheme)()
      await using entrance = await startMisdeeds(proxy, does, 2)
      const listener = new Listener()
      const options = listener.options(
        urlTo(scheme, entrance),
        warning === SILENCE ? { connectTimeout: 0.2 } : {},
      )
      await using sender = new Sender(apns, options)
      // Nothing of it was sent.
      await sender.accepted(sender.send(20, { ambiguous: 'drop' }))
      assert.equal(apns.counts().received, 20)
      // A busy machine may take longer than the timeout to open a good one.
      const [first = '', second = '', ...others] = listener.warnings
      for (const text of [first, second]) assert.match(text, warning)
      if (warning !== SILENCE) assert.deepEqual(others, [])
      assert.equal(entrance.connections, listener.warnings.length + 1)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret()
    })

    it(`${what} does not hold up close(), and no connection is left`, async () => {
      await using apns = await startSimulator()
      await using proxy = await startOf(scheme)()
      await using entrance = await startMisdeeds(proxy, does, Number.POSITIVE_INFINITY)
      const listener = new Listener()
      await using sender = new Sender(apns, listener.options(urlTo(scheme, entrance)))
      sender.send(3)
      await until(() => entrance.connections > 0)
      const { unsent } = await sender.apns.close({ timeout: 0.05 })
      assert.equal(unsent.length, 3)
      assert.ok(unsent.every(({ code }) => code === 'cancelled'))
    })
  }
})

describe('a gateway behind a proxy that says nothing', () => {
  it('is not waited for longer than connectTimeout, nor is its feedback service', async () => {
    await using gateway = await startGateway()
    await using hole = await startTcpServer((client) => client.resume())
    const listener = new Listener()
    const options = listener.options(urlTo('http', hole), { connectTimeout: 0.1 })
    await using sender = new GatewaySender(gateway, options)
    sender.apns.getFeedback(() => assert.fail('there is no way to it'))
    sender.send(tokensOf(3))
    await until(() => listener.warnings.length >= 3)
    const silence =
      /no TLS connection to 127\.0\.0\.1:\d+ through the proxy .*, which has not opened a tunnel, within 0\.1 s/
    for (const text of listener.warnings) assert.match(text, silence)
    assert.equal(sender.errors[0]?.reason, 'FeedbackFailed')
    listener.assertNoSecret(sender.errors)
  })

  it('leaves no connection when the reading of its feedback is cancelled', async () => {
    await using gateway = await startGateway()
    await using hole = await startTcpServer((client) => client.resume())
    await using sender = new GatewaySender(gateway, { proxy: urlTo('socks5', hole) })
    const subscription = sender.apns.getFeedback(() => assert.fail('it was cancelled'))
    await until(() => hole.sockets.size === 1)
    subscription.cancel()
    await until(() => hole.sockets.size === 0)
  })
})

describe('TLS to a proxy', () => {
  const startHttps = (): Promise<TestProxy> => startConnectProxy({}, 'https')
  async function stops(apns: Simulator, proxy: ApnsManagerOptions['proxy'], words: RegExp): Promise<void> {
    await using sender = new Sender(apns, { proxy })
    sender.send(5)
    const error = await sender.stopped()
    assert.equal(error.reason, 'ProxyTlsHandshake')
    assert.match(error.message, words)
    assert.match(error.message, /proxy\.ca/)
    assert.equal(apns.counts().connections, 0)
  }

  it('whose certificate nobody vouches for, or is another host’s, stops the line', async () => {
    await using apns = await startSimulator()
    await using proxy = await startHttps()
    await stops(
      apns,
      proxy.url,
      /the proxy https:\/\/127\.0\.0\.1:\d+ has failed the TLS handshake: self-signed/,
    )
    await stops(apns, { url: proxy.url, ca: apns.ca }, /self-signed/)
    await using elsewhere = await startTlsServer(() => {}, { ...ELSEWHERE, ALPNProtocols: ['http/1.1'] })
    const url = `https://127.0.0.1:${elsewhere.environment.port}`
    await stops(apns, { url, ca: ELSEWHERE.cert }, /does not match certificate's altnames/)
  })

  it('that speaks none stops the line', async () => {
    await using apns = await startSimulator()
    await using proxy = await startConnectProxy()
    await stops(apns, proxy.url.replace('http:', 'https:'), /wrong version number/)
  })

  it('does not vouch for APNs: its authority is another', async () => {
    await using apns = await startSimulator()
    await using proxy = await startHttps()
    const { host, port } = apns.environment
    await using sender = new Sender(
      { ...apns, environment: { host, port } },
      { proxy: { url: proxy.url, ca: [LOCALHOST.cert, apns.ca] } },
    )
    sender.send(5)
    assert.equal((await sender.stopped()).reason, 'TlsHandshake')
  })
})

describe('TLS to a proxy that breaks', () => {
  it('under the connection to APNs is a lost connection', async () => {
    await using apns = await startSimulator()
    await using proxy = await startConnectProxy({}, 'https')
    const listener = new Listener()
    const options = listener.options('', { proxy: { url: proxy.url, ca: LOCALHOST.cert } })
    await using sender = new Sender(apns, options)
    await sender.accepted(sender.send(5))
    for (const socket of proxy.server.sockets) socket.write('This is no record of TLS.')
    await until(() => sender.apns.stats().connections === 0)
    assert.equal(listener.warnings.length, 1)
    await sender.accepted(sender.send(5))
    assert.equal(proxy.destinations.length, 2)
  })
})

describe('what comes with the head of the answer', () => {
  /** A TLS record with HelloRequest (RFC 5246 section 7.4.1.1): a client that is about to say hello passes over it. */
  const HELLO_REQUEST = Buffer.of(22, 3, 3, 0, 4, 0, 0, 0, 0)

  for (const cut of [1, 5, HELLO_REQUEST.length]) {
    it(`belongs to the tunnel: ${cut} bytes of a record, before the rest`, async () => {
      await using apns = await startSimulator()
      await using proxy = await startTcpServer((client) => {
        client.once('data', () => {
          client.write(
            Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), HELLO_REQUEST.subarray(0, cut)]),
          )
          client.once('data', (hello: Buffer) => {
            client.write(HELLO_REQUEST.subarray(cut))
            const onward = connect(apns.port, apns.host)
            onward.on('error', () => {}).on('close', () => client.destroy())
            client.on('close', () => onward.destroy())
            onward.write(hello)
            client.pipe(onward).pipe(client)
          })
        })
      })
      await using sender = new Sender(apns, { proxy: `http://127.0.0.1:${proxy.environment.port}` })
      await sender.accepted(sender.send(20))
      assert.equal(proxy.connections, 1)
    })
  }

  it('is not passed over where it is nonsense', async () => {
    await using apns = await startSimulator()
    await using proxy = await startTcpServer((client) => {
      client.once('data', () => client.write('HTTP/1.1 200 OK\r\n\r\nThis is no TLS.'))
    })
    await using sender = new Sender(apns, { proxy: `http://127.0.0.1:${proxy.environment.port}` })
    sender.send(20)
    const error = await sender.stopped()
    assert.equal(error.reason, 'TlsHandshake')
    assert.match(error.message, /wrong version number/)
  })
})
