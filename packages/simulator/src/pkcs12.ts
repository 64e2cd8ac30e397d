import forge from 'node-forge'

/** What goes into a PKCS#12 file. */
export interface Pkcs12Contents {
  /** Certificate, PEM. */
  readonly cert: string
  /** RSA private key, PEM, not encrypted. */
  readonly key: string
  readonly passphrase: string
}

/**
 * Packs a certificate and its key into a PKCS#12 file (RFC 7292) with AES-256, which OpenSSL 3 reads without its
 * legacy provider.
 */
export function encodePkcs12({ cert, key, passphrase }: Pkcs12Contents): Buffer {
  const asn1 = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    forge.pki.certificateFromPem(cert),
    passphrase,
    { algorithm: 'aes256', friendlyName: 'APNs Simulator' },
  )
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}
