/** What is sent with each push type: `aps`, where it has one, and beside it whatever the app wants. */
import type { LiveActivityPayload } from '../live-activity/payload.js'
import type { PushType } from '../push-type.js'
import type { Alert } from './alert.js'
import type { NotificationAps } from './aps.js'

/** Push type `alert`: something to see, hear, or find on the app's icon. */
export interface AlertPayload {
  readonly aps: NotificationAps
  readonly [key: string]: unknown
}

/** An alert of a website, for Safari (topics `web.…`). */
export interface SafariPayload {
  readonly aps: {
    readonly alert: Pick<Alert, 'action'> & { readonly title: string; readonly body: string }
    /** As many as the website's URL has placeholders; empty where it has none. */
    readonly 'url-args': readonly string[]
  }
}

/** Push type `background`. Apple: nothing in `aps` may show or sound. */
export interface BackgroundPayload {
  readonly aps: {
    readonly 'content-available': 1
    readonly alert?: never
    readonly badge?: never
    readonly sound?: never
  }
  readonly [key: string]: unknown
}

/** Push types that hand the app its own data: `complication`, `voip`. */
export interface DataPayload {
  readonly aps?: NotificationAps
  readonly [key: string]: unknown
}

/** Push types `widgets` and `controls`: WidgetKit is to ask for new content. */
export interface ContentChangedPayload {
  readonly aps: { readonly 'content-changed': true }
}

/** Push type `fileprovider`: no `aps`. */
export interface FileProviderPayload {
  /** Which container has changed, such as `NSFileProviderWorkingSetContainerItemIdentifier`. */
  readonly 'container-identifier': string
  readonly domain?: string
  readonly aps?: never
}

/** Push type `location`: it wakes the app's location push service extension, which wants to know nothing more. */
export interface LocationPayload {
  readonly aps: object
  readonly [key: string]: unknown
}

/** Push type `mdm`: no `aps`. */
export interface MdmPayload {
  /** The `PushMagic` that the device gave to its server. */
  readonly mdm: string
  readonly aps?: never
}

/** Push type `pushtotalk`: who talks, in keys of the app's own; or, with `service-update`, that something else has changed. */
export interface PushToTalkPayload {
  readonly aps: { readonly 'ptt-push-type'?: 'service-update' }
  readonly [key: string]: unknown
}

/**
 * The payload that belongs to each push type, for `satisfies`:
 *
 *     const payload = { aps: { 'content-available': 1 } } satisfies Payloads['background']
 */
export interface Payloads extends Record<PushType, object> {
  readonly alert: AlertPayload
  readonly background: BackgroundPayload
  readonly complication: DataPayload
  readonly controls: ContentChangedPayload
  readonly fileprovider: FileProviderPayload
  readonly liveactivity: LiveActivityPayload
  readonly location: LocationPayload
  readonly mdm: MdmPayload
  readonly pushtotalk: PushToTalkPayload
  readonly voip: DataPayload
  readonly widgets: ContentChangedPayload
}
