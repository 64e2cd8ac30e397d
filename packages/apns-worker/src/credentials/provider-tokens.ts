import { type KeyObject, sign } from 'node:crypto'

const MINUTE_MS = 60_000
/** Apple refuses tokens older than 60 minutes; 45 leaves room for queueing, retries and a slow clock. */
export const RENEW_AFTER_MS: number = 45 * MINUTE_MS
/** Apple answers TooManyProviderTokenUpdates when a connection changes its token more than once in 20 minutes. */
export const MINIMUM_RENEWAL_INTERVAL_MS: number = 20 * MINUTE_MS
/** Clocks are corrected by small steps all the time; a token dated further ahead than this is worth replacing. */
export const CLOCK_TOLERANCE_MS: number = 5 * MINUTE_MS

export interface ProviderTokenOptions {
  /** P-256 private key. */
  readonly key: KeyObject
  /** Ten characters; the `kid` of the header. */
  readonly keyId: string
  /** Ten characters; the `iss` claim. */
  readonly teamId: string
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
  /** Claims beside `iss` and `iat`, which they cannot replace. Apple documents none; some keys are said to need `sub`. */
  readonly extraClaims?: Readonly<Record<string, unknown>>
}

/**
 * What {@link ProviderTokens.expired} found: it made a new token; the refused one was replaced before; or the refused one
 * is so fresh that a new one would be refused as well, which means that this machine's clock is wrong.
 */
export type ExpiredTokenVerdict = 'renewed' | 'already-renewed' | 'too-soon'

/**
 * The provider token (a JWT, ES256) of one key: one for all connections and requests, renewed inside Apple's window.
 * Source: Apple, "Establishing a token-based connection to APNs".
 *
 * There is a single, wall clock, and it may jump. Age is therefore not "now minus iat" but the sum of the forward steps
 * between calls since the token was made: a clock set back neither makes an old token young nor breaks the 20-minute rule.
 */
export class ProviderTokens {
  readonly #options: ProviderTokenOptions
  #token: string | undefined
  #issuedAtMs = 0
  #lastSeenMs = 0
  #ageMs = 0

  constructor(options: ProviderTokenOptions) {
    this.#options = options
  }

  /** The token for the next request. Cheap enough to ask for each one: it is signed about every 45 minutes. */
  current(): string {
    const nowMs = this.#advance()
    if (this.#token === undefined) return this.#renew(nowMs)
    const isOld = this.#ageMs >= RENEW_AFTER_MS
    const isFromTheFuture = this.#issuedAtMs - nowMs > CLOCK_TOLERANCE_MS
    if ((isOld || isFromTheFuture) && this.#mayRenew()) return this.#renew(nowMs)
    return this.#token
  }

  /**
   * APNs answered ExpiredProviderToken to a request that carried `rejected`. However many requests that hits, one
   * renewal follows; the requests are to be sent again with {@link current} unless the verdict is `too-soon`.
   */
  expired(rejected: string): ExpiredTokenVerdict {
    const nowMs = this.#advance()
    if (rejected !== this.#token) return 'already-renewed'
    if (!this.#mayRenew()) return 'too-soon'
    this.#renew(nowMs)
    return 'renewed'
  }

  #mayRenew(): boolean {
    return this.#ageMs >= MINIMUM_RENEWAL_INTERVAL_MS
  }

  #advance(): number {
    const nowMs = this.#options.now()
    if (nowMs > this.#lastSeenMs) this.#ageMs += nowMs - this.#lastSeenMs
    this.#lastSeenMs = nowMs
    return nowMs
  }

  #renew(nowMs: number): string {
    this.#token = signProviderToken(this.#options, Math.floor(nowMs / 1000))
    this.#issuedAtMs = nowMs
    this.#ageMs = 0
    return this.#token
  }
}

function signProviderToken(options: ProviderTokenOptions, issuedAtSeconds: number): string {
  const header = encode({ alg: 'ES256', kid: options.keyId })
  const claims = encode({ ...options.extraClaims, iss: options.teamId, iat: issuedAtSeconds })
  // RFC 7518 3.4: an ES256 signature is r and s side by side, 64 bytes, not the DER that OpenSSL makes by default.
  const signature = sign('sha256', Buffer.from(`${header}.${claims}`), {
    key: options.key,
    dsaEncoding: 'ieee-p1363',
  })
  return `${header}.${claims}.${signature.toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
