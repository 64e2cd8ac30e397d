/**
 * What a notification shows and plays.
 *
 * Source: Apple, "Generating a remote notification".
 */

/** The `alert` of an ordinary notification. Each text is given, or named by a key into the app's localisations. */
export interface Alert {
  readonly title?: string
  readonly subtitle?: string
  readonly body?: string
  /** A file of the app's bundle. */
  readonly 'launch-image'?: string
  readonly 'title-loc-key'?: string
  /** What replaces the `%@` of the localised text, in order; so with the others. */
  readonly 'title-loc-args'?: readonly string[]
  readonly 'subtitle-loc-key'?: string
  readonly 'subtitle-loc-args'?: readonly string[]
  /** For the body. */
  readonly 'loc-key'?: string
  readonly 'loc-args'?: readonly string[]
  /** The label of the action button, in notifications of websites (Safari). */
  readonly action?: string
}

/** The sound of a critical alert, which plays although the device is muted. The app needs an entitlement of Apple's. */
export interface CriticalSound {
  readonly critical?: 0 | 1
  /** A file of the app's, or `default`. */
  readonly name?: string
  /** From 0 (silent) to 1 (full). */
  readonly volume?: number
}
