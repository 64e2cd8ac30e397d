import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { CredentialContext, CredentialOptions } from '#src/credentials/credential-options.js'
import type { CertificateCredentials } from '#src/credentials/credentials.js'
import {
  ANYWHERE,
  assertRefused,
  assertSecretsAbsent,
  load,
  PRODUCTION,
  SANDBOX,
  temporaryFolder,
} from './credential-assertions.js'
import { utf8 } from './der-writer.js'
import {
  APPLE_PUSH,
  certificatePem,
  DAY_MS,
  KEYS,
  keyPem,
  MARK,
  makeCertificate,
  NOW_MS,
  pem,
  topicList,
} from './test-certificates.js'

const folder = temporaryFolder()
const RSA = keyPem(KEYS.rsa)
const SANDBOX_MARK = { [`${APPLE_PUSH}.1`]: MARK }
const PRODUCTION_MARK = { [`${APPLE_PUSH}.2`]: MARK }
const BOTH_MARKS = { ...SANDBOX_MARK, ...PRODUCTION_MARK }

function loadCertificate(options: CredentialOptions, context?: CredentialContext): CertificateCredentials {
  const credentials = load(options, context)
  assert.ok(credentials.kind === 'certificate')
  return credentials
}

describe('a PEM certificate', () => {
  it('loads with RSA and EC keys, from files and from memory', () => {
    for (const key of [KEYS.rsa, KEYS.p256, KEYS.p384]) {
      const cert = certificatePem(key)
      loadCertificate({ cert, key: keyPem(key) })
      loadCertificate({
        certPath: folder.write('cert.pem', cert),
        keyPath: folder.write('key.pem', keyPem(key)),
      })
    }
  })

  it('loads as DER, the format of the .cer files that Apple hands out, and as base64', () => {
    const der = makeCertificate(KEYS.rsa)
    const certPath = folder.write('aps.cer', der)
    assert.match(loadCertificate({ certPath, key: RSA }).tls.cert ?? '', /BEGIN CERTIFICATE/)
    loadCertificate({ cert: der.toString('base64'), key: RSA })
    loadCertificate({ cert: pem('CERTIFICATE', der).replaceAll('\n', '\\n'), key: RSA })
  })

  it('may share its file with the key', () => {
    for (const cert of [RSA + certificatePem(KEYS.rsa), certificatePem(KEYS.rsa) + RSA]) {
      loadCertificate({ cert })
      loadCertificate({ certPath: folder.write('all.pem', cert) })
    }
    assertRefused({ cert: certificatePem(KEYS.rsa) }, 'KEY_MISSING', /give keyPath \(or key\)/)
    assertRefused({ cert: makeCertificate(KEYS.rsa) }, 'KEY_MISSING', /give keyPath \(or key\)/)
  })

  it('comes first in the chain, wherever it stood in the file', () => {
    const leaf = certificatePem(KEYS.rsa, { commonName: 'leaf' })
    const other = certificatePem(KEYS.p256, { commonName: 'intermediate' })
    for (const cert of [leaf + other, other + leaf]) {
      const { tls, certificate } = loadCertificate({ cert, key: RSA })
      assert.equal(certificate.subject, 'CN=leaf')
      assert.equal(new X509Certificate(tls.cert ?? '').subject, 'CN=leaf')
      assert.equal(tls.cert?.match(/BEGIN CERTIFICATE/g)?.length, 2)
    }
  })

  it('loads with an encrypted key of either format', () => {
    const cert = certificatePem(KEYS.rsa)
    const passphrase = 'correct horse'
    const protection = { format: 'pem', cipher: 'aes-128-cbc', passphrase } as const
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const key = KEYS.rsa.export({ type, ...protection }).toString()
      loadCertificate({ cert, key, passphrase })
      loadCertificate({ cert, key: key.replaceAll('\n', '\\n'), passphrase })
      loadCertificate({ cert: cert + key, passphrase })
      assertRefused({ cert, key }, 'KEY_ENCRYPTED', /encrypted: give its passphrase/)
      assertRefused({ cert, key, passphrase: 'wrong horse' }, 'KEY_PASSPHRASE_WRONG', /does not open/)
    }
  })

  it('does not show its key when it is logged', () => {
    const credentials = loadCertificate({ cert: certificatePem(KEYS.rsa), key: RSA })
    assertSecretsAbsent(inspect(credentials, { depth: 10 }), { key: RSA })
    assertSecretsAbsent(JSON.stringify(credentials), { key: RSA })
    assert.equal(credentials.tls.key, RSA)
  })

  it('has to belong to the key', () => {
    const cert = certificatePem(KEYS.p256, { commonName: 'mine' })
    assertRefused(
      { cert, key: keyPem(KEYS.otherP256) },
      'CERTIFICATE_KEY_MISMATCH',
      /does not belong to the certificate in cert \(CN=mine/,
    )
    assertRefused({ cert, key: RSA }, 'CERTIFICATE_KEY_MISMATCH', /\(an RSA key of 2048 bits\)/)
    assertRefused({ cert, key: keyPem(KEYS.ed25519) }, 'KEY_TYPE_UNSUPPORTED', /RSA and EC/)
  })

  it('may have a public key that cannot be read, and then has no other', () => {
    const der = makeCertificate(KEYS.p256, { commonName: 'damaged' })
    // The identifier of EC keys in front of the curve's.
    der[der.indexOf(Buffer.from('2a8648ce3d0201', 'hex'))] = 0
    assertRefused(
      { cert: der, key: keyPem(KEYS.p256) },
      'CERTIFICATE_KEY_MISMATCH',
      /\(CN=damaged, with a public key that cannot be read\)/,
    )
  })

  it('may be without a subject', () => {
    const cert = certificatePem(KEYS.p256, { commonName: '' })
    const { certificate } = loadCertificate({ cert, key: keyPem(KEYS.p256) })
    assert.equal(certificate.subject, 'without a subject')
  })

  it('has to be strong enough for TLS', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey
    const options = { cert: certificatePem(weak), key: keyPem(weak) }
    assertRefused(options, 'CERTIFICATE_UNUSABLE', /TLS does not accept.*key too small.*2048 bits/)
  })

  it('has to be a certificate', () => {
    const refused = (cert: string | Uint8Array, message: RegExp): void =>
      assertRefused({ cert, key: RSA }, 'CERTIFICATE_UNREADABLE', message)
    refused(RSA, /no complete “CERTIFICATE” block; is it the key’s file/)
    refused('not a certificate', /no “-----BEGIN CERTIFICATE-----” line/)
    refused(Buffer.from('308002010330', 'hex'), /PKCS#12 file; give it as pfxPath/)
    refused(pem('CERTIFICATE', Buffer.alloc(60, 1)), /the block is damaged/)
    refused(certificatePem(KEYS.rsa) + pem('CERTIFICATE', Buffer.alloc(60, 1)), /the second block is damaged/)
    refused(certificatePem(KEYS.rsa).slice(0, 300), /no complete “CERTIFICATE” block/)
  })

  it('has to be well-formed inside', () => {
    const extensions = { ...BOTH_MARKS, [`${APPLE_PUSH}.6`]: Buffer.from('300cff', 'hex') }
    assertRefused(
      { cert: certificatePem(KEYS.rsa, { extensions }), key: RSA },
      'CERTIFICATE_UNREADABLE',
      /is malformed/,
    )
  })
})

