import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { CredentialOptions } from '#src/credentials/credential-options.js'
import { assertRefused, assertSecretsAbsent, load, temporaryFolder } from './credential-assertions.js'
import { certificatePem, KEYS, keyPem, makeCertificate, pem } from './test-certificates.js'

const IDS = { keyId: 'ABC123DEFG', teamId: 'TEAM123456' }
const PEM = keyPem(KEYS.p256)
const DER = KEYS.p256.export({ type: 'pkcs8', format: 'der' })
const folder = temporaryFolder()

function assertLoads(options: CredentialOptions, what?: string): void {
  const credentials = load(options)
  assert.ok(credentials.kind === 'token', what)
  assert.equal(credentials.tokens.current().split('.').length, 3, what)
  assertSecretsAbsent(inspect(credentials, { depth: 10, showHidden: true }), { key: PEM })
}

describe('a provider token key', () => {
  it('loads from a file, with the key id in its name', () => {
    const keyPath = folder.write('AuthKey_ABC123DEFG.p8', PEM)
    assertLoads({ keyPath, ...IDS })
    const credentials = load({ keyPath, teamId: IDS.teamId })
    assert.ok(credentials.kind === 'token')
    assert.equal(credentials.keyId, 'ABC123DEFG')
    assert.equal(credentials.teamId, 'TEAM123456')
    assertLoads({ keyPath, keyId: '', key: '', certPath: '', pfxPath: '', teamId: IDS.teamId })
  })

  it('loads whatever an environment variable or a secret store did to it', () => {
    const forms: Readonly<Record<string, string | Uint8Array>> = {
      'as it is': PEM,
      bytes: Buffer.from(PEM),
      'Windows line ends': PEM.replaceAll('\n', '\r\n'),
      'escaped line ends': PEM.replaceAll('\n', '\\n'),
      'escaped Windows line ends': PEM.replaceAll('\n', '\\r\\n'),
      'spaces for line ends': PEM.replaceAll('\n', ' '),
      'no line ends': PEM.replaceAll('\n', ''),
      quotes: `"${PEM.replaceAll('\n', '\\n')}"`,
      'a byte order mark': `\ufeff${PEM}`,
      'UTF-16': Buffer.from(`\ufeff${PEM}`, 'utf16le'),
      base64: Buffer.from(PEM).toString('base64'),
      'base64 in lines': Buffer.from(PEM).toString('base64').replaceAll(/.{76}/g, '$&\n'),
      'the body alone': DER.toString('base64'),
      DER,
      SEC1: KEYS.p256.export({ type: 'sec1', format: 'pem' }).toString(),
      'with text around it': `Bag Attributes\n  friendlyName: key\n${PEM}\n`,
    }
    for (const [what, key] of Object.entries(forms)) assertLoads({ key, ...IDS }, what)
  })

  it('loads encrypted, with its passphrase', () => {
    const key = KEYS.p256.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'correct horse',
    })
    assertLoads({ key, passphrase: 'correct horse', ...IDS })
    assertRefused({ key, ...IDS }, 'KEY_ENCRYPTED', /give its passphrase/)
    assertRefused({ key, passphrase: 'wrong horse', ...IDS }, 'KEY_PASSPHRASE_WRONG', /does not open/)
    assertRefused({ key, passphrase: '', ...IDS }, 'KEY_PASSPHRASE_WRONG', /does not open/)
  })

  it('has to be on the curve P-256', () => {
    const others = [
      [KEYS.rsa, /holds an RSA key of 2048 bits.*P-256/],
      [KEYS.p384, /holds an EC key on the curve secp384r1/],
      [KEYS.secp256k1, /holds an EC key on the curve secp256k1/],
      [KEYS.ed25519, /holds a key of type ed25519/],
    ] as const
    for (const [key, message] of others) assertRefused({ key: keyPem(key), ...IDS }, 'KEY_NOT_P256', message)
    assertRefused({ key: keyPem(KEYS.rsa) }, 'KEY_NOT_P256', /client certificate, give certPath/)
  })

  it('has to be a private key', () => {
    const certificate = makeCertificate(KEYS.p256)
    const publicKey = createPublicKey(PEM).export({ type: 'spki', format: 'pem' })
    const others = [
      [publicKey, /a public key where a private key belongs/],
      [pem('CERTIFICATE', certificate), /a certificate without its private key/],
      [certificate, /holds a certificate where/],
      [pem('CERTIFICATE REQUEST', certificate), /a certificate signing request/],
      [pem('NEW CERTIFICATE REQUEST', certificate), /a certificate signing request/],
      [Buffer.from('308002010330', 'hex'), /a PKCS#12 file, which pfxPath or pfx takes/],
    ] as const
    for (const [key, message] of others) assertRefused({ key, ...IDS }, 'KEY_NOT_PRIVATE', message)
  })

  it('has to be whole', () => {
    const others = [
      ['{"private_key": "s3cr3ts3cr3ts3cr3t"}', /no “-----BEGIN PRIVATE KEY-----” line/],
      [PEM.slice(0, 100), /may be cut off/],
      [PEM.replace(/\n.{20}/, '\n'), /damaged or cut off/],
      [pem('PRIVATE KEY', Buffer.alloc(60, 0x55)), /damaged or cut off/],
      [pem('OPENSSH PRIVATE KEY', DER), /OpenSSH’s own format/],
      [Buffer.from([0x30, 0x80, 0xff, 0x00, 0x81]), /no “-----BEGIN/],
    ] as const
    for (const [key, message] of others) assertRefused({ key, ...IDS }, 'KEY_UNREADABLE', message)
  })

  it('has to come with its ids', () => {
    const { keyId, teamId } = IDS
    const keyPath = folder.write('key.p8', PEM)
    assertRefused({ keyPath, teamId }, 'KEY_ID_MISSING', /keyId is missing.*AuthKey_XXXXXXXXXX\.p8/)
    assertRefused({ keyPath }, 'KEY_ID_MISSING', /certPath/)
    assertRefused({ keyPath, keyId }, 'TEAM_ID_MISSING', /teamId is missing/)
    assertRefused({ keyId, teamId }, 'KEY_MISSING', /give keyPath.*or key/)
    assertRefused({ teamId }, 'KEY_MISSING', /give keyPath/)
    const badIds = [
      ['ABC', /has 3 characters instead of ten/],
      ['abc123defg', /upper-case/],
      ['ABC123DEF-', /other than A to Z and 0 to 9/],
      ['ABC123DEFG\n', /has 11 characters/],
    ] as const
    for (const [id, message] of badIds) {
      assertRefused({ keyPath, keyId: id, teamId }, 'KEY_ID_INVALID', message)
      assertRefused({ keyPath, keyId, teamId: id }, 'TEAM_ID_INVALID', message)
    }
  })

  it('does not take the ids in each other’s place', () => {
    const keyPath = folder.write('AuthKey_XYZ7890123.p8', PEM)
    assertRefused({ keyPath, keyId: 'TEAM123456', teamId: 'XYZ7890123' }, 'IDS_SWAPPED', /exchange/)
    assertLoads({ keyPath, keyId: 'ABC123DEFG', teamId: 'TEAM123456' }, 'a file named after another key')
  })

  it('does not repeat a key that was pasted into an id', () => {
    assert.throws(
      () => load({ key: PEM, keyId: PEM, teamId: PEM }),
      (error: Error) => {
        assertSecretsAbsent(inspect(error), { key: PEM })
        return true
      },
    )
  })

  it('adds the claims that it is told to', () => {
    const credentials = load({ key: PEM, ...IDS, extraClaims: { sub: 'com.example.app' } })
    assert.ok(credentials.kind === 'token')
    const claims = Buffer.from(credentials.tokens.current().split('.')[1] ?? '', 'base64url').toString()
    assert.match(claims, /"sub":"com\.example\.app"/)
  })

  it('may lie beside a certificate in one file', () => {
    assertLoads({ key: certificatePem(KEYS.p256) + PEM, ...IDS })
  })
})
