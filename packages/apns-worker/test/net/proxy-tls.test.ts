import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import type { ApnsManagerOptions } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { ProxyListener } from '../support/proxy-listener.js'
import { Sender } from '../support/sender.js'
import { ELSEWHERE, LOCALHOST } from '../support/test-identity.js'
import { startConnectProxy, type TestProxy } from '../support/test-proxies.js'
import { startTcpServer, startTlsServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

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
    const listener = new ProxyListener()
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
