import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { certificatePem, DAY_MS, KEYS, keyPem } from '../credentials/test-certificates.js'
import { failOnLeaks } from '../support/leaks.js'
import { OPENSSL_MISSING, OpensslServer } from '../support/openssl-server.js'
import { goAway, settings, startScriptedServer } from '../support/scripted-server.js'
import { TOPIC } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { ELSEWHERE, LOCALHOST } from '../support/test-identity.js'
import { startTcpServer, startTlsServer } from '../support/test-servers.js'
import { at, atSimulator, examine, examineWithTime } from './examine.js'

failOnLeaks()

/** A server's own certificate, valid from and to so many days from now. */
function dated(from: number, to: number): { key: string; cert: string } {
  const day = (count: number): Date => new Date(Date.now() + count * DAY_MS)
  const cert = certificatePem(KEYS.p256, {
    commonName: 'localhost',
    validFrom: day(from),
    validTo: day(to),
  })
  return { key: keyPem(KEYS.p256), cert }
}

describe('the check of TLS', () => {
  it('tells version, cipher, the chain of certificates and how long they last', async () => {
    await using apns = await startSimulator()
    const found = await examine(atSimulator(apns))
    found.assertFound(
      'tls',
      'OK',
      /^TLSv1\.3, TLS_\w+; certificate localhost ← APNs Simulator Root, until [\d-]+; trusted$/,
      'ok',
    )
    const { version, chain, distrust } = found.of('tls').facts
    assert.deepEqual([version, chain, distrust], ['TLSv1.3', ['localhost', 'APNs Simulator Root'], null])
  })

  it('says that nobody whom the machine trusts has signed the certificate, and sends nothing', async () => {
    await using apns = await startSimulator()
    const { ca: _, ...place } = apns.environment
    const found = await examine(atSimulator(apns, { servers: [place] }))
    found.assertFound(
      'tls',
      'TLS_UNTRUSTED',
      /SELF_SIGNED_CERT_IN_CHAIN\) Give the certificate of the authority/,
    )
    assert.deepEqual(found.of('tls').blocks, ['alpn', 'settings', 'authentication', 'clock'])
    assert.deepEqual(apns.received, [])
    await using self = await startTlsServer(() => {})
    const own = await examine(at({ ...self.environment, ca: ELSEWHERE.cert }))
    own.assertFound('tls', 'TLS_UNTRUSTED', /certificate localhost, .*DEPTH_ZERO_SELF_SIGNED_CERT/)
  })

  it('says that the certificate is for another host', async () => {
    await using server = await startTlsServer(() => {}, ELSEWHERE)
    const found = await examine(at({ ...server.environment, ca: ELSEWHERE.cert }))
    found.assertFound('tls', 'TLS_WRONG_NAME', /not for 127\.0\.0\.1 .* Give the host by the name/)
    const named = await examine(at({ ...server.environment, host: 'localhost', ca: ELSEWHERE.cert }))
    named.assertFound('tls', 'TLS_WRONG_NAME', /not for localhost .* Check the host/)
    const asked = await examine(
      at({ ...server.environment, servername: 'api.push.apple.com', ca: ELSEWHERE.cert }),
    )
    asked.assertFound('tls', 'TLS_WRONG_NAME', /not for api\.push\.apple\.com/)
  })

  it('says that the certificate has expired, or is not valid yet', async () => {
    const cases = [
      [dated(-9, -2), /expired \(CERT_HAS_EXPIRED\) Set this machine's clock/],
      [dated(2, 9), /not valid yet \(CERT_NOT_YET_VALID\)/],
    ] as const
    for (const [identity, words] of cases) {
      await using server = await startTlsServer(() => {}, identity)
      const found = await examine(at({ ...server.environment, host: 'localhost' }))
      found.assertFound('tls', 'TLS_DATES', words)
    }
  })

  it('warns that certificates are not checked here at all', async (t) => {
    const name = 'NODE_TLS_REJECT_UNAUTHORIZED'
    t.after(() => delete process.env[name])
    await using apns = await startSimulator()
    process.env[name] = '0'
    const found = await examine(atSimulator(apns))
    found.assertFound('tls', 'TLS_NOT_CHECKED', /Take NODE_TLS_REJECT_UNAUTHORIZED out/, 'warning')
    assert.equal(found.of('authentication').verdict, 'ok')
    const { ca: _, ...place } = apns.environment
    const untrusted = await examine(atSimulator(apns, { servers: [place] }))
    assert.equal(untrusted.of('tls').code, 'TLS_UNTRUSTED')
  })

  it('says that what answers does not speak TLS, not this TLS, or nothing', async () => {
    await using http = await startTcpServer((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))
    })
    ;(await examine(at(http.environment))).assertFound('tls', 'TLS_NOT_SPOKEN', /Check host and port/)
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await using older = await startTlsServer(() => {}, old)
    ;(await examine(at(older.environment))).assertFound('tls', 'TLS_REFUSED', /another version of TLS/)
    await using gone = await startTcpServer((socket) => socket.once('data', () => socket.end()))
    ;(await examine(at(gone.environment))).assertFound('tls', 'TLS_CLOSED', /ECONNRESET/)
    await using silent = await startTcpServer((socket) => socket.resume())
    using clock = new StoppedClock()
    const found = await examineWithTime(clock, examine(at(silent.environment, { timeout: 3 })))
    found.assertFound('tls', 'TLS_TIMEOUT', /no answer to the TLS handshake within 3 s/)
  })

  it('can not be made to speak to a terminal by the names in a certificate', async () => {
    const name = '\u001b[2Jlocalhost'
    const cert = certificatePem(KEYS.p256, {
      commonName: name,
      validFrom: new Date(Date.now() - DAY_MS),
      validTo: new Date(Date.now() + DAY_MS),
    })
    await using server = await startTlsServer(() => {}, { key: keyPem(KEYS.p256), cert })
    const found = await examine(at({ ...server.environment, ca: LOCALHOST.cert }))
    // The words are what they are; whoever prints them looks to it.
    assert.deepEqual(found.of('tls').facts['chain'], [name])
  })
})

