import type { Aps } from './aps.js'
import { APS_PROPERTIES, type ApsProperties } from './aps-properties.js'

export type NotificationPushType =
  | 'alert'
  | 'background'
  | 'complication'
  | 'controls'
  | 'fileprovider'
  | 'liveactivity'
  | 'location'
  | 'mdm'
  | 'pushtotalk'
  | 'voip'
  | 'widgets'

/** What has a chainable method `set…` beside the property. */
interface Settable extends ApsProperties {
  payload: object
  expiry: number
  priority: number
  mdm: unknown
}

type ChainableSetters = {
  readonly [K in keyof Settable as `set${Capitalize<K>}`]: <This>(this: This, value: Settable[K]) => This
}

/** Holds `aps`, and the properties that stand for its keys. */
const ApsHolder: new () => { aps: Aps } & ApsProperties & ChainableSetters = makeApsHolder()

/** The headers of a request that a notification decides; what it does not set is not among them. */
export interface NotificationHeaders {
  'apns-priority'?: number
  'apns-id'?: string
  'apns-collapse-id'?: string
  'apns-request-id'?: string
  'apns-channel-id'?: string
  'apns-expiration'?: number
  'apns-topic'?: string
  'apns-push-type'?: string
}

/**
 * A notification as `@parse/node-apn` knows it: set properties, or what they stand for in `aps`, and hand it to
 * `Provider.send` with any number of device tokens. It may be changed and sent again: each `send` takes it as it is then.
 */
export class Notification extends ApsHolder {
  /** The app's bundle id, with the suffix of the push type where it has one. */
  declare topic: string
  /** A UUID for the `apns-id` of its requests. */
  declare id: string
  /** A UUID for the `apns-request-id` of broadcasts and channel requests. */
  declare requestId: string
  /** The channel that a broadcast or a channel request is for, in base64. */
  declare channelId: string
  /** Notifications with the same id replace one another on the device. At most 64 bytes. */
  declare collapseId: string
  declare pushType: NotificationPushType
  /** Unix seconds. 0: one attempt by Apple, no storage. -1, the default: Apple's own policy. */
  expiry: number = -1
  /** 10 at once, 5 with regard to the battery, 1 battery first. */
  priority: number = 10
  /** The whole payload, in place of everything else: an object, or the JSON of one. */
  declare rawPayload: unknown
  #payload: object = {}
  #mdm: unknown

  /**
   * @param properties the first values of its properties, of any of them
   */
  constructor(properties?: object) {
    super()
    Object.assign(this, properties)
  }

  /** What the app wants beside `aps`; an `aps` in it counts for nothing. */
  get payload(): Record<string, unknown> {
    // Any object can have keys of the app's own.
    return this.#payload as Record<string, unknown>
  }

  set payload(value: object) {
    this.#payload = value
  }

  /** For device management: as a string, it makes the payload `{ mdm }`. */
  get mdm(): unknown {
    return this.#mdm
  }

  set mdm(value: unknown) {
    this.#mdm = value
  }

  headers(): NotificationHeaders {
    const headers: NotificationHeaders = {}
    if (Number.isInteger(this.priority)) headers['apns-priority'] = this.priority
    if (this.id) headers['apns-id'] = this.id
    if (this.collapseId) headers['apns-collapse-id'] = this.collapseId
    if (this.requestId) headers['apns-request-id'] = this.requestId
    if (this.channelId) headers['apns-channel-id'] = this.channelId
    if (this.expiry >= 0) headers['apns-expiration'] = this.expiry
    if (this.topic) headers['apns-topic'] = this.topic
    if (this.pushType) headers['apns-push-type'] = this.pushType
    return headers
  }

  /** The payload as it is sent, in JSON; made anew at each call. */
  compile(): string {
    return JSON.stringify(this)
  }

  /** How many bytes the payload has. */
  length(): number {
    return Buffer.byteLength(this.compile())
  }

  toJSON(): unknown {
    if (this.rawPayload !== undefined && this.rawPayload !== null) return parsed(this.rawPayload)
    if (typeof this.#mdm === 'string') return { mdm: this.#mdm }
    const isEmpty = Object.values(this.aps).every((value) => value === undefined)
    return { ...this.#payload, aps: isEmpty ? undefined : this.aps }
  }
}

/** What is JSON already is not to become a JSON string. */
function parsed(rawPayload: unknown): unknown {
  if (typeof rawPayload !== 'string') return rawPayload
  try {
    return JSON.parse(rawPayload)
  } catch {
    return rawPayload
  }
}

function makeApsHolder(): typeof ApsHolder {
  class Holder {
    aps: Aps = {}
  }
  for (const [name, { read, write }] of Object.entries(APS_PROPERTIES)) {
    Object.defineProperty(Holder.prototype, name, {
      get(this: Holder) {
        return read(this.aps)
      },
      set(this: Holder, value: unknown) {
        write(this.aps, value)
      },
      enumerable: true,
      configurable: true,
    })
  }
  for (const name of [...Object.keys(APS_PROPERTIES), 'payload', 'expiry', 'priority', 'mdm']) {
    Object.defineProperty(Holder.prototype, `set${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
      value(this: Holder, value: unknown) {
        Reflect.set(this, name, value)
        return this
      },
      writable: true,
      configurable: true,
    })
  }
  // The compiler can not see what the loops have defined.
  return Holder as typeof ApsHolder
}
