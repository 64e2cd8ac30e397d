import { createPrivateKey, type KeyObject } from 'node:crypto'
import { CredentialError } from './credential-error.js'
import { isPem, type Source } from './credential-source.js'
import { type PemBlock, readPemBlocks } from './pem.js'
import { isPkcs12 } from './pkcs12.js'
import { readCertificate } from './x509.js'

/** What a message says about a key that is not the one wanted, such as `an RSA key of 2048 bits`. */
export function describeKey(key: KeyObject): string {
  const details = key.asymmetricKeyDetails
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      return `an RSA key of ${details?.modulusLength} bits`
    case 'ec':
      return `an EC key on the curve ${details?.namedCurve}`
    default:
      return `a key of type ${key.asymmetricKeyType}`
  }
}

/** The private key in a source, whatever its type. */
export function readPrivateKey(source: Source, passphrase: string | undefined): KeyObject {
  if (!isPem(source.bytes)) return readDerKey(source)
  const blocks = readPemBlocks(source.bytes.toString('utf8'))
  const block = findPrivateKey(blocks)
  if (block === undefined) throw describeWrongBlocks(source, blocks)
  if (block.isEncrypted && passphrase === undefined) {
    throw new CredentialError(
      'KEY_ENCRYPTED',
      `The private key in ${source.name} is encrypted: give its passphrase. (Apple’s .p8 files are not encrypted.)`,
    )
  }
  try {
    return createPrivateKey({ key: block.text, ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    if (block.isEncrypted) {
      throw new CredentialError(
        'KEY_PASSPHRASE_WRONG',
        `The passphrase does not open the encrypted private key in ${source.name}.`,
        { cause },
      )
    }
    throw unreadableKey(source, 'the block is damaged or cut off; take a fresh copy of the file', cause)
  }
}

/** The block that holds a private key, if there is one. */
export function findPrivateKey(blocks: readonly PemBlock[]): PemBlock | undefined {
  return blocks.find(({ label }) => label.endsWith('PRIVATE KEY') && label !== 'OPENSSH PRIVATE KEY')
}

function readDerKey(source: Source): KeyObject {
  try {
    return createPrivateKey({ key: source.bytes, format: 'der', type: 'pkcs8' })
  } catch (cause) {
    if (readCertificate(source.bytes) !== undefined) throw notPrivate(source, 'a certificate')
    if (isPkcs12(source.bytes)) throw notPrivate(source, 'a PKCS#12 file, which pfxPath or pfx takes')
    throw unreadableKey(
      source,
      'it has no “-----BEGIN PRIVATE KEY-----” line; give the .p8 or .pem file as it was downloaded',
      cause,
    )
  }
}

function describeWrongBlocks(source: Source, blocks: readonly PemBlock[]): CredentialError {
  const labels = blocks.map(({ label }) => label)
  if (labels.includes('OPENSSH PRIVATE KEY')) {
    return unreadableKey(source, 'it is in OpenSSH’s own format, which APNs keys never have')
  }
  if (labels.some((label) => label.endsWith('PUBLIC KEY'))) return notPrivate(source, 'a public key')
  if (labels.includes('CERTIFICATE')) return notPrivate(source, 'a certificate without its private key')
  if (labels.some((label) => label.endsWith('CERTIFICATE REQUEST'))) {
    return notPrivate(source, 'a certificate signing request')
  }
  return unreadableKey(source, 'it has no complete “PRIVATE KEY” block; the file may be cut off')
}

function notPrivate(source: Source, found: string): CredentialError {
  return new CredentialError('KEY_NOT_PRIVATE', `${source.name} holds ${found} where a private key belongs.`)
}

function unreadableKey(source: Source, reason: string, cause?: unknown): CredentialError {
  return new CredentialError('KEY_UNREADABLE', `${source.name} holds no readable private key: ${reason}.`, {
    cause,
  })
}
