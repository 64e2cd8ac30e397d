/** What the rules of the provider API and those of the gateway have in common: which tokens, and how often. */
import type { Random } from './random.js'
import type { RuleMatch, RuleTimes } from './rule.js'
import { shareOf } from './share.js'

/** Tokens counted by one rule with `timesPerToken`. */
const COUNTED_TOKENS = 1_000_000

/** Gives each share its own stretch of the circle from 0 to 1, so that "1 % dead, 2 % throttled" is just that. */
export class ShareCircle {
  readonly #seed: string
  #taken = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** The tokens that a rule is for. */
  select(match: Pick<RuleMatch, 'token' | 'tokenPrefix' | 'share'>): TokenSelector {
    const { share = 0 } = match
    if (!(share >= 0 && share <= 1)) throw new TypeError('rule: "share" is a number from 0 to 1')
    const from = this.#taken
    this.#taken = (from + share) % 1
    return new TokenSelector(match, this.#seed, from)
  }
}

/** The tokens that a rule is for. */
export class TokenSelector {
  readonly #tokens: ReadonlySet<string> | undefined
  readonly #pattern: RegExp | undefined
  readonly #prefix: string | undefined
  readonly #share: number | undefined
  readonly #shareFrom: number
  readonly #seed: string

  constructor(
    { token, tokenPrefix, share }: Pick<RuleMatch, 'token' | 'tokenPrefix' | 'share'>,
    seed: string,
    shareFrom: number,
  ) {
    if (token instanceof RegExp) this.#pattern = token
    else if (token !== undefined) this.#tokens = new Set([token].flat().map((one) => one.toLowerCase()))
    this.#prefix = tokenPrefix?.toLowerCase()
    this.#share = share
    this.#shareFrom = shareFrom
    this.#seed = seed
  }

  /** `lowerCase` is the same token in lower case, which the caller has at hand. */
  fits(token: string, lowerCase: string): boolean {
    if (this.#tokens?.has(lowerCase) === false) return false
    if (this.#prefix !== undefined && !lowerCase.startsWith(this.#prefix)) return false
    if (this.#pattern !== undefined && token.search(this.#pattern) < 0) return false
    if (this.#share === undefined) return true
    return (shareOf(lowerCase, this.#seed) - this.#shareFrom + 1) % 1 < this.#share
  }
}

/** How often a rule still applies. */
export class RuleUses {
  readonly #times: number
  readonly #timesPerToken: number | undefined
  readonly #perToken = new Map<string, number>()
  #taken = 0

  constructor({ times, timesPerToken }: Pick<RuleMatch, 'times' | 'timesPerToken'>) {
    this.#times = times ?? Number.POSITIVE_INFINITY
    this.#timesPerToken = timesPerToken
  }

  get isSpent(): boolean {
    return this.#taken >= this.#times
  }

  /** Uses the rule up by one; false when it is spent, also for this token. */
  take(token: string): boolean {
    if (this.isSpent) return false
    if (this.#timesPerToken !== undefined) {
      const before = this.#perToken.get(token) ?? 0
      if (before >= this.#timesPerToken) return false
      if (this.#perToken.size >= COUNTED_TOKENS) this.#perToken.clear()
      this.#perToken.set(token, before + 1)
    }
    this.#taken += 1
    return true
  }
}

/** Whether it is a rule's turn, among what fits it otherwise: its hours, what it passes over, and chance. */
export class RuleTurn {
  readonly #from: number
  readonly #until: number
  readonly #every: number
  readonly #after: number
  readonly #chance: number
  readonly #random: Random
  readonly #elapsed: () => number
  #passedOver = 0

  /** `elapsed`: seconds since the start. */
  constructor(
    rule: RuleTimes & { readonly after?: number; readonly chance?: number },
    random: Random,
    elapsed: () => number,
  ) {
    const { from = 0, until = Number.POSITIVE_INFINITY, every = Number.POSITIVE_INFINITY } = rule
    this.#from = from
    this.#until = until
    this.#every = every
    this.#after = rule.after ?? 0
    this.#chance = rule.chance ?? 1
    this.#random = random
    this.#elapsed = elapsed
  }

  take(): boolean {
    if (!this.#isTime()) return false
    if (this.#passedOver < this.#after) {
      this.#passedOver += 1
      return false
    }
    return this.#chance === 1 || this.#random.chance(this.#chance)
  }

  #isTime(): boolean {
    if (this.#from === 0 && this.#until === Number.POSITIVE_INFINITY) return true
    const sinceFrom = this.#elapsed() - this.#from
    // A number modulo infinity is itself.
    return sinceFrom >= 0 && sinceFrom % this.#every < this.#until - this.#from
  }
}

/** Whether a rule that wants this number, one of these, or any is for this one. */
export function isOneOf(value: number, wanted: number | readonly number[] | undefined): boolean {
  if (wanted === undefined) return true
  return typeof wanted === 'number' ? value === wanted : wanted.includes(value)
}
