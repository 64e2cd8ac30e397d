import { X509Certificate } from 'node:crypto'
import {
  type DerElement,
  DerError,
  expectTag,
  readChildren,
  readElement,
  readObjectIdentifier,
  readOnlyChild,
  readText,
  TAG,
} from './der.js'

/** What Node's own class does not tell: the subject's attributes and the extensions, by object identifier. */
export interface CertificateFields {
  readonly subject: ReadonlyMap<string, string>
  /** The DER inside each extension's OCTET STRING. */
  readonly extensions: ReadonlyMap<string, Buffer>
}

/** A certificate from PEM or DER, `undefined` if it is none. */
export function readCertificate(bytes: Uint8Array | string): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}

/**
 * Reads subject and extensions (RFC 5280 4.1) of a certificate's DER.
 *
 * @throws DerError
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const [tbsCertificate] = readChildren(readElement(der, TAG.sequence))
  const fields = readChildren(expectTag(tbsCertificate, TAG.sequence))
  // version [0] is optional; then serialNumber, signature, issuer, validity, subject.
  const subjectIndex = fields[0]?.tag === TAG.context0 ? 5 : 4
  return {
    subject: readName(expectTag(fields[subjectIndex], TAG.sequence)),
    extensions: readExtensions(fields.find(({ tag }) => tag === TAG.context3)),
  }
}

function readName(name: DerElement): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const relativeName of readChildren(name)) {
    for (const attribute of readChildren(expectTag(relativeName, TAG.set))) {
      const [type, value] = readChildren(expectTag(attribute, TAG.sequence))
      const text = readText(value)
      if (text !== undefined) attributes.set(readObjectIdentifier(type), text)
    }
  }
  return attributes
}

function readExtensions(wrapper: DerElement | undefined): Map<string, Buffer> {
  const extensions = new Map<string, Buffer>()
  if (wrapper === undefined) return extensions
  for (const extension of readChildren(readOnlyChild(wrapper, TAG.sequence))) {
    const parts = readChildren(expectTag(extension, TAG.sequence))
    const value = parts.at(-1) // after the optional "critical"
    if (value === undefined) throw new DerError('an empty extension')
    extensions.set(readObjectIdentifier(parts[0]), expectTag(value, TAG.octetString).content)
  }
  return extensions
}
