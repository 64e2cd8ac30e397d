import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { element, generalizedTime, integer, objectIdentifier, sequence, utf8 } from './der-writer.js'

export const APPLE_PUSH = '1.2.840.113635.100.6.3'
/** The value of the extensions that are marks and nothing more: NULL. */
export const MARK: Buffer = Buffer.of(5, 0)
export const DAY_MS = 86_400_000
/** The tests' clock. The files in fixtures/ and the certificates made here are valid at this time. */
export const NOW_MS: number = Date.UTC(2027, 5, 1, 12)

export interface TestCertificateOptions {
  /** Empty: the subject has no attribute at all. */
  readonly commonName?: string
  readonly userId?: string
  /** By object identifier. */
  readonly extensions?: Readonly<Record<string, Uint8Array>>
  readonly validFrom?: Date
  readonly validTo?: Date
}

/** Keys are slow to make, and no test minds sharing them. */
export const KEYS: {
  readonly p256: KeyObject
  readonly otherP256: KeyObject
  readonly p384: KeyObject
  readonly secp256k1: KeyObject
  readonly rsa: KeyObject
  readonly ed25519: KeyObject
} = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  otherP256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
}

/** A self-signed X.509 certificate (RFC 5280) of an RSA or EC key, as DER. */
export function makeCertificate(key: KeyObject, options: TestCertificateOptions = {}): Buffer {
  const { commonName = 'Apple Push Services: com.example.app', userId, extensions = {} } = options
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? sequence(objectIdentifier('1.2.840.113549.1.1.11'), Buffer.of(5, 0))
      : sequence(objectIdentifier('1.2.840.10045.4.3.2'))
  const name = sequence(
    ...(userId === undefined ? [] : [attribute('0.9.2342.19200300.100.1.1', userId)]),
    ...(commonName === '' ? [] : [attribute('2.5.4.3', commonName)]),
  )
  const toBeSigned = sequence(
    element(0xa0, integer(2)),
    integer(1),
    algorithm,
    name,
    sequence(
      generalizedTime(options.validFrom ?? new Date(NOW_MS - DAY_MS)),
      generalizedTime(options.validTo ?? new Date(NOW_MS + 365 * DAY_MS)),
    ),
    name,
    createPublicKey(keyPem(key)).export({ type: 'spki', format: 'der' }),
    element(
      0xa3,
      sequence(
        ...Object.entries(extensions).map(([identifier, value]) =>
          sequence(objectIdentifier(identifier), element(0x04, value)),
        ),
      ),
    ),
  )
  return sequence(toBeSigned, algorithm, element(0x03, Buffer.of(0), sign('sha256', toBeSigned, key)))
}

export function certificatePem(key: KeyObject, options?: TestCertificateOptions): string {
  return pem('CERTIFICATE', makeCertificate(key, options))
}

export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)
  return `-----BEGIN ${label}-----\n${lines?.join('\n')}\n-----END ${label}-----\n`
}

/** Apple's list of topics: topic, SEQUENCE of kinds, and so on. */
export function topicList(topics: Readonly<Record<string, readonly string[]>>): Buffer {
  return sequence(
    ...Object.entries(topics).flatMap(([topic, kinds]) => [utf8(topic), sequence(...kinds.map(utf8))]),
  )
}

function attribute(identifier: string, value: string): Buffer {
  return element(0x31, sequence(objectIdentifier(identifier), utf8(value)))
}
