import { isOneOf, RuleUses, ShareCircle, type TokenSelector } from '../rule-match.js'
import { feedbackTime } from './feedback-list.js'
import type { NotificationRecord } from './received.js'
import type { ConnectionRule, GatewayRule, NotificationRule } from './rule.js'

/** What happens to a notification that a rule is for. */
export interface Action {
  readonly reply: Reply
  readonly delayMs: number
  /** Milliseconds since 1970, or true for "now", when the token is put on the feedback list. */
  readonly feedback: number | true | undefined
}

/** The reply of a rule in one form. */
export type Reply =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'respond'
      readonly status: number
      readonly ident: number | undefined
      readonly trailing: Buffer
    }
  | { readonly kind: 'write'; readonly bytes: Buffer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'disconnect' }

/** How a connection is treated; undefined: as usual. */
export type Conduct = Pick<
  ConnectionRule,
  'disconnectAtByte' | 'stopReadingAtByte' | 'bytesPerSecond' | 'keepOpen'
>

const REPLIES = [
  'status',
  'bytes',
  'silent',
  'disconnect',
] as const satisfies readonly (keyof NotificationRule)[]
const NOTIFICATION_RULE: ReadonlySet<string> = new Set<keyof NotificationRule>([
  ...REPLIES,
  ...(['ident', 'trailing', 'feedback', 'delay', 'token', 'tokenPrefix', 'share'] as const),
  ...(['times', 'timesPerToken', 'connection', 'nth', 'after', 'when'] as const),
])
const CONDUCT = {
  gateway: ['disconnectAtByte', 'stopReadingAtByte', 'bytesPerSecond'],
  feedback: ['disconnectAtByte', 'keepOpen'],
} as const satisfies Record<string, readonly (keyof Conduct)[]>
const CONNECTION_RULE: ReadonlySet<string> = new Set<keyof ConnectionRule>([
  ...CONDUCT.gateway,
  ...CONDUCT.feedback,
  ...(['service', 'connection', 'times'] as const),
])
const MAX_UINT8 = 255
const MAX_UINT32 = 2 ** 32 - 1

/** The gateway's rules in force, in order. */
export class GatewayRules {
  readonly #shares: ShareCircle
  readonly #notificationRules = new Set<NotificationRuleEntry>()
  readonly #connectionRules = new Set<ConnectionRuleEntry>()

  constructor(seed: string) {
    this.#shares = new ShareCircle(seed)
  }

