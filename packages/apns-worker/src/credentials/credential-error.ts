/**
 * Every way a credential can be wrong. The codes are stable; the texts are for the documentation, the error's own message
 * says what was found and what to do about it.
 */
export const CREDENTIAL_ERRORS = {
  CREDENTIALS_MISSING: 'No credential was given.',
  CREDENTIALS_CONFLICT: 'Parts of two kinds of credential were given.',
  OPTION_INVALID: 'An option is not of the type that it has to be.',
  PATH_AND_CONTENT: 'Both a path and the content itself were given for the same thing.',
  PATH_HOLDS_CONTENT: 'A path option holds the key or certificate itself.',
  CONTENT_HOLDS_PATH: 'A content option holds the name of a file.',
  KEY_FILE_NOT_FOUND: 'There is no file at keyPath.',
  KEY_FILE_UNREADABLE: 'The file at keyPath cannot be read.',
  CERTIFICATE_FILE_NOT_FOUND: 'There is no file at certPath.',
  CERTIFICATE_FILE_UNREADABLE: 'The file at certPath cannot be read.',
  PKCS12_FILE_NOT_FOUND: 'There is no file at pfxPath.',
  PKCS12_FILE_UNREADABLE: 'The file at pfxPath cannot be read.',
  KEY_MISSING: 'There is no private key to go with the rest.',
  KEY_UNREADABLE: 'The private key is not a PEM private key, or it is damaged.',
  KEY_NOT_PRIVATE: 'Something else was given where a private key belongs.',
  KEY_NOT_P256: 'The provider token key is not a P-256 key.',
  KEY_TYPE_UNSUPPORTED: 'The private key of the certificate is neither RSA nor EC.',
  KEY_ENCRYPTED: 'The private key is encrypted and no passphrase was given.',
  KEY_PASSPHRASE_WRONG: 'The passphrase does not open the private key.',
  KEY_ID_MISSING: 'The provider token key has no key id.',
  KEY_ID_INVALID: 'The key id is not ten letters and digits.',
  TEAM_ID_MISSING: 'The provider token key has no team id.',
  TEAM_ID_INVALID: 'The team id is not ten letters and digits.',
  IDS_SWAPPED: 'The key id and the team id are in each other’s place.',
  CERTIFICATE_UNREADABLE: 'The certificate is not an X.509 certificate, or it is damaged.',
  CERTIFICATE_KEY_MISMATCH: 'The private key belongs to another certificate.',
  CERTIFICATE_EXPIRED: 'The certificate has expired.',
  CERTIFICATE_NOT_YET_VALID: 'The certificate is not valid yet.',
  CERTIFICATE_WRONG_ENVIRONMENT: 'The certificate is for the other environment.',
  CERTIFICATE_NOT_FOR_PUSH: 'The certificate is not an Apple push certificate.',
  CERTIFICATE_UNUSABLE: 'TLS refuses the certificate or its key.',
  PKCS12_UNREADABLE: 'The file is not a PKCS#12 file, or it is damaged.',
  PKCS12_PASSPHRASE_WRONG: 'The passphrase does not open the PKCS#12 file.',
  PKCS12_UNSUPPORTED: 'The PKCS#12 file uses an encryption that cannot be read here.',
  PKCS12_WITHOUT_IDENTITY: 'The PKCS#12 file lacks the private key or its certificate.',
  PKCS12_SEVERAL_IDENTITIES: 'The PKCS#12 file holds more than one private key.',
} as const

export type CredentialErrorCode = keyof typeof CREDENTIAL_ERRORS

/**
 * A credential cannot be used. `message` says what is wrong and what to do; neither it nor `cause` ever holds key material
 * or a passphrase.
 */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  /** Stable; one of the keys of {@link CREDENTIAL_ERRORS}. */
  readonly code: CredentialErrorCode

  constructor(code: CredentialErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