describe('the check of ALPN', () => {
  it('says that the server does not speak HTTP/2', async () => {
    await using server = await startTlsServer((socket) => socket.resume(), { ALPNProtocols: [] })
    const found = await examine(at(server.environment))
    found.assertFound('alpn', 'ALPN_NOT_HTTP2', /the server speaks no HTTP\/2, or does not say so/)
    assert.deepEqual(found.of('alpn').facts, { protocol: null })
    assert.deepEqual(found.of('alpn').blocks, ['settings', 'authentication', 'clock'])
    await using refusing = await startTlsServer(() => {}, { ALPNProtocols: ['http/1.1'] })
    const refused = await examine(at(refusing.environment))
    refused.assertFound('tls', 'ALPN_REFUSED', /ended the TLS handshake since it does not speak HTTP\/2/)
  })
})

describe('the check of SETTINGS', () => {
  it('begins the conversation, as a client has to', async () => {
    await using server = await startTlsServer((socket) => {
      socket.once('data', () => {
        socket.write(settings(5))
        socket.once('data', () => socket.end())
      })
    })
    const found = await examine(at(server.environment))
    assert.deepEqual(found.of('alpn').facts, { protocol: 'h2' })
    found.assertFound('settings', 'OK', /takes 5 requests at a time$/, 'ok')
  })

  it('tells what the server allows', async () => {
    await using apns = await startSimulator({ initialStreamLimit: 7 })
    const found = await examine(atSimulator(apns))
    found.assertFound('settings', 'OK', /takes 7 requests at a time, heads of up to 8000 bytes$/, 'ok')
    assert.deepEqual(found.of('settings').facts, { maxConcurrentStreams: 7, maxHeaderListSize: 8000 })
    await using silent = await startScriptedServer({ requested: ({ socket }) => socket.end() })
    const none = await examine(at(silent.environment))
    none.assertFound('settings', 'OK', /takes any number of requests at a time$/, 'ok')
    assert.deepEqual(none.of('settings').facts, { maxConcurrentStreams: null, maxHeaderListSize: null })
  })

  it('says that the connection has ended instead, and why', async () => {
    await using gone = await startTlsServer((socket) => socket.resume().end())
    ;(await examine(at(gone.environment))).assertFound('settings', 'CONNECTION_LOST', /closed the connection/)
    await using other = await startTlsServer((socket) => socket.resume().write('SSH-2.0-OpenSSH_9.2p1\r\n'))
    ;(await examine(at(other.environment))).assertFound(
      'settings',
      'CONNECTION_LOST',
      /does not keep to HTTP\/2/,
    )
    await using turned = await startScriptedServer({
      connected: (connection) => {
        connection.send(goAway(0, 0, JSON.stringify({ reason: 'BadCertificate' })))
      },
    })
    const found = await examine(at(turned.environment))
    found.assertFound('settings', 'REFUSED', /^BadCertificate: .* Renew the push certificate/)
  })

  it('says that a client certificate is missed, or not taken', { skip: OPENSSL_MISSING }, async () => {
    const strict = ['-Verify', '1', '-verify_return_error', '-alpn', 'h2']
    await using server = await OpensslServer.start(...strict)
    const none = await examine(at(server.environment))
    none.assertFound('settings', 'CLIENT_CERTIFICATE_REFUSED', /alert.*wants a client certificate/)
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    const stranger = await examine({ cert, key, servers: [server.environment] })
    stranger.assertFound('settings', 'CLIENT_CERTIFICATE_REFUSED', /does not take the client certificate/)
  })

  it('gives up on a server that says nothing', async () => {
    await using server = await startTlsServer((socket) => socket.resume())
    using clock = new StoppedClock()
    const found = await examineWithTime(clock, examine(at(server.environment)))
    found.assertFound('settings', 'SETTINGS_TIMEOUT', /said nothing within 10 s/)
    const { seconds } = found.of('settings')
    assert.ok(seconds >= 10 && seconds < 11, `${seconds}`)
    assert.deepEqual(found.of('settings').blocks, ['authentication', 'clock'])
  })
})
