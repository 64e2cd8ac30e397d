import type { CertificateCredentials } from './certificate-credentials.js'
import { CredentialError } from './credential-error.js'
import type { CredentialContext, CredentialOptions } from './credential-options.js'
import { isGiven } from './credential-source.js'
import { loadPemCredentials, readCertificateSource } from './pem-credentials.js'
import { loadPkcs12Credentials, readPkcs12Source } from './pkcs12-credentials.js'
import { loadTokenCredentials, type TokenCredentials } from './token-credentials.js'

export type { CertificateCredentials, ClientTlsOptions } from './certificate-credentials.js'
export { CREDENTIAL_ERRORS, CredentialError, type CredentialErrorCode } from './credential-error.js'
export type { CredentialContext, CredentialOptions } from './credential-options.js'
export type { CertificateTopic, PushCertificate } from './push-certificate.js'
export type { TokenCredentials } from './token-credentials.js'

/** A credential that has passed every check that can be made without a connection. */
export type Credentials = TokenCredentials | CertificateCredentials

const TEXT_OPTIONS = ['keyPath', 'certPath', 'pfxPath', 'keyId', 'teamId', 'passphrase'] as const
const CONTENT_OPTIONS = ['key', 'cert', 'pfx'] as const
const THREE_WAYS =
  'Give one of: { keyPath, keyId, teamId } for a provider token key (.p8); { certPath, keyPath } for a PEM certificate; ' +
  '{ pfxPath, passphrase } for a PKCS#12 file. Instead of a path, key, cert and pfx take the content itself.'

/**
 * Reads and checks a credential, synchronously, so that a wrong one is an error where it is configured and not a refusal
 * on the first push.
 *
 * @throws CredentialError
 */
export function loadCredentials(options: CredentialOptions, context: CredentialContext): Credentials {
  assertTypes(options)
  const pkcs12 = readPkcs12Source(options)
  const certificate = readCertificateSource(options)
  const hasKey = isGiven(options.keyPath) || isGiven(options.key)
  const hasIds = isGiven(options.keyId) || isGiven(options.teamId)
  if (pkcs12 !== undefined) {
    if (certificate !== undefined || hasKey || hasIds) throw conflict('a PKCS#12 file')
    return loadPkcs12Credentials(options, pkcs12, context)
  }
  if (certificate !== undefined) {
    if (hasIds) throw conflict('a certificate')
    return loadPemCredentials(options, certificate, context)
  }
  if (hasKey || hasIds) return loadTokenCredentials(options, context)
  throw new CredentialError('CREDENTIALS_MISSING', `No credential is given. ${THREE_WAYS}`)
}

/** Options come from JavaScript and configuration files too, where nothing has checked their types. */
function assertTypes(options: CredentialOptions): void {
  for (const name of TEXT_OPTIONS) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'string') {
      throw new CredentialError('OPTION_INVALID', `${name} has to be a string.`)
    }
  }
  for (const name of CONTENT_OPTIONS) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'string' && !(value instanceof Uint8Array)) {
      throw new CredentialError('OPTION_INVALID', `${name} has to be a string or a Uint8Array.`)
    }
  }
}

function conflict(what: string): CredentialError {
  return new CredentialError(
    'CREDENTIALS_CONFLICT',
    `There is ${what} and, beside it, parts of another credential. ${THREE_WAYS}`,
  )
}
