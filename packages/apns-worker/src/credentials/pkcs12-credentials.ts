import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type CertificateCredentials, checkCertificate, pairCertificate } from './certificate-credentials.js'
import { CredentialError } from './credential-error.js'
import type { CredentialContext, CredentialOptions } from './credential-options.js'
import { isPem, PKCS12_SOURCE, readSource, type Source } from './credential-source.js'
import { isPkcs12, openPkcs12, type Pkcs12Contents } from './pkcs12.js'
import { Pkcs12Error } from './pkcs12-error.js'
import { readCertificate } from './x509.js'

const CONVERT =
  'Convert it: openssl pkcs12 -legacy -in old.p12 -nodes -out all.pem, and give all.pem as certPath.'

/** The source of a PKCS#12 file, if one was given. @throws CredentialError */
export function readPkcs12Source(options: CredentialOptions): Source | undefined {
  return readSource(PKCS12_SOURCE, options.pfxPath, options.pfx)
}

/** Loads the certificate and key in a PKCS#12 file. @throws CredentialError */
export function loadPkcs12Credentials(
  options: CredentialOptions,
  source: Source,
  context: CredentialContext,
): CertificateCredentials {
  if (isPem(source.bytes)) {
    throw unreadable(source, 'it is PEM; give it as certPath (or cert), with keyPath (or key)')
  }
  if (!isPkcs12(source.bytes)) throw unreadable(source, 'it does not start like one')
  let contents: Pkcs12Contents
  try {
    contents = openPkcs12(source.bytes, options.passphrase ?? '')
  } catch (cause) {
    if (!(cause instanceof Pkcs12Error)) throw cause
    if (cause.problem === 'passphrase') throw wrongPassphrase(options, source, cause)
    if (cause.problem === 'limit') throw unsupported(source, cause)
    return loadWithOpenssl(options, source, context, cause)
  }
  return joinContents(contents, source, context)
}

function joinContents(
  { keys, certificates }: Pkcs12Contents,
  source: Source,
  context: CredentialContext,
): CertificateCredentials {
  const [key] = keys
  if (key === undefined || certificates.length === 0) {
    throw new CredentialError(
      'PKCS12_WITHOUT_IDENTITY',
      `${source.name} holds ${key === undefined ? 'no private key' : 'no certificate'}. In Keychain Access, select the certificate together with the key below it, and export both.`,
    )
  }
  if (keys.length > 1) {
    throw new CredentialError(
      'PKCS12_SEVERAL_IDENTITIES',
      `${source.name} holds ${keys.length} private keys. Export the one certificate with its key.`,
    )
  }
  try {
    return pairCertificate(
      createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
      certificates.map((der) => new X509Certificate(der)),
      source.name,
      context,
    )
  } catch (cause) {
    if (cause instanceof CredentialError) throw cause
    throw unreadable(source, 'what is inside is damaged', cause)
  }
}

/** What our reader leaves to OpenSSL: BER instead of DER, rarer algorithms. */
function loadWithOpenssl(
  options: CredentialOptions,
  source: Source,
  context: CredentialContext,
  ownError: Pkcs12Error,
): CertificateCredentials {
  const tls = { pfx: source.bytes, passphrase: options.passphrase ?? '' }
  let certificate: X509Certificate | undefined
  try {
    certificate = certificateIn(createSecureContext(tls))
  } catch (cause) {
    // OpenSSL has no code for this; the words have been the same since 1998.
    if (cause instanceof Error && cause.message.includes('mac verify failure')) {
      throw wrongPassphrase(options, source, cause)
    }
  }
  if (certificate !== undefined) return checkCertificate(certificate, tls, source.name, context)
  throw ownError.problem === 'encoding'
    ? unreadable(source, `it is damaged or cut off (${ownError.message})`, ownError)
    : unsupported(source, ownError)
}

/**
 * Node hands out a context's certificate only through an undocumented method (there in Node 20 to 26); should it go, such
 * files count as unsupported.
 */
function certificateIn({ context }: SecureContext): X509Certificate | undefined {
  const native: unknown = context
  if (typeof native !== 'object' || native === null || !('getCertificate' in native)) return undefined
  if (typeof native.getCertificate !== 'function') return undefined
  const der: unknown = Reflect.apply(native.getCertificate, native, [])
  return der instanceof Uint8Array ? readCertificate(der) : undefined
}

function wrongPassphrase(options: CredentialOptions, source: Source, cause: Error): CredentialError {
  return new CredentialError(
    'PKCS12_PASSPHRASE_WRONG',
    options.passphrase === undefined
      ? `${source.name} needs a passphrase: give it as passphrase.`
      : `The passphrase does not open ${source.name}. (If it does elsewhere, the file may be damaged.)`,
    { cause },
  )
}

function unsupported(source: Source, cause: Pkcs12Error): CredentialError {
  return new CredentialError(
    'PKCS12_UNSUPPORTED',
    `${source.name} cannot be opened: ${cause.message}. ${CONVERT}`,
    { cause },
  )
}

function unreadable(source: Source, reason: string, cause?: unknown): CredentialError {
  return new CredentialError(
    'PKCS12_UNREADABLE',
    `${source.name} is not a PKCS#12 file that can be read: ${reason}.`,
    {
      cause,
    },
  )
}
