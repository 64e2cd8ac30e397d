import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import type { CredentialOptions } from '#src/credentials/credential-options.js'
import { fixture, load } from './credential-assertions.js'
import { certificatePem, KEYS, keyPem } from './test-certificates.js'

const modern = readFileSync(fixture('openssl-modern.p12'))
const WAYS: Readonly<Record<string, CredentialOptions>> = {
  'a PEM certificate with an encrypted key': {
    cert: certificatePem(KEYS.rsa),
    key: KEYS.rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }),
    passphrase: 'secret',
  },
  'a PKCS#12 file that OpenSSL 3 refuses': {
    pfxPath: fixture('openssl-rc2-40.p12'),
    passphrase: 'secret',
  },
  'a PKCS#12 file in BER': {
    pfx: Buffer.concat([Buffer.of(0x30, 0x80), modern.subarray(4), Buffer.of(0, 0)]),
    passphrase: 'secret',
  },
}

describe('a TLS handshake', () => {
  let server: Server
  const key = keyPem(KEYS.p256)
  const ca = certificatePem(KEYS.p256, { commonName: 'localhost' })

  before(async () => {
    server = createServer({ key, cert: ca, requestCert: true, rejectUnauthorized: false })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  for (const [what, options] of Object.entries(WAYS)) {
    it(`presents ${what}`, async () => {
      const credentials = load(options)
      assert.ok(credentials.kind === 'certificate')
      const accepted = once(server, 'secureConnection')
      const { port } = server.address() as AddressInfo // it listens on a port, not on a pipe
      // The server's own certificate is not what is tested, and it is dated by the tests' clock.
      const client = connect({ ...credentials.tls, host: '127.0.0.1', port, rejectUnauthorized: false })
      const [peer] = (await accepted) as [TLSSocket] // as the event is documented
      assert.equal(peer.getPeerCertificate().fingerprint256, credentials.certificate.fingerprint256)
      client.destroy()
      peer.destroy()
    })
  }
})
