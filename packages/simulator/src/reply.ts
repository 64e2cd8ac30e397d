import type { ErrorCode } from './error-codes.js'
import { latencySampler } from './latency.js'
import type { Random } from './random.js'
import type { Refusal } from './refusal.js'
import type { Cut, GoAwayOptions, Rule, RuleAction } from './rule.js'

/** What happens to a notification, in one form. */
export interface Reply {
  readonly deed: Deed
  /** Draws the time until it happens, beside the usual latency. */
  readonly delayMs: () => number
  /** Who decided so, for the journal: a rule's name, `validation`, `chaos: late`. */
  readonly why: string
}

export type Deed =
  | { readonly kind: 'respond'; readonly answer: Answer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset'; readonly code: ErrorCode }
  | { readonly kind: 'goAway'; readonly goAways: readonly GoAwayOptions[] }
  | { readonly kind: 'disconnect'; readonly cut: Cut }
  | { readonly kind: 'blackHole'; readonly forMs: number | undefined }
  | { readonly kind: 'wedge' }
  | { readonly kind: 'streamLimit'; readonly limit: number; readonly forMs: number | undefined }

/** Everything that an answer can hold. */
export interface Answer {
  readonly status: number
  readonly reason?: string
  /** Milliseconds since 1970. */
  readonly timestamp?: number
  readonly body?: string
  /** The body goes out in DATA frames of so many bytes. */
  readonly split?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer to a notification that nothing is wrong with. */
export const ACCEPTED: Answer = { status: 200 }

/** What a connection answers to everything once it is wedged. */
export const WEDGED: Refusal = { status: 429, reason: 'TooManyProviderTokenUpdates' }

export const atOnce = (): number => 0

/** An answer without delay. */
export function respond(answer: Answer, why: string): Reply {
  return { deed: { kind: 'respond', answer }, delayMs: atOnce, why }
}

/** The reply that a rule asks for. `now`: milliseconds since 1970; `random` draws its delays. */
export function toReply(rule: RuleAction, why: string, now: number, random: Random): Reply {
  return { deed: toDeed(rule, now), delayMs: latencySampler(rule.delay ?? 0, random), why }
}

function toDeed(rule: RuleAction, now: number): Deed {
  const forMs = rule.for === undefined ? undefined : rule.for * 1000
  if (rule.silent === true) return { kind: 'silent' }
  if (rule.disconnect !== undefined) return { kind: 'disconnect', cut: toCut(rule.disconnect) }
  if (rule.reset !== undefined) return { kind: 'reset', code: rule.reset }
  if (rule.goAway !== undefined) return { kind: 'goAway', goAways: toGoAways(rule.goAway) }
  if (rule.blackHole === true) return { kind: 'blackHole', forMs }
  if (rule.wedge === true) return { kind: 'wedge' }
  if (rule.streamLimit !== undefined) return { kind: 'streamLimit', limit: rule.streamLimit, forMs }
  return { kind: 'respond', answer: toAnswer(rule, now) }
}

export function toCut(disconnect: true | Cut): Cut {
  return disconnect === true ? 'close' : disconnect
}

export function toGoAways(goAway: true | GoAwayOptions | readonly GoAwayOptions[]): readonly GoAwayOptions[] {
  return goAway === true ? [{}] : [goAway].flat()
}

function toAnswer(rule: Rule, now: number): Answer {
  if (rule.unregistered !== undefined) {
    return { status: 410, reason: 'Unregistered', timestamp: toMilliseconds(rule.unregistered, now) }
  }
  if (rule.expiredToken !== undefined) {
    return { status: 410, reason: 'ExpiredToken', timestamp: toMilliseconds(rule.expiredToken, now) }
  }
  if (rule.badDeviceToken === true || rule.tokenOf !== undefined) {
    return { status: 400, reason: 'BadDeviceToken' }
  }
  if (rule.registeredFor !== undefined) return { status: 400, reason: 'DeviceTokenNotForTopic' }
  if (rule.status === undefined) return ACCEPTED
  const retryAfter = rule.retryAfter === undefined ? {} : { 'retry-after': String(rule.retryAfter) }
  return {
    status: rule.status,
    headers: { ...retryAfter, ...rule.headers },
    ...(rule.reason === undefined ? {} : { reason: rule.reason }),
    ...(rule.timestamp === undefined ? {} : { timestamp: toMilliseconds(rule.timestamp, now) }),
    ...(rule.body === undefined ? {} : { body: rule.body }),
    ...(rule.split === undefined ? {} : { split: rule.split }),
  }
}

function toMilliseconds(time: Date | number | true, now: number): number {
  return time === true ? now : Number(time)
}
