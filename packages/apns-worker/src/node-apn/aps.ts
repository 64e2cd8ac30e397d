/**
 * What `@parse/node-apn` calls the parts of a payload: Apple's keys, in objects that may be changed.
 *
 * Source: `@parse/node-apn` 8.1, documentation and typings.
 */

export type ApsNotificationInterruptionLevel = 'passive' | 'active' | 'time-sensitive' | 'critical'

export interface NotificationAlertOptions {
  title?: string | undefined
  subtitle?: string | undefined
  body?: string | undefined
  'title-loc-key'?: string | undefined
  'title-loc-args'?: string[] | undefined
  'subtitle-loc-key'?: string | undefined
  'subtitle-loc-args'?: string[] | undefined
  action?: string | undefined
  'action-loc-key'?: string | undefined
  'loc-key'?: string | undefined
  'loc-args'?: string[] | undefined
  'launch-image'?: string | undefined
}

/** The sound of a critical alert. */
export interface ApsSound {
  /** 1 */
  critical: number
  name: string
  /** From 0 (silent) to 1 (full). */
  volume: number
}

export interface Aps {
  alert?: string | NotificationAlertOptions | undefined
  'launch-image'?: string | undefined
  badge?: number | undefined
  sound?: string | ApsSound | undefined
  'content-available'?: 1 | undefined
  'content-changed'?: true | undefined
  'mutable-content'?: 1 | undefined
  'url-args'?: string[] | undefined
  category?: string | undefined
  'thread-id'?: string | undefined
  'target-content-id'?: string | undefined
  'interruption-level'?: string | undefined
  'relevance-score'?: number | undefined
  'filter-criteria'?: string | undefined
  'stale-date'?: number | undefined
  'content-state'?: object | undefined
  timestamp?: number | undefined
  event?: string | undefined
  'dismissal-date'?: number | undefined
  'input-push-channel'?: string | undefined
  'input-push-token'?: number | undefined
  'attributes-type'?: string | undefined
  attributes?: object | undefined
}
