import type { KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { CredentialError } from './credential-error.js'
import type { CredentialContext } from './credential-options.js'
import { DerError } from './der.js'
import { toPem } from './pem.js'
import { describeKey } from './private-key.js'
import { type PushCertificate, readPushCertificate, subjectOf } from './push-certificate.js'

/** What to hand to `tls.connect`. */
export interface ClientTlsOptions {
  readonly key?: string
  readonly cert?: string
  readonly pfx?: Buffer
  readonly passphrase?: string
}

/** A client certificate, checked and ready for a handshake. */
export interface CertificateCredentials {
  readonly kind: 'certificate'
  /** Holds the private key. Not enumerable, so that logging the credentials does not print it. */
  readonly tls: ClientTlsOptions
  readonly certificate: PushCertificate
}

/**
 * Joins a key to the one certificate that it belongs to; the others become its chain, as TLS wants them: leaf first.
 *
 * @param name what the certificates came from, for messages
 * @throws CredentialError
 */
export function pairCertificate(
  key: KeyObject,
  certificates: readonly X509Certificate[],
  name: string,
  context: CredentialContext,
): CertificateCredentials {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
    throw new CredentialError(
      'KEY_TYPE_UNSUPPORTED',
      `${name} goes with ${describeKey(key)}; APNs takes RSA and EC keys.`,
    )
  }
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key))
  if (leaf === undefined) {
    throw new CredentialError(
      'CERTIFICATE_KEY_MISMATCH',
      `The private key (${describeKey(key)}) does not belong to the certificate in ${name} (${describe(certificates[0])}). Give the key that the certificate signing request was made with.`,
    )
  }
  const chain = [leaf, ...certificates.filter((certificate) => certificate !== leaf)]
  return checkCertificate(
    leaf,
    {
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      cert: chain.map(({ raw }) => toPem('CERTIFICATE', raw)).join(''),
    },
    name,
    context,
  )
}

/** Checks dates and environment of a certificate whose key is known to fit. @throws CredentialError */
export function checkCertificate(
  leaf: X509Certificate,
  tls: ClientTlsOptions,
  name: string,
  context: CredentialContext,
): CertificateCredentials {
  const certificate = describeFields(leaf, name)
  checkDates(certificate, name, context.now())
  checkEnvironment(certificate, name, context.environment)
  try {
    createSecureContext(tls)
  } catch (cause) {
    throw new CredentialError(
      'CERTIFICATE_UNUSABLE',
      `TLS does not accept the certificate in ${name} or its key (${messageOf(cause)}). Make a new one with an RSA key of 2048 bits.`,
      { cause },
    )
  }
  const credentials = { kind: 'certificate' as const, tls, certificate }
  return Object.defineProperty(credentials, 'tls', { enumerable: false })
}

function describeFields(leaf: X509Certificate, name: string): PushCertificate {
  try {
    return readPushCertificate(leaf)
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause
    throw new CredentialError(
      'CERTIFICATE_UNREADABLE',
      `The certificate in ${name} is malformed: ${cause.message}.`,
      { cause },
    )
  }
}

function checkDates(certificate: PushCertificate, name: string, nowMs: number): void {
  const { subject, validFrom, validTo } = certificate
  if (nowMs > validTo.getTime()) {
    throw new CredentialError(
      'CERTIFICATE_EXPIRED',
      `The certificate in ${name} (${subject}) expired on ${day(validTo)}. Renew it at developer.apple.com; the app needs no change.`,
    )
  }
  if (nowMs < validFrom.getTime()) {
    throw new CredentialError(
      'CERTIFICATE_NOT_YET_VALID',
      `The certificate in ${name} (${subject}) is not valid until ${validFrom.toISOString()}, and this machine’s clock says ${day(new Date(nowMs))}. Check the clock.`,
    )
  }
}

/**
 * A certificate has to carry the mark of the environment it is used in. Without any mark it is no push certificate, which
 * only a custom host (a relay, a simulator) may want. One with other marks alone is let through: Apple does not say what
 * they allow, and a wrong refusal here could not be overruled.
 */
function checkEnvironment(
  { isMarked, production, sandbox, subject }: PushCertificate,
  name: string,
  environment: CredentialContext['environment'],
): void {
  if (environment === undefined) return
  if (!isMarked) {
    throw new CredentialError(
      'CERTIFICATE_NOT_FOR_PUSH',
      `The certificate in ${name} (${subject}) is not an Apple push certificate: it has none of Apple’s push extensions. Make an “Apple Push Notification service SSL” certificate at developer.apple.com. (For a relay, give its host as the environment.)`,
    )
  }
  const isForOther = environment === 'production' ? sandbox && !production : production && !sandbox
  if (isForOther) {
    const other = environment === 'production' ? 'sandbox' : 'production'
    throw new CredentialError(
      'CERTIFICATE_WRONG_ENVIRONMENT',
      `The certificate in ${name} (${subject}) is for the ${other} environment only, and environment is '${environment}'. Set environment to '${other}', or give a certificate for ${environment}.`,
    )
  }
}

function describe(certificate: X509Certificate | undefined): string {
  if (certificate === undefined) return 'none'
  return `${subjectOf(certificate)}, with ${describePublicKey(certificate)}`
}

function describePublicKey(certificate: X509Certificate): string {
  try {
    return describeKey(certificate.publicKey)
  } catch {
    // Node reads it only when it is asked for.
    return 'a public key that cannot be read'
  }
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
