import type { ProviderKey } from './provider-keys.js'
import type { ProviderTokenVerifier } from './provider-token.js'
import type { Refusal } from './refusal.js'

const TOKEN_LIFETIME_MS = 3_600_000
const SCHEME = 'bearer '

/** What authentication depends on besides the token. */
export interface AuthenticationRules {
  readonly environment: 'sandbox' | 'production'
  /** The service is reported to say `BadEnvironmentKeyInToken`; Apple's page has `BadEnvironmentKeyIdInToken`. */
  readonly environmentKeyReason: 'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken'
  /** Shortest time between two changes of the token on one connection, in milliseconds. */
  readonly tokenUpdateIntervalMs: number
}

/** Provider tokens on one connection, which is bound to the key, or family of keys, first used on it. */
export class ProviderAuthentication {
  readonly #verifier: ProviderTokenVerifier
  readonly #rules: AuthenticationRules
  #boundTo: ProviderKey | undefined
  #token: string | undefined
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(verifier: ProviderTokenVerifier, rules: AuthenticationRules) {
    this.#verifier = verifier
    this.#rules = rules
  }

  /** The key that a request is authenticated with, or why it is not. `now` is in milliseconds since 1970. */
  authenticate(authorization: string | undefined, now: number): ProviderKey | Refusal {
    if (authorization === undefined) return refuse('MissingProviderToken')
    if (!authorization.startsWith(SCHEME)) return refuse('InvalidProviderToken')
    const token = authorization.slice(SCHEME.length)
    const verified = this.#verifier.verify(token)
    if (verified === undefined) return refuse('InvalidProviderToken')
    const { key, issuedAt } = verified
    const denied = this.#verifier.deniedFor(token)
    if (denied !== undefined) return refuse(denied)
    const { environment, environmentKeyReason } = this.#rules
    if (key.environment !== undefined && key.environment !== environment) return refuse(environmentKeyReason)
    if (now - issuedAt > TOKEN_LIFETIME_MS) return refuse('ExpiredProviderToken')
    // Apple allows an hour at most and does not name the reason; "expired" would make a client with a fast
    // clock renew for ever.
    if (issuedAt - now > TOKEN_LIFETIME_MS) return refuse('InvalidProviderToken')
    if (this.#boundTo !== undefined && !mayFollow(key, this.#boundTo)) return refuse('UnrelatedKeyIdInToken')
    if (!this.#takeToken(token, now)) return { status: 429, reason: 'TooManyProviderTokenUpdates' }
    this.#boundTo ??= key
    return key
  }

  /** The first token is no update, and the one after it may come at any time. */
  #takeToken(token: string, now: number): boolean {
    if (token === this.#token) return true
    if (this.#token !== undefined) {
      if (now - this.#changedAt < this.#rules.tokenUpdateIntervalMs) return false
      this.#changedAt = now
    }
    this.#token = token
    return true
  }
}

/** Apple, "Establishing a token-based connection to APNs": which keys may share a connection. */
function mayFollow(key: ProviderKey, first: ProviderKey): boolean {
  if (key.keyId === first.keyId) return true
  if (key.teamId !== first.teamId || key.environment !== first.environment) return false
  if (key.topics === undefined && first.topics === undefined) return true
  return key.relatedTo === first.keyId || first.relatedTo === key.keyId
}

function refuse(reason: string): Refusal {
  return { status: 403, reason }
}