describe('the dates of a certificate', () => {
  const cert = certificatePem(KEYS.rsa, {
    validFrom: new Date(NOW_MS),
    validTo: new Date(NOW_MS + 30 * DAY_MS),
  })
  const at = (nowMs: number): CredentialContext => ({ ...ANYWHERE, now: () => nowMs })

  it('bound its use to the second', () => {
    const { certificate } = loadCertificate({ cert, key: RSA }, at(NOW_MS))
    assert.equal(certificate.validFrom.getTime(), NOW_MS)
    assert.equal(certificate.validTo.getTime(), NOW_MS + 30 * DAY_MS)
    loadCertificate({ cert, key: RSA }, at(NOW_MS + 30 * DAY_MS))
    assertRefused(
      { cert, key: RSA },
      'CERTIFICATE_EXPIRED',
      /expired on 2027-07-01\. Renew it/,
      at(NOW_MS + 30 * DAY_MS + 1000),
    )
    assertRefused(
      { cert, key: RSA },
      'CERTIFICATE_NOT_YET_VALID',
      /not valid until 2027-06-01T12:00:00.*clock says 2027-06-01/,
      at(NOW_MS - 1000),
    )
  })
})

describe('the environment of a certificate', () => {
  const options = (extensions: Readonly<Record<string, Uint8Array>>): CredentialOptions => ({
    cert: certificatePem(KEYS.rsa, { extensions, userId: 'com.example.app' }),
    key: RSA,
  })

  it('has to be the one that it is used in', () => {
    loadCertificate(options(SANDBOX_MARK), SANDBOX)
    loadCertificate(options(PRODUCTION_MARK), PRODUCTION)
    loadCertificate(options(BOTH_MARKS), SANDBOX)
    loadCertificate(options(BOTH_MARKS), PRODUCTION)
    assertRefused(
      options(SANDBOX_MARK),
      'CERTIFICATE_WRONG_ENVIRONMENT',
      /is for the sandbox environment only, and environment is 'production'/,
      PRODUCTION,
    )
    assertRefused(
      options(PRODUCTION_MARK),
      'CERTIFICATE_WRONG_ENVIRONMENT',
      /is for the production environment only.*Set environment to 'production'/,
      SANDBOX,
    )
  })

  it('is not asked for at a custom host, nor of a certificate with other marks alone', () => {
    for (const marks of [{}, SANDBOX_MARK, PRODUCTION_MARK]) loadCertificate(options(marks))
    loadCertificate(options({ [`${APPLE_PUSH}.3`]: MARK }), PRODUCTION)
  })

  it('is asked for at Apple’s hosts', () => {
    for (const context of [PRODUCTION, SANDBOX]) {
      assertRefused(options({}), 'CERTIFICATE_NOT_FOR_PUSH', /not an Apple push certificate/, context)
    }
  })
})