  /** Adds a rule behind the others and returns what takes it away. Throws a TypeError that says what is wrong. */
  add(rule: GatewayRule): () => void {
    if (isConnectionRule(rule)) {
      const entry = connectionRuleEntry(rule)
      this.#connectionRules.add(entry)
      return () => this.#connectionRules.delete(entry)
    }
    const action = toAction(rule)
    const entry = new NotificationRuleEntry(rule, action, this.#shares.select(rule))
    this.#notificationRules.add(entry)
    return () => this.#notificationRules.delete(entry)
  }

  /** What shall happen to a notification. */
  actionFor(record: NotificationRecord): Action | undefined {
    for (const entry of this.#notificationRules) if (entry.take(record)) return entry.action
    return undefined
  }

  /** How a new connection shall be treated. */
  conductOf(service: 'gateway' | 'feedback', connection: number): Conduct {
    for (const { rule, uses } of this.#connectionRules) {
      const fits = (rule.service ?? 'gateway') === service && isOneOf(connection, rule.connection)
      if (fits && uses.take('')) return rule
    }
    return {}
  }
}

class NotificationRuleEntry {
  readonly action: Action
  readonly #rule: NotificationRule
  readonly #tokens: TokenSelector
  readonly #uses: RuleUses
  #passedOver = 0

  constructor(rule: NotificationRule, action: Action, tokens: TokenSelector) {
    this.#rule = rule
    this.action = action
    this.#tokens = tokens
    this.#uses = new RuleUses(rule)
  }

  /** Whether the rule applies; if so it is used up by one. */
  take(record: NotificationRecord): boolean {
    if (this.#uses.isSpent || !this.#fits(record)) return false
    if (this.#passedOver < (this.#rule.after ?? 0)) {
      this.#passedOver += 1
      return false
    }
    return this.#uses.take(record.token)
  }

  #fits(record: NotificationRecord): boolean {
    const { connection, nth, when } = this.#rule
    if (!isOneOf(record.connection, connection) || !isOneOf(record.index, nth)) return false
    if (!this.#tokens.fits(record.token, record.token)) return false
    return when === undefined || when(record)
  }
}

interface ConnectionRuleEntry {
  readonly rule: ConnectionRule
  readonly uses: RuleUses
}

function isConnectionRule(rule: GatewayRule): rule is ConnectionRule {
  return names(rule).some((name) => CONNECTION_RULE.has(name) && !NOTIFICATION_RULE.has(name))
}

function connectionRuleEntry(rule: ConnectionRule): ConnectionRuleEntry {
  checkNames(rule, CONNECTION_RULE)
  const { service = 'gateway', times } = rule
  const given = names(rule).filter((name) => name !== 'service' && name !== 'connection' && name !== 'times')
  const known: readonly string[] | undefined = CONDUCT[service]
  // A rule may come from a file.
  if (known === undefined) throw new TypeError('rule: "service" is gateway or feedback')
  if (given.length !== 1 || !known.includes(given[0] ?? '')) {
    throw new TypeError(`rule: a ${service} connection needs exactly one of ${known.join(', ')}`)
  }
  checkNumber(rule, 'disconnectAtByte', Number.MAX_SAFE_INTEGER)
  checkNumber(rule, 'stopReadingAtByte', Number.MAX_SAFE_INTEGER)
  if (rule.bytesPerSecond !== undefined && !(rule.bytesPerSecond > 0)) {
    throw new TypeError('rule: "bytesPerSecond" is more than 0; "stopReadingAtByte" reads nothing')
  }
  return { rule, uses: new RuleUses(times === undefined ? {} : { times }) }
}

function toAction(rule: NotificationRule): Action {
  checkNames(rule, NOTIFICATION_RULE)
  const { feedback, delay = 0 } = rule
  const given = REPLIES.filter((name) => rule[name] !== undefined)
  if (given.length > 1) throw new TypeError(`rule: ${given.join(' and ')} exclude each other`)
  if (given.length === 0 && feedback === undefined) {
    throw new TypeError(`rule: says nothing that should happen; one of ${REPLIES.join(', ')}, feedback`)
  }
  checkNumber(rule, 'status', MAX_UINT8)
  checkNumber(rule, 'ident', MAX_UINT32)
  for (const name of ['ident', 'trailing'] as const) {
    if (rule[name] !== undefined && rule.status === undefined) {
      throw new TypeError(`rule: "${name}" needs "status"`)
    }
  }
  if (!(delay >= 0)) throw new TypeError('rule: "delay" is a time in seconds')
  return {
    reply: toReply(rule),
    delayMs: delay * 1000,
    feedback: feedback === undefined || feedback === true ? feedback : feedbackTime(Number(feedback)),
  }
}

function toReply({ status, ident, trailing = '', bytes, silent, disconnect }: NotificationRule): Reply {
  if (status !== undefined) return { kind: 'respond', status, ident, trailing: toBytes('trailing', trailing) }
  if (bytes !== undefined) return { kind: 'write', bytes: toBytes('bytes', bytes) }
  if (silent === true) return { kind: 'silent' }
  if (disconnect === true) return { kind: 'disconnect' }
  return { kind: 'accept' }
}

function toBytes(name: string, bytes: Uint8Array | string): Buffer {
  if (typeof bytes !== 'string') return Buffer.from(bytes)
  if (/^([0-9a-f]{2})*$/i.test(bytes)) return Buffer.from(bytes, 'hex')
  throw new TypeError(`rule: "${name}" as a string is in pairs of hexadecimal digits`)
}

function names(rule: GatewayRule): string[] {
  return Object.entries(rule).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

function checkNames(rule: GatewayRule, known: ReadonlySet<string>): void {
  const unknown = names(rule).find((name) => !known.has(name))
  if (unknown !== undefined) throw new TypeError(`rule: there is no "${unknown}" here`)
}

function checkNumber<Name extends string>(
  rule: { readonly [K in Name]?: number },
  name: Name,
  max: number,
): void {
  const value = rule[name]
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return
  throw new TypeError(`rule: "${name}" is a whole number from 0 to ${max}`)
}
