import type { ErrorCode } from './error-codes.js'
import type { NotificationRecord } from './received.js'
import type { GoAwayOptions, Rule, RuleAction } from './rule.js'
import { RuleUses, ShareCircle, type TokenSelector } from './rule-match.js'

/** A rule's action in one form. */
export type Reply =
  | { readonly kind: 'respond'; readonly delayMs: number; readonly answer: Answer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset'; readonly delayMs: number; readonly code: ErrorCode }
  | { readonly kind: 'goAway'; readonly delayMs: number; readonly options: GoAwayOptions }
  | { readonly kind: 'disconnect'; readonly delayMs: number }

/** Everything that an answer can hold. */
export interface Answer {
  readonly status: number
  readonly reason?: string
  /** Milliseconds since 1970. */
  readonly timestamp?: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer to a notification that nothing is wrong with. */
export const ACCEPTED: Answer = { status: 200 }

const ACTIONS = [
  'unregistered',
  'expiredToken',
  'badDeviceToken',
  'registeredFor',
  'status',
  'silent',
  'reset',
  'goAway',
  'disconnect',
] as const satisfies readonly (keyof RuleAction)[]
const WITH_STATUS = ['reason', 'timestamp', 'retryAfter', 'body', 'headers'] as const
const MATCHES = [
  'token',
  'tokenPrefix',
  'topic',
  'pushType',
  'share',
  'when',
  'times',
  'timesPerToken',
] as const
const KNOWN: ReadonlySet<string> = new Set([...ACTIONS, ...WITH_STATUS, ...MATCHES, 'delay'])

/** The rules in force, in order. */
export class Rules {
  readonly #entries: RuleEntry[] = []
  readonly #shares: ShareCircle

  constructor(seed: string) {
    this.#shares = new ShareCircle(seed)
  }

  /** Adds a rule behind the others and returns what takes it away. Throws a TypeError that says what is wrong. */
  add(rule: Rule, now: number): () => void {
    checkRule(rule)
    const entry = new RuleEntry(rule, toReply(rule, now), this.#shares.select(rule))
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

  constructor(rule: Rule, reply: Reply, tokens: TokenSelector) {
    this.#rule = rule
    this.reply = reply
    this.#tokens = tokens
    this.#topics = new Set([rule.registeredFor ?? []].flat())
    this.#uses = new RuleUses(rule)
  }

  /** Whether the rule applies; if so it is used up by one. */
  take(record: NotificationRecord, token: string): boolean {
    return !this.#uses.isSpent && this.#fits(record, token) && this.#uses.take(token)
  }

  #fits(record: NotificationRecord, token: string): boolean {
    const { topic, pushType, when } = this.#rule
    if (!this.#tokens.fits(record.token, token)) return false
    if (topic !== undefined && topic !== record.topic) return false
    if (pushType !== undefined && pushType !== record.pushType) return false
    if (record.topic !== undefined && this.#topics.has(record.topic)) return false
    return when === undefined || when(record)
  }
}

function toReply(rule: Rule, now: number): Reply {
  const delayMs = (rule.delay ?? 0) * 1000
  if (rule.silent === true) return { kind: 'silent' }
  if (rule.disconnect === true) return { kind: 'disconnect', delayMs }
  if (rule.reset !== undefined) return { kind: 'reset', delayMs, code: rule.reset }
  if (rule.goAway !== undefined) {
    return { kind: 'goAway', delayMs, options: rule.goAway === true ? {} : rule.goAway }
  }
  return { kind: 'respond', delayMs, answer: toAnswer(rule, now) }
}

function toAnswer(rule: Rule, now: number): Answer {
  if (rule.unregistered !== undefined) {
    return { status: 410, reason: 'Unregistered', timestamp: toMilliseconds(rule.unregistered, now) }
  }
  if (rule.expiredToken !== undefined) {
    return { status: 410, reason: 'ExpiredToken', timestamp: toMilliseconds(rule.expiredToken, now) }
  }
  if (rule.badDeviceToken === true) return { status: 400, reason: 'BadDeviceToken' }
  if (rule.registeredFor !== undefined) return { status: 400, reason: 'DeviceTokenNotForTopic' }
  if (rule.status === undefined) return ACCEPTED
  const retryAfter = rule.retryAfter === undefined ? {} : { 'retry-after': String(rule.retryAfter) }
  return {
    status: rule.status,
    headers: { ...retryAfter, ...rule.headers },
    ...(rule.reason === undefined ? {} : { reason: rule.reason }),
    ...(rule.timestamp === undefined ? {} : { timestamp: toMilliseconds(rule.timestamp, now) }),
    ...(rule.body === undefined ? {} : { body: rule.body }),
  }
}

function toMilliseconds(time: Date | number | true, now: number): number {
  return time === true ? now : Number(time)
}

function checkRule(rule: Rule): void {
  const names = Object.entries(rule).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  const unknown = names.find((name) => !KNOWN.has(name))
  if (unknown !== undefined) throw new TypeError(`rule: there is no "${unknown}"`)
  const actions = ACTIONS.filter((name) => names.includes(name))
  if (actions.length > 1) throw new TypeError(`rule: ${actions.join(' and ')} exclude each other`)
  if (actions.length === 0 && rule.delay === undefined) {
    throw new TypeError(`rule: says nothing that should happen; one of ${ACTIONS.join(', ')}, delay`)
  }
  const orphan = WITH_STATUS.find((name) => names.includes(name))
  if (orphan !== undefined && rule.status === undefined)
    throw new TypeError(`rule: "${orphan}" needs "status"`)
}
