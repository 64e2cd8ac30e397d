import { verify } from 'node:crypto'
import type { ProviderKey, ProviderKeys } from './provider-keys.js'

/** A provider token whose signature is right. Whether its time is right depends on the moment of use. */
export interface VerifiedToken {
  readonly key: ProviderKey
  /** `iat`, in milliseconds since 1970. */
  readonly issuedAt: number
  /** Signed in DER, not in the form of RFC 7518. */
  readonly isDer: boolean
  /** `sub`, which Apple's page does not know. */
  readonly subject: unknown
}

/** Tokens remembered with their verdict; one server sees few, a test that makes new ones all the time sees many. */
const REMEMBERED_TOKENS = 1_000
/** An r||s signature over P-256 (RFC 7518 section 3.4). */
const RAW_SIGNATURE_BYTES = 64
const BASE64URL = /^[A-Za-z0-9_-]+$/

/**
 * Verifies provider tokens (JSON Web Tokens signed with ES256) and remembers the verdict for each, since a
 * provider sends the same one for up to an hour.
 */
export class ProviderTokenVerifier {
  readonly #keys: ProviderKeys
  readonly #verdicts = new Map<string, VerifiedToken | undefined>()
  #denied: { readonly tokens: ReadonlySet<string>; readonly reason: string } | undefined

  constructor(keys: ProviderKeys) {
    this.#keys = keys
  }

  /** The token's content, or undefined when it is no valid token of a known key. */
  verify(token: string): VerifiedToken | undefined {
    let verdict = this.#verdicts.get(token)
    if (verdict === undefined && !this.#verdicts.has(token)) {
      verdict = this.#examine(token)
      if (this.#verdicts.size >= REMEMBERED_TOKENS) this.#verdicts.clear()
      this.#verdicts.set(token, verdict)
    }
    return verdict !== undefined && this.#keys.has(verdict.key) ? verdict : undefined
  }

  /** Refuses every token that was presented so far, with this reason; new ones are taken. */
  denyPresented(reason: string): void {
    this.#denied = { tokens: new Set([...(this.#denied?.tokens ?? []), ...this.#verdicts.keys()]), reason }
  }

  /** The reason for which this token is refused although it is valid. */
  deniedFor(token: string): string | undefined {
    return this.#denied?.tokens.has(token) === true ? this.#denied.reason : undefined
  }

  #examine(token: string): VerifiedToken | undefined {
    const [header, claims, signature, ...rest] = token.split('.')
    if (header === undefined || claims === undefined || signature === undefined || rest.length > 0)
      return undefined
    const { alg, kid } = parseObject(header)
    const { iss, iat, sub: subject } = parseObject(claims)
    if (alg !== 'ES256' || typeof kid !== 'string' || typeof iss !== 'string') return undefined
    // A string is refused, as Apple's service is said to do, although it may hold digits.
    if (typeof iat !== 'number') return undefined
    const key = this.#keys.get(kid)
    if (key === undefined || key.teamId !== iss) return undefined
    if (!BASE64URL.test(signature)) return undefined
    const bytes = Buffer.from(signature, 'base64url')
    const isDer = bytes.length !== RAW_SIGNATURE_BYTES
    if (!isSigned(`${header}.${claims}`, bytes, isDer, key)) return undefined
    return { key, issuedAt: iat * 1000, isDer, subject }
  }
}

/** Apple takes raw signatures and DER ones: its own shell recipe signs with `openssl dgst`, which writes DER. */
function isSigned(signed: string, signature: Buffer, isDer: boolean, { publicKey }: ProviderKey): boolean {
  const dsaEncoding = isDer ? 'der' : 'ieee-p1363'
  return verify('sha256', Buffer.from(signed, 'latin1'), { key: publicKey, dsaEncoding }, signature)
}

/** The JSON object in one base64url part; empty when it holds anything else. */
function parseObject(part: string): Readonly<Record<string, unknown>> {
  if (!BASE64URL.test(part)) return {}
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
