import type { Doubts } from './doubts.js'
import type { ProviderKey } from './provider-keys.js'
import type { ProviderTokenVerifier, VerifiedToken } from './provider-token.js'
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
  readonly doubts: Pick<Doubts, 'otherTeam' | 'futureToken' | 'derSignatures' | 'topicKeySubject'>
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
    const { doubts } = this.#rules
    if (isInDoubt(verified, doubts)) return refuse('InvalidProviderToken')
    const denied = this.#verifier.deniedFor(token)
    if (denied !== undefined) return refuse(denied)
    const { environment, environmentKeyReason } = this.#rules
    if (key.environment !== undefined && key.environment !== environment) return refuse(environmentKeyReason)
    if (now - issuedAt > TOKEN_LIFETIME_MS) return refuse('ExpiredProviderToken')
    // Apple allows an hour at most and does not name the reason; "expired" would make a client with a fast
    // clock renew for ever.
    if (issuedAt - now > TOKEN_LIFETIME_MS) return refuse(doubts.futureToken)
    const first = this.#boundTo ?? key
    if (key.teamId !== first.teamId) return refuse(doubts.otherTeam)
    if (!mayFollow(key, first)) return refuse('UnrelatedKeyIdInToken')
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

/** What is wrong with a token only if a doubt is decided against it. */
function isInDoubt({ key, isDer, subject }: VerifiedToken, doubts: AuthenticationRules['doubts']): boolean {
  if (isDer && doubts.derSignatures !== 'accept') return true
  if (doubts.topicKeySubject === 'ignore') return false
  if (key.topics === undefined) return subject !== undefined
  return typeof subject !== 'string' || !key.topics.has(subject)
}

/**
 * Apple, "Establishing a token-based connection to APNs": which keys of a team may share a connection. All of them are for this
 * environment, or for both.
 */
function mayFollow(key: ProviderKey, first: ProviderKey): boolean {
  if (key.keyId === first.keyId) return true
  if (key.topics === undefined && first.topics === undefined) return true
  return key.relatedTo === first.keyId || first.relatedTo === key.keyId
}

function refuse(reason: string): Refusal {
  return { status: 403, reason }
}
