import { type KeyObject, sign } from 'node:crypto'
import { publishRenewed } from '../diagnostics/renewal.js'

const MINUTE_MS = 60_000
/**
 * Tokens are dated from the last full half hour, so that all processes with one key present tokens of one date, and change
 * them at one time: a key, too, can be refused for too many updates, and not only a connection.
 */
export const SLOT_MS: number = 30 * MINUTE_MS
/** Apple refuses tokens older than 60 minutes; 50 leaves room for queueing, retries and a slow clock. */
export const MAX_AGE_MS: number = 50 * MINUTE_MS
/** Apple answers TooManyProviderTokenUpdates when a connection changes its token more than once in 20 minutes. */
export const MINIMUM_RENEWAL_INTERVAL_MS: number = 20 * MINUTE_MS
/** A token dated back by less than this is as good as one dated exactly. */
const EXACT_ENOUGH_MS = MINUTE_MS
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
 * What {@link ProviderTokens.expired} found: it made a new token (if only to date it exactly, for a server whose clock is
 * ahead of ours); the refused one was replaced before; or the refused one is so fresh that a new one would be refused as well, which means that this machine's clock is wrong.
 */
export type ExpiredTokenVerdict = 'renewed' | 'already-renewed' | 'too-soon'

/**
 * The provider token (a JWT, ES256) of one key: one for all connections and requests, renewed inside Apple's window.
 * Source: Apple, "Establishing a token-based connection to APNs".
 *
 * There is a single, wall clock, and it may jump. Ages are therefore not "now minus then" but the sum of the forward steps
 * between calls: a clock set back neither makes an old token young nor breaks the 20-minute rule.
 */
export class ProviderTokens {
  readonly #options: ProviderTokenOptions
  #token: string | undefined
  /** The token's `iat`. */
  #issuedAtMs = 0
  /** How old it was by that when it was made. */
  #datedBackMs = 0
  #lastSeenMs = 0
  /** How long ago it was made. */
  #ageMs = 0
  /** The server's clock is so far ahead of ours that a token dated back is too old for it. */
  #mustBeExact = false

  constructor(options: ProviderTokenOptions) {
    this.#options = options
  }

  /** The token for the next request. Cheap enough to ask often: one is signed every half hour. */
  current(): string {
    const nowMs = this.#advance()
    if (this.#token === undefined) return this.#renew(nowMs)
    const isOld = slotOf(nowMs) > slotOf(this.#issuedAtMs) || this.#datedBackMs + this.#ageMs >= MAX_AGE_MS
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
    const isFresh = !this.#mayRenew()
    if (isFresh && this.#datedBackMs < EXACT_ENOUGH_MS) return 'too-soon'
    // Another one of the same date would be refused like it.
    if (isFresh || slotOf(nowMs) <= this.#issuedAtMs) this.#mustBeExact = true
    this.#renew(nowMs)
    return 'renewed'
  }

  /** How old the present token is, by its `iat`; undefined before there is one. */
  ageMs(): number | undefined {
    this.#advance()
    return this.#token === undefined ? undefined : this.#datedBackMs + this.#ageMs
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
    this.#issuedAtMs = this.#mustBeExact ? nowMs : slotOf(nowMs)
    this.#datedBackMs = nowMs - this.#issuedAtMs
    this.#ageMs = 0
    this.#token = signProviderToken(this.#options, Math.floor(this.#issuedAtMs / 1000))
    publishRenewed(this.#options, this.#issuedAtMs)
    return this.#token
  }
}

function slotOf(timeMs: number): number {
  return Math.floor(timeMs / SLOT_MS) * SLOT_MS
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
