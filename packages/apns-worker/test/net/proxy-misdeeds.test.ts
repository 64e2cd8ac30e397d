import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { ProxyListener, urlTo } from '../support/proxy-listener.js'
import { Sender, tokensOf } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { startConnectProxy, startSocksProxy, type TestProxy } from '../support/test-proxies.js'
import { startTcpServer, type TestServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

/** What a proxy may do instead of answering, to the first connections that it gets. */
interface Misdeed {
  readonly scheme: 'http' | 'socks5'
  readonly does: (client: Socket) => void
  readonly warning: RegExp
}

const SILENCE =
  /no HTTP\/2 connection to 127\.0\.0\.1:\d+ through the proxy \w+:\/\/127\.0\.0\.1:\d+, which has not opened a tunnel, within 5 s/
/** Seconds; how long they are is for the clock of a test. */
const CONNECT_TIMEOUT = 5
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

/** A way to a proxy; on the first connections, something else is done. `asked` is told of each that says something. */
function startMisdeeds(
  proxy: TestProxy,
  does: (client: Socket) => void,
  times: number,
  asked: () => void = () => {},
): Promise<TestServer> {
  return startTcpServer((client, number) => {
    client.once('data', asked).resume()
    if (number <= times) does(client)
    else {
      const onward = connect(Number(new URL(proxy.url).port), '127.0.0.1')
      client.pipe(onward).pipe(client)
      onward.on('error', () => {}).on('close', () => client.destroy())
      client.on('close', () => onward.destroy())
    }
  })
}

function startOf(scheme: Misdeed['scheme']): Promise<TestProxy> {
  return scheme === 'http' ? startConnectProxy() : startSocksProxy()
}

describe('a proxy that', () => {
  for (const [what, { scheme, does, warning }] of Object.entries(MISDEEDS)) {
    it(`${what} is given up, and asked again`, async () => {
      using clock = new StoppedClock()
      await using apns = await startSimulator()
      await using proxy = await startOf(scheme)
      let asked = 0
      await using entrance = await startMisdeeds(proxy, does, 2, () => asked++)
      const listener = new ProxyListener()
      const options = listener.options(urlTo(scheme, entrance), {
        connectTimeout: CONNECT_TIMEOUT,
        retryDelay: 0,
      })
      await using sender = new Sender(apns, options)
      // Nothing of it was sent.
      const delivery = sender.send(20, { ambiguous: 'drop' })
      const timeouts = warning === SILENCE ? 2 : 0
      for (let times = 1; times <= timeouts; times++) {
        await until(() => asked === times)
        clock.advance(CONNECT_TIMEOUT * 1000 - 1)
        assert.equal(listener.warnings.length, times - 1)
        clock.advance(1)
      }
      await sender.accepted(delivery)
      assert.equal(apns.counts().received, 20)
      assert.equal(listener.warnings.length, 2)
      for (const text of listener.warnings) assert.match(text, warning)
      assert.equal(entrance.connections, 3)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret()
    })

    it(`${what} does not hold up close(), and no connection is left`, async () => {
      await using apns = await startSimulator()
      await using proxy = await startOf(scheme)
      await using entrance = await startMisdeeds(proxy, does, Number.POSITIVE_INFINITY)
      const listener = new ProxyListener()
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
    const listener = new ProxyListener()
    const options = listener.options(urlTo('http', hole), { connectTimeout: 0.1 })
    await using sender = new GatewaySender(gateway, options)
    sender.apns.getFeedback(() => assert.fail('there is no way to it'))
    sender.send(tokensOf(3))
    await until(() => listener.warnings.length >= 3)
    // On a busy machine it may not come so far as to ask for one.
    const silence =
      /no TLS connection to 127\.0\.0\.1:\d+ through the proxy .*, which (has not opened a tunnel|can not be reached), within 0\.1 s/
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
