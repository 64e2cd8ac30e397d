import {
  type DerElement,
  DerError,
  expectTag,
  readChildren,
  readElement,
  readElementAt,
  readInteger,
  readObjectIdentifier,
  readOnlyChild,
  TAG,
} from './der.js'
import { decrypt, isMacValid, type Password, passwordCandidates } from './pkcs12-encryption.js'
import { Pkcs12Error } from './pkcs12-error.js'

/** What a PKCS#12 file holds: DER of each certificate, and of each private key as PKCS#8. */
export interface Pkcs12Contents {
  readonly keys: readonly Buffer[]
  readonly certificates: readonly Buffer[]
}

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const VERSION = 3

/** Whether bytes start like a PKCS#12 file: a SEQUENCE whose first member is the number 3. */
export function isPkcs12(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(0, 9)
  return start[0] === TAG.sequence && start.includes(Buffer.of(TAG.integer, 1, VERSION, TAG.sequence))
}

/**
 * Opens a PKCS#12 file (RFC 7292) protected by a passphrase.
 *
 * Our own reader rather than OpenSSL's behind `tls`: it reads the RC2 files of Keychain Access, says which of passphrase,
 * algorithm and format is the trouble instead of a message that changes with each OpenSSL, and lets the certificate inside
 * be inspected, for which Node has no documented way.
 *
 * @throws Pkcs12Error
 */
export function openPkcs12(bytes: Uint8Array, passphrase: string): Pkcs12Contents {
  try {
    const [version, authenticatedSafe, macData] = readChildren(readElement(bytes, TAG.sequence))
    if (readInteger(version) !== VERSION) throw new Pkcs12Error('encoding', 'its version is not 3')
    const content = readData(authenticatedSafe)
    const password = choosePassword(macData, content, passphrase)
    return readAuthenticatedSafe(content, password)
  } catch (cause) {
    if (cause instanceof DerError) throw new Pkcs12Error('encoding', cause.message, { cause })
    throw cause
  }
}

function choosePassword(macData: DerElement | undefined, content: Buffer, passphrase: string): Password {
  const candidates = passwordCandidates(passphrase)
  // The MAC is optional; without one, a wrong passphrase shows when the contents are decrypted.
  if (macData === undefined) return candidates[0]
  const password = candidates.find((candidate) => isMacValid(macData, content, candidate))
  if (password === undefined) throw new Pkcs12Error('passphrase', 'its integrity check fails')
  return password
}

function readAuthenticatedSafe(content: Buffer, password: Password): Pkcs12Contents {
  const keys: Buffer[] = []
  const certificates: Buffer[] = []
  for (const contentInfo of readChildren(readElement(content, TAG.sequence))) {
    const safeContents = readSafeContents(contentInfo, password)
    for (const safeBag of readChildren(readElement(safeContents, TAG.sequence))) {
      const [type, wrapper] = readChildren(expectTag(safeBag, TAG.sequence))
      const value = readOnlyChild(expectTag(wrapper, TAG.context0), TAG.sequence)
      switch (readObjectIdentifier(type)) {
        case KEY_BAG:
          keys.push(value.raw)
          break
        case SHROUDED_KEY_BAG: {
          const [algorithm, ciphertext] = readChildren(value)
          keys.push(decrypt(algorithm, expectTag(ciphertext, TAG.octetString).content, password))
          break
        }
        case CERTIFICATE_BAG: {
          const [certificateType, certificate] = readChildren(value)
          if (readObjectIdentifier(certificateType) !== X509_CERTIFICATE) break
          certificates.push(readOnlyChild(expectTag(certificate, TAG.context0), TAG.octetString).content)
          break
        }
        default: // Revocation lists, secrets and nested bags: none of them is of use here.
      }
    }
  }
  return { keys, certificates }
}

/** One part of the file, in the clear or encrypted under the passphrase. */
function readSafeContents(contentInfo: DerElement, password: Password): Buffer {
  const [type, wrapper] = readChildren(expectTag(contentInfo, TAG.sequence))
  const identifier = readObjectIdentifier(type)
  if (identifier === DATA) return readData(contentInfo)
  if (identifier !== ENCRYPTED_DATA) {
    throw new Pkcs12Error('algorithm', `a part of it is of the type ${identifier}`)
  }
  const [, encrypted] = readChildren(readOnlyChild(expectTag(wrapper, TAG.context0), TAG.sequence))
  const [, algorithm, ciphertext] = readChildren(expectTag(encrypted, TAG.sequence))
  return decrypt(algorithm, expectTag(ciphertext, TAG.context0Primitive).content, password)
}

/** The octets of a ContentInfo of type "data". */
function readData(contentInfo: DerElement | undefined): Buffer {
  const [type, wrapper] = readChildren(expectTag(contentInfo, TAG.sequence))
  const identifier = readObjectIdentifier(type)
  if (identifier !== DATA) throw new Pkcs12Error('algorithm', `its contents are of the type ${identifier}`)
  const octets = readElementAt(expectTag(wrapper, TAG.context0).content, 0)
  return expectTag(octets, TAG.octetString).content
}