describe('the topics of a certificate', () => {
  const read = (
    extensions: Readonly<Record<string, Uint8Array>>,
    userId?: string,
  ): CertificateCredentials['certificate'] =>
    loadCertificate({
      cert: certificatePem(KEYS.rsa, { extensions, ...(userId !== undefined && { userId }) }),
      key: RSA,
    }).certificate

  it('are read from its list', () => {
    const topics = {
      'com.example.app': ['app'],
      'com.example.app.voip': ['voip'],
      'com.example.app.complication': ['complication'],
    }
    const certificate = read({ ...BOTH_MARKS, [`${APPLE_PUSH}.6`]: topicList(topics) }, 'com.example.app')
    assert.equal(certificate.subjectTopic, 'com.example.app')
    assert.deepEqual(
      certificate.topics,
      Object.entries(topics).map(([topic, kinds]) => ({ topic, kinds })),
    )
    assert.equal(certificate.sandbox, true)
    assert.equal(certificate.production, true)
  })

  it('are the subject alone where there is no list', () => {
    assert.deepEqual(read(PRODUCTION_MARK, 'com.example.app').topics, [
      { topic: 'com.example.app', kinds: ['app'] },
    ])
  })

  it('include the one for VoIP, in any of its forms', () => {
    const voip = { topic: 'com.example.app.voip', kinds: ['voip'] }
    const list = topicList({ 'com.example.app.voip': ['voip'] })
    const withVoip = (value: Uint8Array): CertificateCredentials['certificate'] =>
      read({ ...BOTH_MARKS, [`${APPLE_PUSH}.4`]: value }, 'com.example.app.voip')
    assert.deepEqual(withVoip(MARK).topics, [voip])
    assert.deepEqual(withVoip(utf8('com.example.app.voip')).topics, [voip])
    assert.deepEqual(withVoip(list).topics, [voip])
    const both = { ...BOTH_MARKS, [`${APPLE_PUSH}.4`]: list, [`${APPLE_PUSH}.6`]: list }
    assert.deepEqual(read(both).topics, [voip])
  })

  it('are none for a certificate that is not Apple’s', () => {
    const certificate = read({}, 'com.example.app')
    assert.deepEqual(certificate.topics, [])
    assert.equal(certificate.subjectTopic, 'com.example.app')
    assert.equal(certificate.isMarked, false)
    assert.equal('subjectTopic' in read({}), false)
  })
})
