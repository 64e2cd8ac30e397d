import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSecureContext } from 'node:tls'
import type { ApnsManagerOptions, CustomEnvironment } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { NGHTTPD_MISSING, Nghttpd } from '../../support/nghttpd.js'
import { Sender } from '../../support/sender.js'
import { ELSEWHERE, LOCALHOST } from '../../support/test-identity.js'
import {
  type ServerRequest,
  startNodeServer,
  startTcpServer,
  startTlsServer,
} from '../../support/test-servers.js'
import { until } from '../../support/within.js'

failOnLeaks()

function accept({ stream }: ServerRequest): void {
  stream.respond({ ':status': 200 }, { endStream: true })
}

/** Sends to it, and expects one clear error and a stopped line. */
async function assertStops(
  environment: CustomEnvironment,
  cause: RegExp,
  options: Partial<ApnsManagerOptions> = {},
): Promise<void> {
  await using sender = new Sender({ environment }, options)
  const delivery = sender.send(20)
  const error = await sender.stopped()
  assert.equal(error.code, 'configuration')
  assert.equal(error.reason, 'TlsHandshake')
  assert.match(error.description, cause)
  assert.ok(error.cause instanceof Error)
  assert.deepEqual(sender.errors, [error])
  assert.equal(delivery.pending, 20)
}

describe('a TLS connection that is refused stops the line on first connect', () => {
  it('where the authority is not trusted', async () => {
    await using server = await startNodeServer(() => {})
    await assertStops({ ...server.environment, ca: ELSEWHERE.cert }, /self-signed certificate/)
    await assertStops({ host: '127.0.0.1', port: server.environment.port }, /self-signed certificate/)
  })

  it('unless rejectUnauthorized is off: then anybody is trusted', async () => {
    await using server = await startNodeServer(accept, ELSEWHERE)
    const { host, port } = server.environment
    await assertStops({ host, port, rejectUnauthorized: true }, /self-signed certificate/)
    await using sender = new Sender({ environment: { host, port, rejectUnauthorized: false } })
    await sender.accepted(sender.send(3))
  })

  it('where the certificate is for another host', async () => {
    await using server = await startNodeServer(() => {}, ELSEWHERE)
    await assertStops({ ...server.environment, ca: ELSEWHERE.cert }, /does not match certificate's altnames/)
  })

  it('where the certificate is for another name than the one given', async () => {
    await using server = await startNodeServer(() => {})
    await assertStops(
      { ...server.environment, servername: 'api.push.apple.com' },
      /does not match certificate's altnames/,
    )
  })

  it('where the server does not offer HTTP/2', async () => {
    await using server = await startTlsServer(() => {}, { ALPNProtocols: ['http/1.1'] })
    await assertStops(server.environment, /no application protocol/)
  })

  it('where the server knows nothing of protocols', async () => {
    await using server = await startTlsServer((socket) => socket.resume(), { ALPNProtocols: [] })
    await assertStops(server.environment, /does not speak HTTP\/2/)
  })

  it('where the server does not speak TLS', async () => {
    await using server = await startTcpServer((socket) => {
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))
    })
    await assertStops({ ...server.environment, ca: LOCALHOST.cert }, /wrong version number/)
  })

  it('where the server wants TLS as it was long ago', async () => {
    await using server = await startTlsServer(() => {}, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    await assertStops(server.environment, /protocol/)
  })

  it('where the server wants a client certificate and gets none', { skip: NGHTTPD_MISSING }, async () => {
    await using server = await Nghttpd.start('--verify-client', '--echo-upload')
    await assertStops(server.environment, /alert/)
  })
})

describe('after a TLS connection that was refused', () => {
  it('resume() tries again, and a server that was mended gets everything', async () => {
    const wrong = createSecureContext(ELSEWHERE)
    const right = createSecureContext(LOCALHOST)
    let isMended = false
    await using server = await startNodeServer(accept, {
      SNICallback: (_name, done) => done(null, isMended ? right : wrong),
    })
    const environment = {
      ...server.environment,
      servername: 'localhost',
      ca: [ELSEWHERE.cert, LOCALHOST.cert],
    }
    await using sender = new Sender({ environment })
    const delivery = sender.send(50)
    for (let round = 1; round <= 2; round++) {
      assert.equal((await sender.stopped()).reason, 'TlsHandshake')
      assert.equal(server.connections, round)
      isMended = round === 2
      sender.apns.resume()
    }
    await sender.accepted(delivery)
    assert.equal(sender.errors.length, 2)
  })

  it('is only a fault that may pass, once the server has been reached', async () => {
    const wrong = createSecureContext(ELSEWHERE)
    const right = createSecureContext(LOCALHOST)
    let isBroken = false
    await using server = await startNodeServer(accept, {
      SNICallback: (_name, done) => done(null, isBroken ? wrong : right),
    })
    const environment = { ...server.environment, servername: 'localhost' }
    await using sender = new Sender({ environment }, { retryDelay: 0.01 })
    await sender.accepted(sender.send(5))
    isBroken = true
    server.resetAll()
    await until(() => sender.apns.stats().connections === 0)
    const delivery = sender.send(5)
    await until(() => sender.warnings.filter((text) => text.includes('certificate')).length >= 3)
    assert.equal(sender.apns.paused, undefined)
    isBroken = false
    await sender.accepted(delivery)
    assert.deepEqual(sender.errors, [])
  })
})
