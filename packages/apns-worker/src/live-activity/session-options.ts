import type { ChannelReference } from '../broadcast/channel.js'
import type { Delivery } from '../delivery.js'
import { checkNumber } from '../manager-options.js'
import type { Message, MessageOptions } from '../message.js'
import type { AsJson } from '../payload/json.js'
import type { UnixTime } from '../payload/unix-time.js'
import type { LiveActivityAlert } from './payload.js'
import type { PushBudget } from './push-budget.js'

/** Who sends the pushes: an `ApnsManager`; to a channel, one with `BroadcastBackend`. */
export interface MessageSender {
  sendMessage(message: Message): Delivery
}

/** The time, and timers; for tests. */
export interface SessionClock {
  /** Milliseconds since 1970. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

export interface LiveActivitySessionOptions {
  /** The activity's own device token, hex-encoded; may come later, see `changeToken`. */
  readonly token?: string | undefined
  /**
   * Instead of a token: the channel that brings the activity to all devices that listen; as `ChannelManager` gave it, or its
   * id alone, and then each update and the end need an `expiration`.
   */
  readonly channel?: ChannelReference | undefined
  /** The app's bundle id; default: the manager's topic. */
  readonly topic?: string | undefined
  /**
   * How many pushes of priority 10 in how many seconds; those beyond it are sent with priority 5, which Apple does not
   * count. Default: no limit. Apple's own is so many an hour, and not published.
   */
  readonly budget?: PushBudget | undefined
  /**
   * Seconds between two updates. Those that come sooner wait, and only the latest of them is sent; one with an alert does
   * not wait. Default 0: each is sent at once.
   */
  readonly window?: number | undefined
  /** The `lastTimestamp` of the session before, where an activity outlives a process. */
  readonly lastTimestamp?: number | undefined
  readonly clock?: SessionClock | undefined
}

/** What each push of an activity may say besides its content. */
export interface LiveActivityDetails {
  /** When the content is out of date. */
  readonly staleDate?: UnixTime | undefined
  /** The activity with the largest one comes first. */
  readonly relevanceScore?: number | undefined
  /** When the push is of no use any more; see {@link MessageOptions}, and for a channel `BroadcastOptions`. */
  readonly expiration?: MessageOptions['expiration']
}

export interface LiveActivityStartOptions<State, Attributes> extends LiveActivityDetails {
  /** The name of the app's `ActivityAttributes` type. */
  readonly attributesType: string
  readonly attributes: AsJson<Attributes>
  readonly state: AsJson<State>
  readonly alert: LiveActivityAlert
  /** iOS 18: asks for an update token, or names a channel that brings the updates. */
  readonly updates?: 'token' | { readonly channel: string } | undefined
}

export interface LiveActivityUpdateOptions extends LiveActivityDetails {
  /** Lights up the screen; the update does not wait for the window to end. */
  readonly alert?: LiveActivityAlert | undefined
  /** 5 spares the budget; default: 10 as long as it lasts. */
  readonly priority?: 5 | 10 | undefined
}

export interface LiveActivityEndOptions<State> extends LiveActivityUpdateOptions {
  /** The content that stays; default: the latest. */
  readonly state?: AsJson<State> | undefined
  /** When it leaves the lock screen: in the past for at once; default: Apple's, after four hours at most. */
  readonly dismissalDate?: UnixTime | undefined
}

export interface SentPush {
  readonly fate: 'sent'
  /** What becomes of it at Apple's. */
  readonly delivery: Delivery
  readonly priority: 5 | 10
  /** Unix seconds. */
  readonly timestamp: number
}

/** What became of an update, or of the end. */
export type LiveActivityFate =
  | SentPush
  /** Something newer went in its place. */
  | { readonly fate: 'superseded' }
  /** It waited, and then could not be sent. */
  | { readonly fate: 'dropped'; readonly error: unknown }

const SYSTEM_CLOCK: SessionClock = {
  now: Date.now,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  // Given by `setTimeout` above.
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

export interface ResolvedSessionOptions {
  readonly windowMs: number
  readonly lastTimestamp: number
  readonly clock: SessionClock
}

/**
 * @throws {RangeError}
 */
export function resolveSessionOptions({
  window = 0,
  lastTimestamp = 0,
  clock = SYSTEM_CLOCK,
}: LiveActivitySessionOptions): ResolvedSessionOptions {
  checkNumber(window, 0, 'window', 'seconds')
  checkNumber(lastTimestamp, 0, 'lastTimestamp', 'Unix seconds')
  return { windowMs: window * 1000, lastTimestamp, clock }
}
