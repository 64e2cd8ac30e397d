import type { AnyJsonObject, LiveActivityAlert, LiveActivityEvent } from '../live-activity/payload.js'
import type { Alert, CriticalSound } from './alert.js'
import type { UnixTime } from './unix-time.js'

/** How much a notification disturbs: `active` is the default; `critical` needs an entitlement of Apple's. */
export type InterruptionLevel = 'passive' | 'active' | 'time-sensitive' | 'critical'

/**
 * The `aps` dictionary of a notification that is seen, heard, or wakes the app, with Apple's own names. What else is in
 * it, Apple ignores; the app's own data belongs beside it.
 *
 * Source: Apple, "Generating a remote notification".
 */
export interface NotificationAps {
  /** What it says; a string is its body. */
  readonly alert?: string | Alert
  /** The number on the app's icon; 0 takes it away, none leaves it as it is. */
  readonly badge?: number
  /** `default`, or a file of the app's. */
  readonly sound?: string | CriticalSound
  /** Notifications of one thread are shown together. */
  readonly 'thread-id'?: string
  /** Which of the app's categories, and thereby which actions. */
  readonly category?: string
  /** 1 wakes the app. */
  readonly 'content-available'?: 0 | 1
  /** 1 lets the app's service extension change it first; it needs an alert with text. */
  readonly 'mutable-content'?: 0 | 1
  /** Which window comes to the front. */
  readonly 'target-content-id'?: string
  readonly 'interruption-level'?: InterruptionLevel
  /** From 0 to 1: which one is featured in a summary. */
  readonly 'relevance-score'?: number
  /** What a Focus filter of the app looks at. */
  readonly 'filter-criteria'?: string
  /** What fills in the placeholders of a website's URL, in notifications of websites (Safari), where it is required. */
  readonly 'url-args'?: readonly string[]
}

/** Every key that Apple reads in an `aps` dictionary, of whichever push type. {@link Payloads} has what belongs together. */
export interface Aps extends Omit<NotificationAps, 'alert'> {
  readonly alert?: string | Alert | LiveActivityAlert
  readonly 'stale-date'?: UnixTime
  readonly 'content-state'?: AnyJsonObject
  readonly timestamp?: UnixTime
  readonly event?: LiveActivityEvent
  readonly 'dismissal-date'?: UnixTime
  readonly 'attributes-type'?: string
  readonly attributes?: AnyJsonObject
  readonly 'input-push-channel'?: string
  readonly 'input-push-token'?: 1
  readonly 'content-changed'?: true
  readonly 'ptt-push-type'?: 'service-update'
}
