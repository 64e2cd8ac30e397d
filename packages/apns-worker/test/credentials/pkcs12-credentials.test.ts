import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CredentialError } from '#src/credentials/credential-error.js'
import { isPkcs12, openPkcs12 } from '#src/credentials/pkcs12.js'
import { MAX_ITERATIONS } from '#src/credentials/pkcs12-encryption.js'
import { Pkcs12Error } from '#src/credentials/pkcs12-error.js'
import { decryptRc2Cbc } from '#src/credentials/rc2.js'
import { assertRefused, fixture, load, PRODUCTION, SANDBOX } from './credential-assertions.js'
import { element, integer, objectIdentifier, sequence } from './der-writer.js'
import { certificatePem, KEYS, keyPem, makeCertificate } from './test-certificates.js'

const DATA = '1.2.840.113549.1.7.1'

/** Other software's files; how each was made is in fixtures/make-fixtures.sh. */
const READABLE: readonly (readonly [file: string, passphrase: string])[] = [
  ['openssl-modern.p12', 'secret'],
  ['openssl-aes-128-sha-512.p12', 'secret'],
  ['openssl-triple-des.p12', 'secret'],
  ['openssl-two-key-des.p12', 'secret'],
  ['openssl-rc2-40.p12', 'secret'],
  ['openssl-rc2-128.p12', 'secret'],
  ['openssl-no-mac.p12', 'secret'],
  ['openssl-in-the-clear.p12', 'secret'],
  ['openssl-empty-passphrase.p12', ''],
  ['openssl-umlaut-modern.p12', 'pässwörd'],
  ['openssl-umlaut-legacy.p12', 'pässwörd'],
  ['keytool-modern.p12', 'secret'],
  ['keytool-legacy.p12', 'secret'],
  ['forge-rsa.p12', 'secret'],
]

describe('a PKCS#12 file', () => {
  for (const [file, passphrase] of READABLE) {
    it(`loads: ${file}`, () => {
      const credentials = load({ pfxPath: fixture(file), passphrase }, PRODUCTION)
      assert.ok(credentials.kind === 'certificate')
      const { certificate, tls } = credentials
      assert.equal(certificate.subjectTopic, 'com.example.app')
      assert.equal(certificate.production, true)
      assert.equal(new X509Certificate(tls.cert ?? '').fingerprint256, certificate.fingerprint256)
      assert.match(tls.key ?? '', /BEGIN PRIVATE KEY/)
    })
  }

  it('loads from memory, as bytes and as base64', () => {
    const bytes = readFileSync(fixture('openssl-modern.p12'))
    load({ pfx: bytes, passphrase: 'secret' })
    load({ pfx: new Uint8Array(bytes), passphrase: 'secret' })
    load({ pfx: bytes.toString('base64'), passphrase: 'secret' })
    load({ pfx: `${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n`, passphrase: 'secret' })
  })

  it('may have an empty passphrase, with or without a terminator', () => {
    for (const file of ['openssl-empty-passphrase.p12', 'forge-null-passphrase.p12']) {
      load({ pfxPath: fixture(file) })
      load({ pfxPath: fixture(file), passphrase: '' })
    }
  })

  it('is checked for its environment like any certificate', () => {
    const options = { pfxPath: fixture('forge-rsa.p12'), passphrase: 'secret' }
    assertRefused(options, 'CERTIFICATE_WRONG_ENVIRONMENT', /is for the production environment only/, SANDBOX)
  })

  it('needs the right passphrase', () => {
    for (const [file, passphrase] of READABLE) {
      const pfxPath = fixture(file)
      if (file === 'openssl-in-the-clear.p12') continue
      assertRefused({ pfxPath, passphrase: 'mistaken' }, 'PKCS12_PASSPHRASE_WRONG', /does not open pfxPath/)
      if (passphrase !== '') assertRefused({ pfxPath }, 'PKCS12_PASSPHRASE_WRONG', /needs a passphrase/)
    }
  })

  it('needs a key and its certificate, of one identity', () => {
    const refused = (file: string, code: CredentialError['code'], message: RegExp): void =>
      assertRefused({ pfxPath: fixture(file), passphrase: 'secret' }, code, message)
    refused('openssl-certificate-only.p12', 'PKCS12_WITHOUT_IDENTITY', /no private key.*Keychain Access/)
    refused('openssl-key-only.p12', 'PKCS12_WITHOUT_IDENTITY', /no certificate/)
    refused('keytool-two-identities.p12', 'PKCS12_SEVERAL_IDENTITIES', /2 private keys/)
  })

  it('needs an encryption that is known', () => {
    const options = { pfxPath: fixture('openssl-rc4.p12'), passphrase: 'secret' }
    assertRefused(
      options,
      'PKCS12_UNSUPPORTED',
      /1\.2\.840\.113549\.1\.12\.1\.1\. Convert it: openssl pkcs12 -legacy/,
    )
  })

  it('is not taken for one when it is something else', () => {
    const refused = (pfx: string | Uint8Array, message: RegExp): void =>
      assertRefused({ pfx, passphrase: 'mistaken' }, 'PKCS12_UNREADABLE', message)
    refused(certificatePem(KEYS.p256) + keyPem(KEYS.p256), /it is PEM; give it as certPath/)
    refused(makeCertificate(KEYS.p256), /does not start like one/)
    refused('hello', /does not start like one/)
    refused(readFileSync(fixture('openssl-modern.p12')).subarray(0, 700), /damaged or cut off/)
    assert.equal(isPkcs12(new Uint8Array()), false)
  })

  it('may be BER, which is left to OpenSSL', () => {
    const der = readFileSync(fixture('openssl-modern.p12'))
    const ber = Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)])
    assert.throws(() => openPkcs12(ber, 'secret'), isProblem('encoding'))
    const credentials = load({ pfx: ber, passphrase: 'secret' }, PRODUCTION)
    assert.ok(credentials.kind === 'certificate')
    assert.equal(credentials.certificate.subjectTopic, 'com.example.app')
    assert.deepEqual(credentials.tls.pfx, ber)
    assertRefused({ pfx: ber, passphrase: 'mistaken' }, 'PKCS12_PASSPHRASE_WRONG', /does not open pfx/)
  })
})

