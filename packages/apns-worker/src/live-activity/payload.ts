/**
 * The payloads of Live Activities. The start, an update and the end have little in common; a device drops one that lacks
 * what its event needs, and says nothing.
 *
 * Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications".
 */
import type { AsJson, JsonValue } from '../payload/json.js'
import type { UnixTime } from '../payload/unix-time.js'

/** A text, or a key into the app's localisations. */
export type LocalizableText =
  | string
  | { readonly 'loc-key': string; readonly 'loc-args'?: readonly string[] | undefined }

/** The alert of a Live Activity: unlike an ordinary one, it is always an object, and has its sound inside. */
export interface LiveActivityAlert {
  readonly title: LocalizableText
  readonly body: LocalizableText
  /** A file of the app's, or `default`. */
  readonly sound?: string
}

export type LiveActivityEvent = 'start' | 'update' | 'end'

/** What an app's content state or attributes are where nothing more is known of them. */
export type AnyJsonObject = Readonly<Record<string, JsonValue>>

interface LiveActivityBase {
  /** When this was the truth. Of two pushes the newer one wins: it has to rise with each. */
  readonly timestamp: UnixTime
  /** When the content is out of date. */
  readonly 'stale-date'?: UnixTime
  /** Which of several activities of the app comes first: the one with the largest number. */
  readonly 'relevance-score'?: number
}

/** How the activity gets its updates (iOS 18 and newer): over a channel, by a token of its own, or as the app decides. */
type UpdateSource =
  | { readonly 'input-push-channel'?: never; readonly 'input-push-token'?: never }
  /** The base64 id of a channel. On systems older than iOS 18, the activity does not start. */
  | { readonly 'input-push-channel': string; readonly 'input-push-token'?: never }
  | { readonly 'input-push-token': 1; readonly 'input-push-channel'?: never }

/**
 * The `aps` that starts an activity (iOS 17.2 and newer), sent to a push-to-start token.
 *
 * @typeParam State the app's `ContentState`
 * @typeParam Attributes the app's `ActivityAttributes`
 */
export type LiveActivityStartAps<State = AnyJsonObject, Attributes = AnyJsonObject> = LiveActivityBase &
  UpdateSource & {
    readonly event: 'start'
    readonly 'content-state': AsJson<State>
    /** The name of the app's `ActivityAttributes` type. */
    readonly 'attributes-type': string
    readonly attributes: AsJson<Attributes>
    /** Without it, the activity does not start. */
    readonly alert: LiveActivityAlert
    readonly 'dismissal-date'?: never
  }

/** The `aps` of new content, sent to the activity's own token. */
export interface LiveActivityUpdateAps<State = AnyJsonObject> extends LiveActivityBase {
  readonly event: 'update'
  readonly 'content-state': AsJson<State>
  /** Lights up the screen for this update. */
  readonly alert?: LiveActivityAlert
  readonly 'attributes-type'?: never
  readonly attributes?: never
  readonly 'dismissal-date'?: never
}

/** The `aps` that ends an activity. */
export interface LiveActivityEndAps<State = AnyJsonObject> extends LiveActivityBase {
  readonly event: 'end'
  /** What it shows until it is dismissed. Apple advises to give it. */
  readonly 'content-state'?: AsJson<State>
  /** When it leaves the lock screen: in the past for at once, four hours from now at most, which is the default. */
  readonly 'dismissal-date'?: UnixTime
  readonly alert?: LiveActivityAlert
  readonly 'attributes-type'?: never
  readonly attributes?: never
}

export interface LiveActivityStart<State = AnyJsonObject, Attributes = AnyJsonObject> {
  readonly aps: LiveActivityStartAps<State, Attributes>
  readonly [key: string]: unknown
}

export interface LiveActivityUpdate<State = AnyJsonObject> {
  readonly aps: LiveActivityUpdateAps<State>
  readonly [key: string]: unknown
}

export interface LiveActivityEnd<State = AnyJsonObject> {
  readonly aps: LiveActivityEndAps<State>
  readonly [key: string]: unknown
}

/** Any push of an activity; `aps.event` tells which. */
export type LiveActivityPayload<State = AnyJsonObject, Attributes = AnyJsonObject> =
  | LiveActivityStart<State, Attributes>
  | LiveActivityUpdate<State>
  | LiveActivityEnd<State>
