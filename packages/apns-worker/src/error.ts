import type { Notification } from './notification.js'
import { REASONS } from './reason.js'

/**
 * What became of a notification that was not accepted.
 *
 * - `refused`: Apple answered, and will not take it (or said "later" until retries were exhausted).
 * - `expired`: its expiration passed before it could be sent.
 * - `unknown`: it was sent, but the connection was lost before an answer came, and it was not (or not again) re-sent.
 * - `cancelled`: the caller cancelled it, or closed the manager, before it was sent.
 * - `configuration`: not about one notification: every request would be refused, and sending has stopped.
 */
export type ApnsErrorCode = 'refused' | 'expired' | 'unknown' | 'cancelled' | 'configuration'

/** The facts of a failure, without the notification that it happened to; one object may serve many notifications. */
export interface Failure {
  readonly code: ApnsErrorCode
  /** Apple's `reason`, or one of ours where Apple said nothing (see {@link LocalReason}). */
  readonly reason: string
  /** Status code of the retired binary protocol, one of `ApnsError.ERR_*`. */
  readonly status: number
  readonly description: string
  readonly action: string
  /** HTTP status of the answer, where there was one. */
  readonly httpStatus?: number | undefined
  /** When Apple confirmed that the token was dead; with 410 only. */
  readonly timestamp?: Date | undefined
  readonly cause?: unknown
}

/** Reasons that are ours, for what Apple gives no answer to. */
export type LocalReason =
  | 'Expired'
  | 'ConnectionLost'
  | 'RequestReset'
  | 'RequestTimeout'
  | 'StreamRefused'
  | 'Cancelled'
  | 'Closed'
  | 'WrongEnvironment'
  | 'ClockSkew'
  | 'TlsHandshake'
  | 'FrameFormat'
  | 'ProxyCredentials'
  | 'ProxyTlsHandshake'
  | 'BackendFailed'
  | 'FeedbackFailed'

interface LocalReasonEntry {
  readonly code: ApnsErrorCode
  readonly description: string
  readonly action: string
}

const LOCAL_REASONS: Readonly<Record<LocalReason, LocalReasonEntry>> = {
  Expired: {
    code: 'expired',
    description: 'The expiration passed before the notification could be sent.',
    action: 'Nothing, if it is of no use any more; otherwise send it again with a later expiration.',
  },
  ConnectionLost: {
    code: 'unknown',
    description: 'The connection was lost after the notification was sent, before it was answered.',
    action: 'It may have been delivered: send it again only if a duplicate does no harm.',
  },
  RequestTimeout: {
    code: 'unknown',
    description: 'No answer came in time.',
    action: 'It may have been delivered: send it again only if a duplicate does no harm.',
  },
  RequestReset: {
    code: 'unknown',
    description: 'The server broke off the request, or its answer was malformed.',
    action: 'It may have been delivered: send it again only if a duplicate does no harm.',
  },
  StreamRefused: {
    code: 'refused',
    description: 'The server refused the stream, again and again.',
    action: 'It was never processed: send it again later.',
  },
  Cancelled: {
    code: 'cancelled',
    description: 'The delivery was cancelled before the notification was sent.',
    action: 'None.',
  },
  Closed: {
    code: 'cancelled',
    description: 'The manager was closed before the notification was sent.',
    action: 'Give close() a longer timeout, or send it again from a new manager.',
  },
  WrongEnvironment: {
    code: 'configuration',
    description:
      'Every device token was refused as bad, and none was accepted: the tokens are probably of the other environment.',
    action:
      "Check environment ('sandbox' for development builds, 'production' otherwise), then call resume(). Do not delete the tokens.",
  },
  ClockSkew: {
    code: 'configuration',
    description: 'A provider token that was just made was refused as expired.',
    action: "Set this machine's clock, then call resume().",
  },
  TlsHandshake: {
    code: 'configuration',
    description: 'The TLS connection was refused.',
    action: 'Check the host, its certificate authority (ca) and the client certificate, then call resume().',
  },
  FrameFormat: {
    code: 'configuration',
    description: 'The gateway could not read the first frame.',
    action:
      "It may know only older commands: make a new manager with frameFormat 'enhanced', or 'simple'. Nothing was lost: close() returns what is unsent.",
  },
  ProxyCredentials: {
    code: 'configuration',
    description: 'The proxy refused us.',
    action: 'Check the user and password in proxy, then call resume(); with other ones, make a new manager.',
  },
  ProxyTlsHandshake: {
    code: 'configuration',
    description: 'The TLS connection to the proxy was refused.',
    action: "Check the proxy's URL and its certificate authority (proxy.ca), then call resume().",
  },
  BackendFailed: {
    code: 'configuration',
    description: 'The backend failed.',
    action: 'See the cause; mend it, then call resume().',
  },
  FeedbackFailed: {
    code: 'unknown',
    description: 'The feedback service could not be read to its end.',
    action: 'See the cause, then call getFeedback() again.',
  },
}

export interface ApnsErrorInit extends Partial<Failure> {
  /** The notification that failed: its token and apns-id are taken from it. */
  readonly notification?: Notification | undefined
  readonly token?: string | undefined
  readonly apnsId?: string | undefined
}

