import { eventOf } from './delivery/activity-faults.js'
import { Random } from './random.js'
import type { NotificationRecord } from './received.js'
import { type Reply, toReply } from './reply.js'
import type { Rule } from './rule.js'
import { isOneOf, RuleTurn, RuleUses, ShareCircle, type TokenSelector } from './rule-match.js'
import { RULE } from './schema/rule-shape.js'

/** What the rules of one simulator have in common. */
export interface RuleContext {
  readonly seed: string
  readonly environment: 'production' | 'sandbox'
  /** The clock, milliseconds since 1970. */
  now(): number
  /** Seconds since the start, real time. */
  elapsed(): number
}

/** The rules for notifications in force, in order. */
export class Rules {
  readonly #entries: RuleEntry[] = []
  readonly #context: RuleContext
  readonly #shares: ShareCircle
  #added = 0

  constructor(context: RuleContext) {
    this.#context = context
    this.#shares = new ShareCircle(context.seed)
  }

  /** Adds a rule behind the others and returns what takes it away. Throws an OptionError that says what is wrong. */
  add(rule: Rule): () => void {
    const checked = RULE.read(rule, 'rule')
    const place = `rules[${this.#added}]`
    this.#added += 1
    const entry = new RuleEntry(checked, place, this.#shares.select(checked), this.#context)
    this.#entries.push(entry)
    return () => {
      const index = this.#entries.indexOf(entry)
      if (index >= 0) this.#entries.splice(index, 1)
    }
  }

  /** What shall happen to a notification. */
  replyTo(record: NotificationRecord): Reply | undefined {
    if (this.#entries.length === 0) return undefined
    const token = record.token.toLowerCase()
    return this.#entries.find((entry) => entry.take(record, token))?.reply
  }
}

class RuleEntry {
  readonly reply: Reply
  readonly #rule: Rule
  readonly #tokens: TokenSelector
  readonly #topics: ReadonlySet<string>
  readonly #uses: RuleUses
  readonly #turn: RuleTurn
  readonly #isMoot: boolean

  constructor(rule: Rule, place: string, tokens: TokenSelector, context: RuleContext) {
    const random = new Random(`${context.seed} ${place}`)
    this.#rule = rule
    this.reply = toReply(rule, rule.name ?? place, context.now(), random)
    this.#tokens = tokens
    this.#topics = new Set([rule.registeredFor ?? []].flat())
    this.#uses = new RuleUses(rule)
    this.#turn = new RuleTurn(rule, random, () => context.elapsed())
    this.#isMoot = rule.tokenOf === context.environment
  }

  /** Whether the rule applies; if so it is used up by one. */
  take(record: NotificationRecord, token: string): boolean {
    if (this.#isMoot || this.#uses.isSpent) return false
    return this.#fits(record, token) && this.#turn.take() && this.#uses.take(token)
  }

  #fits(record: NotificationRecord, token: string): boolean {
    const { topic, pushType, event, connection, nth, when } = this.#rule
    if (!isOneOf(record.connection, connection) || !isOneOf(record.index, nth)) return false
    if (!this.#tokens.fits(record.token, token)) return false
    if (topic !== undefined && topic !== record.topic) return false
    if (pushType !== undefined && pushType !== record.pushType) return false
    if (record.topic !== undefined && this.#topics.has(record.topic)) return false
    if (event !== undefined && event !== eventOf(record.payload)) return false
    return when === undefined || when(record)
  }
}
