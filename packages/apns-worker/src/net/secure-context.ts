import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'

/** Certificates in PEM. */
export type CertificateAuthorities = string | Uint8Array | readonly (string | Uint8Array)[]

/**
 * Whom to trust and what to show, parsed once for all connections.
 *
 * @param ca certificate authorities in PEM; undefined for those that Node trusts
 * @param identity the client's certificate and key, for certificate-based trust
 * @param name what `ca` is called, for the error
 * @throws {TypeError} when `ca` is not PEM
 */
export function secureContextOf(
  ca: CertificateAuthorities | undefined,
  identity: Pick<SecureContextOptions, 'key' | 'cert' | 'pfx' | 'passphrase'> = {},
  name = 'environment.ca',
): SecureContext {
  const options: SecureContextOptions = { ...identity, minVersion: 'TLSv1.2' }
  try {
    if (ca !== undefined) options.ca = authoritiesFrom(ca)
    return createSecureContext(options)
  } catch (cause) {
    throw new TypeError(
      `${name} is not a certificate in PEM format; it takes the content of the file, not its path`,
      { cause },
    )
  }
}

function authoritiesFrom(ca: CertificateAuthorities): Buffer[] {
  const list = (typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca).map((each) =>
    Buffer.from(each),
  )
  if (list.length === 0) throw new Error('the list is empty')
  // Node itself passes over what it can not read, and then trusts nobody.
  for (const authority of list) {
    if (!authority.includes('-----BEGIN ')) throw new Error('there is no PEM in it')
    new X509Certificate(authority)
  }
  return list
}
