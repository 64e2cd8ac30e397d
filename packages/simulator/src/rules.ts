import type { ErrorCode } from './error-codes.js'
import type { NotificationRecord } from './received.js'
import type { GoAwayOptions, Rule, RuleAction } from './rule.js'
import { shareOf } from './share.js'

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

/** Tokens counted by one rule with `timesPerToken`. */
const COUNTED_TOKENS = 1_000_000

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
  readonly #seed: string
  #shareTaken = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  /** Adds a rule behind the others and returns what takes it away. Throws a TypeError that says what is wrong. */
  add(rule: Rule, now: number): () => void {
    checkRule(rule)
    const share = rule.share === undefined ? undefined : { from: this.#shareTaken, size: rule.share }
    // Each share has its own stretch of the circle from 0 to 1, so that "1 % dead, 2 % throttled" is just that.
    this.#shareTaken = (this.#shareTaken + (rule.share ?? 0)) % 1
    const entry = new RuleEntry(rule, toReply(rule, now), share)
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
    return this.#entries.find((entry) => entry.take(record, token, this.#seed))?.reply
  }
}

class RuleEntry {
  readonly reply: Reply
  readonly #rule: Rule
  readonly #tokens: ReadonlySet<string> | undefined
  readonly #prefix: string | undefined
  readonly #topics: ReadonlySet<string>
  readonly #share: { readonly from: number; readonly size: number } | undefined
  readonly #perToken = new Map<string, number>()
  #taken = 0

  constructor(rule: Rule, reply: Reply, share: { from: number; size: number } | undefined) {
    const { token } = rule
    this.#rule = rule
    this.reply = reply
    this.#share = share
    this.#prefix = rule.tokenPrefix?.toLowerCase()
    this.#topics = new Set([rule.registeredFor ?? []].flat())
    if (token !== undefined && !(token instanceof RegExp)) {
      this.#tokens = new Set([token].flat().map((one) => one.toLowerCase()))
    }
  }

  /** Whether the rule applies; if so it is used up by one. */
  take(record: NotificationRecord, token: string, seed: string): boolean {
    const { times = Number.POSITIVE_INFINITY, timesPerToken } = this.#rule
    if (this.#taken >= times || !this.#fits(record, token, seed)) return false
    if (timesPerToken !== undefined) {
      const before = this.#perToken.get(token) ?? 0
      if (before >= timesPerToken) return false
      if (this.#perToken.size >= COUNTED_TOKENS) this.#perToken.clear()
      this.#perToken.set(token, before + 1)
    }
    this.#taken += 1
    return true
  }

  #fits(record: NotificationRecord, token: string, seed: string): boolean {
    const { topic, pushType, when } = this.#rule
    if (this.#tokens?.has(token) === false) return false
    if (this.#prefix !== undefined && !token.startsWith(this.#prefix)) return false
    if (this.#rule.token instanceof RegExp && record.token.search(this.#rule.token) < 0) return false
    if (topic !== undefined && topic !== record.topic) return false
    if (pushType !== undefined && pushType !== record.pushType) return false
    if (record.topic !== undefined && this.#topics.has(record.topic)) return false
    if (this.#share !== undefined) {
      const distance = (shareOf(token, seed) - this.#share.from + 1) % 1
      if (distance >= this.#share.size) return false
    }
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
  if (rule.share !== undefined && !(rule.share >= 0 && rule.share <= 1)) {
    throw new TypeError('rule: "share" is a number from 0 to 1')
  }
}
