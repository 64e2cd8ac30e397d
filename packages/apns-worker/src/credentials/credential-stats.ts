import type { Credentials } from './credentials.js'

/** How old, or how near its end, the credential is that is sent with. */
export type CredentialStats =
  | {
      readonly kind: 'token'
      readonly keyId: string
      /** Seconds since the date (`iat`) of the present provider token; undefined before there is one. Apple takes an hour. */
      readonly age: number | undefined
    }
  | {
      readonly kind: 'certificate'
      /** Seconds until the client certificate expires; negative when it has. */
      readonly expiresIn: number
    }

/**
 * @param nowMs Unix time
 */
export function credentialStats(credentials: Credentials, nowMs: number): CredentialStats {
  if (credentials.kind === 'certificate') {
    const { validTo } = credentials.certificate
    return { kind: 'certificate', expiresIn: (validTo.getTime() - nowMs) / 1000 }
  }
  const ageMs = credentials.tokens.ageMs()
  return { kind: 'token', keyId: credentials.keyId, age: ageMs === undefined ? undefined : ageMs / 1000 }
}