/** What the binary protocol's status codes say (the original library's words), and what to do about them. */
const STATUSES: Readonly<Record<number, { readonly description: string; readonly action: string }>> = {
  1: { description: 'Processing error', action: 'The gateway failed: send it again later.' },
  2: { description: 'Missing device token', action: 'Give a device token.' },
  3: {
    description: 'Missing topic',
    action: 'Check that the client certificate is one for push notifications.',
  },
  4: { description: 'Missing payload', action: 'Give a payload.' },
  5: {
    description: 'Invalid token size',
    action: 'Check where the token comes from; never send to it as it is.',
  },
  6: {
    description: 'Invalid topic size',
    action: 'Check that the client certificate is one for push notifications.',
  },
  7: {
    description: 'Invalid payload size',
    action: 'Shorten the payload, or set frameFormat to one that takes more.',
  },
  8: {
    description: 'Invalid token',
    action:
      'Check that the token comes from a build for this environment (sandbox or production) before you delete it.',
  },
  10: { description: 'Shutdown', action: 'Nothing to do: what came after it is sent again by itself.' },
  128: { description: 'Protocol error', action: 'Check that frameFormat is one that the gateway knows.' },
  255: { description: 'None (unknown)', action: "Ask the gateway's operator; it gave no reason." },
}

/**
 * A delivery error: one notification that will not be delivered, and why. Never thrown at a caller; handed to the
 * manager's `errorHandler` and found in outcomes.
 *
 * `status`, `description`, `token` and the constants are those of the original library; the rest tells what the
 * provider API knows besides.
 */
export class ApnsError extends Error {
  static readonly ERR_PROCESSING = 1
  static readonly ERR_NO_TOKEN = 2
  static readonly ERR_NO_TOPIC = 3
  static readonly ERR_NO_PAYLOAD = 4
  static readonly ERR_TOKEN_SIZE = 5
  static readonly ERR_TOPIC_SIZE = 6
  static readonly ERR_PAYLOAD_SIZE = 7
  static readonly ERR_TOKEN_INVAL = 8
  static readonly ERR_UNKNOWN = 255

  static {
    // On the prototype, as the built-in errors have it, so that it heads `stack` and is not printed as a field.
    Object.defineProperty(ApnsError.prototype, 'name', {
      value: 'ApnsError',
      writable: true,
      configurable: true,
    })
  }

  /** What became of the notification; stable, for programs. */
  readonly code: ApnsErrorCode
  /** The APNs status code of the binary protocol, one of `ERR_*`; for the provider API, the one that comes closest. */
  readonly status: number
  /** A description for people. */
  readonly description: string
  /** What to do about it, for people. */
  readonly action: string
  /** The hex-encoded device token; undefined for errors that are not about one notification. */
  readonly token: string | undefined
  /** Apple's `reason` (`'Unregistered'`), or one of ours (`'Expired'`, `'ConnectionLost'`, …). */
  readonly reason: string
  readonly httpStatus: number | undefined
  /** When Apple confirmed that the token was dead; with HTTP status 410 only. */
  readonly timestamp: Date | undefined
  /** The `apns-id` of the request. */
  readonly apnsId: string | undefined
  // Private, so that printing an error does not print a whole message.
  readonly #notification: Notification | undefined

  constructor(init: ApnsErrorInit) {
    const reason = init.reason ?? ''
    const known = knownReason(reason)
    const status = init.status ?? known?.status ?? ApnsError.ERR_UNKNOWN
    const description =
      init.description ??
      known?.description ??
      STATUSES[status]?.description ??
      `The notification was refused with status ${status}.`
    const action =
      init.action ?? known?.action ?? (reason === '' ? STATUSES[status]?.action : undefined) ?? ''
    const message = messageFrom(reason, description, action)
    // An error that is a value comes from the event loop: its stack says nothing, and capturing one costs ten times the
    // rest of it, for each refused token. `Reflect` because a hardened runtime may have frozen the limit.
    const limit = Error.stackTraceLimit
    Reflect.set(Error, 'stackTraceLimit', 0)
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    Reflect.set(Error, 'stackTraceLimit', limit)
    this.code = init.code ?? known?.code ?? 'refused'
    this.status = status
    this.description = description
    this.action = action
    this.token = init.token ?? init.notification?.token
    this.reason = reason
    this.httpStatus = init.httpStatus
    this.timestamp = init.timestamp
    this.apnsId = init.apnsId ?? init.notification?.apnsId
    this.#notification = init.notification
  }

  /** The notification that failed, where the error was made for one; `Backend.deliveryError` settles it. */
  get notification(): Notification | undefined {
    return this.#notification
  }

  /** An error as the binary protocol reports it: a status code for a notification. */
  static fromStatus(status: number, notification?: Notification): ApnsError {
    return new ApnsError({ status, notification })
  }
}

/** What is known of a reason, Apple's or ours; own properties only, since a server may say "constructor". */
function knownReason(
  reason: string,
): { status: number; code?: ApnsErrorCode; description: string; action: string } | undefined {
  if (Object.hasOwn(REASONS, reason)) return REASONS[reason]
  return isLocalReason(reason) ? { ...LOCAL_REASONS[reason], status: ApnsError.ERR_UNKNOWN } : undefined
}

function isLocalReason(reason: string): reason is LocalReason {
  return Object.hasOwn(LOCAL_REASONS, reason)
}

function messageFrom(reason: string, description: string, action: string): string {
  const head = reason === '' ? description : `${reason}: ${description}`
  if (action === '') return head
  return head.endsWith('.') ? `${head} ${action}` : `${head}. ${action}`
}

/** The facts for one of our own reasons. */
export function localFailure(reason: LocalReason, cause?: unknown): Failure {
  return { ...LOCAL_REASONS[reason], reason, status: ApnsError.ERR_UNKNOWN, cause }
}
