import type { BackendClass } from './backend/backend.js'
import type { Environment } from './backend/environment.js'
import type { NetworkOptions } from './backend/network-options.js'
import type { BroadcastHost } from './broadcast/hosts.js'
import type { CredentialOptions } from './credentials/credentials.js'
import type { ApnsError } from './error.js'
import type { Logger } from './logger.js'
import type { ProxyOption } from './net/proxy/proxy-option.js'
import type { FrameFormat } from './protocol/gateway/frame.js'

export interface ApnsManagerOptions extends CredentialOptions, NetworkOptions {
  /** `'production'` (the default), `'sandbox'`, or `{ host, port, ca }`. */
  readonly environment?: Environment | undefined
  /**
   * How to get out: `http://user:password@host:port`, `https://…` or `socks5://…`; `{ url, ca }` for an `https` proxy
   * with a certificate authority of its own; or `'environment'` for what HTTPS_PROXY and NO_PROXY say when the manager is
   * made. The proxy looks up names. Default: none, whatever the environment says.
   */
  readonly proxy?: ProxyOption | undefined
  /** Default: `Http2Backend`. See `loadBackend` to get one from a module path. */
  readonly backend?: BackendClass | undefined
  /**
   * Seconds to hold on to a delivered notification before silence is taken for success; for backends whose protocol
   * has no answers. Default: 5.
   */
  readonly messageGrace?: number | undefined
  /** Called with an {@link ApnsError} for each notification that will not be delivered, and for configuration errors. */
  readonly errorHandler?: ((error: ApnsError) => unknown) | undefined
  /** The topic of messages that name none: the app's bundle id. Suffixes of push types are added where they are needed. */
  readonly topic?: string | undefined
  /**
   * For `BroadcastBackend`: where broadcasts are sent. Apple's pages disagree on the host: `'api-broadcast'` (the default)
   * or `'api'`; or `{ host, port, ca }` for another one. A custom `environment` is its own.
   */
  readonly broadcastHost?: BroadcastHost | undefined
  readonly logger?: Logger | undefined
  /** What this manager is called in the events of `channels`. Default: `apns-1`, `apns-2` and so on. */
  readonly name?: string | undefined
  /**
   * For `BinaryBackend`: `items` (command 2, the default), or `enhanced` or `simple` (commands 1 and 0, with payloads of
   * 256 bytes at most) for relays that know nothing newer. A `simple` frame has no ident: the gateway can not say which
   * notification it did not take.
   */
  readonly frameFormat?: FrameFormat | undefined
}

const DEFAULT_MESSAGE_GRACE = 5

/**
 * @returns seconds
 * @throws {TypeError}
 */
export function checkedGrace(grace: unknown): number {
  if (grace === undefined) return DEFAULT_MESSAGE_GRACE
  if (typeof grace !== 'number' || !Number.isFinite(grace) || grace < 0) {
    throw new TypeError(`messageGrace is ${describe(grace)}; give seconds, 0 or more`)
  }
  return grace
}

let unnamed = 0

/**
 * @throws {TypeError}
 */
export function checkedName(name: unknown): string {
  if (name === undefined) return `apns-${++unnamed}`
  if (typeof name !== 'string' || name === '') throw new TypeError(`name is ${describe(name)}; give a name`)
  return name
}

/**
 * @throws {TypeError}
 */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw new TypeError(`${name} is ${describe(value)}; give a function`)
}

/**
 * @throws {RangeError}
 */
export function checkNumber(value: unknown, atLeast: number, name: string, what: string): void {
  if (typeof value !== 'number' || !(value >= atLeast)) {
    throw new RangeError(`${name} is ${describe(value)}; give ${what}, ${atLeast} or more`)
  }
}

/**
 * @throws {TypeError}
 */
export function checkIterable(value: unknown, name: string): void {
  const isIterable =
    value !== null && typeof value === 'object' && (Symbol.asyncIterator in value || Symbol.iterator in value)
  if (!isIterable) throw new TypeError(`${name} is ${describe(value)}; give an iterable`)
}

/** A wrong value for an error message; options come from JavaScript and from files too. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return value === null || typeof value !== 'object' ? String(value) : 'an object'
}