describe('the limits of the PKCS#12 reader', () => {
  it('stop a file that asks for endless work', () => {
    const iterations = Buffer.alloc(4)
    iterations.writeInt32BE(MAX_ITERATIONS + 1)
    const pfx = fileWithMac('2.16.840.1.101.3.4.2.1', element(0x02, iterations))
    assert.throws(() => openPkcs12(pfx, 'secret'), isProblem('limit'))
    assertRefused({ pfx, passphrase: 'mistaken' }, 'PKCS12_UNSUPPORTED', /2000001 rounds/)
  })

  it('tell algorithms, versions and types that are not known', () => {
    assert.throws(() => openPkcs12(fileWithMac('1.2.3', integer(1)), ''), isProblem('algorithm'))
    assert.throws(() => openPkcs12(sequence(integer(2), sequence()), ''), isProblem('encoding'))
    const signed = sequence(integer(3), sequence(objectIdentifier('1.2.840.113549.1.7.2')))
    assert.throws(() => openPkcs12(signed, ''), isProblem('algorithm'))
  })

  it('hold against random changes', () => {
    const files = ['openssl-rc2-40.p12', 'openssl-no-mac.p12', 'openssl-in-the-clear.p12'].map((file) =>
      readFileSync(fixture(file)),
    )
    const mutation = fc.record({
      file: fc.constantFrom(...files),
      changes: fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 3 }),
    })
    fc.assert(
      fc.property(mutation, ({ file, changes }) => {
        const bytes = Buffer.from(file)
        for (const [position, byte] of changes) bytes[position % bytes.length] = byte
        try {
          openPkcs12(bytes, 'secret')
        } catch (error) {
          assert.ok(error instanceof Pkcs12Error, String(error))
        }
        try {
          load({ pfx: bytes, passphrase: 'secret' })
        } catch (error) {
          assert.ok(error instanceof CredentialError, String(error))
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('RC2', () => {
  it('decrypts the vectors of RFC 2268 section 5', () => {
    const vectors = [
      ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
      ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
      ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
      ['88', 64, '0000000000000000', '61a8a244adacccf0'],
      ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
      ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
      ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
      [
        '88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e',
        129,
        '0000000000000000',
        '5b78d3a43dfff1f1',
      ],
    ] as const
    for (const [key, effectiveBits, plaintext, ciphertext] of vectors) {
      const bytes = [ciphertext, key].map((hex) => Buffer.from(hex, 'hex'))
      const [input = Buffer.alloc(0), keyBytes = Buffer.alloc(0)] = bytes
      assert.equal(decryptRc2Cbc(input, keyBytes, effectiveBits, Buffer.alloc(8)).toString('hex'), plaintext)
    }
  })
})

/** A PKCS#12 file without contents, and with a MAC that says what it is told to. */
function fileWithMac(digest: string, iterations: Uint8Array): Buffer {
  const content = element(0x04, sequence())
  return sequence(
    integer(3),
    sequence(objectIdentifier(DATA), element(0xa0, content)),
    sequence(
      sequence(sequence(objectIdentifier(digest)), element(0x04, Buffer.alloc(32))),
      element(0x04, Buffer.alloc(8)),
      iterations,
    ),
  )
}

function isProblem(problem: Pkcs12Error['problem']): (error: unknown) => boolean {
  return (error) => error instanceof Pkcs12Error && error.problem === problem
}
