/**
 * Any one of three credentials; each `…Path` has a twin that takes the content itself (PEM, DER, or base64 of either;
 * line breaks may be written `\n`):
 * - a provider token key: `keyPath`, `keyId`, `teamId`;
 * - a PEM client certificate: `certPath` and `keyPath`, or `certPath` alone when its file holds the key too;
 * - a PKCS#12 file: `pfxPath`, `passphrase`.
 *
 * Empty strings count as not given.
 */
export interface CredentialOptions {
  /** Path of the private key: a `.p8` file, or the certificate's key. */
  readonly keyPath?: string | undefined
  readonly key?: string | Uint8Array | undefined
  /** Ten characters. Taken from the file name when `keyPath` ends in Apple's `AuthKey_<id>.p8`. */
  readonly keyId?: string | undefined
  /** Ten characters. */
  readonly teamId?: string | undefined
  /** Claims to add to the provider token beside `iss` and `iat`. Default: none. */
  readonly extraClaims?: Readonly<Record<string, unknown>> | undefined
  /** Path of the client certificate (`.pem`, `.cer`), with its chain if it has one. */
  readonly certPath?: string | undefined
  readonly cert?: string | Uint8Array | undefined
  /** Path of the PKCS#12 file (`.p12`, `.pfx`). */
  readonly pfxPath?: string | undefined
  /** The PKCS#12 file's bytes, or base64 of them. */
  readonly pfx?: string | Uint8Array | undefined
  /** Opens the PKCS#12 file or an encrypted private key. Default for PKCS#12: the empty passphrase. */
  readonly passphrase?: string | undefined
}

export interface CredentialContext {
  /** Which of Apple's services the credential is for; `undefined` for a custom host, where any certificate may do. */
  readonly environment: 'production' | 'sandbox' | undefined
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
}
