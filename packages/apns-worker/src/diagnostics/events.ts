import type { ChannelErrorCode, ChannelOperation } from '../broadcast/channel-error.js'
import type { ApnsError } from '../error.js'
import type { PushType } from '../push-type.js'

// What is published on each channel. Never in any of them: device tokens, payloads, keys, provider tokens. A device token
// is personal data; an apns-id leads to it for whoever sent the notification. Durations are in seconds.

/** About one manager. */
export interface ManagerEvent {
  /** The manager's name, see `ApnsManagerOptions.name`. */
  readonly manager: string
}

/** About one connection. */
export interface ConnectionEvent extends ManagerEvent {
  /** Which one: a number that no other connection of this process has. */
  readonly connection: number
}

/** It takes requests from now on. */
export interface ConnectionOpenedEvent extends ConnectionEvent {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  /** The proxy in between, as `scheme://host:port`; undefined where there is none. */
  readonly proxy: string | undefined
  /** Seconds since it was begun: DNS, TCP, TLS and, over HTTP/2, the server's first SETTINGS. */
  readonly duration: number
  /** How many requests the server allows at a time; Infinity where it sets no limit, as the gateway never does. */
  readonly streamLimit: number
}

export type Protocol = 'http2' | 'gateway'

/** It takes no more, and all that was on it is decided; also for one that never opened. */
export interface ConnectionClosedEvent extends ConnectionEvent {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  /** The proxy in between, as `scheme://host:port`; undefined where there is none. */
  readonly proxy: string | undefined
  /**
   * - `ours`: it was idle, had served its time, or its manager was closed or resumed.
   * - `server`: the server ended it in order, by GOAWAY without an error, or an answer that asks for another connection.
   * - `fault`: it broke, or the server refused it or ended it before it had served.
   */
  readonly why: 'ours' | 'server' | 'fault'
  /** What went wrong, in a `fault`; undefined where the server closed it without a word. */
  readonly cause: Error | undefined
  /** Whether it ever opened. */
  readonly opened: boolean
  /** Seconds since it opened; 0 if it never did. */
  readonly lifetime: number
  /** How many requests were sent on it, and how many of them were answered. */
  readonly sent: number
  readonly answered: number
}

/** The server takes no more requests on this connection (RFC 9113, section 6.8). */
export interface GoAwayEvent extends ConnectionEvent {
  /** Requests on streams above it were not processed, and are sent again. */
  readonly lastStreamId: number
  /** HTTP/2 error code; 0 is an orderly end. */
  readonly code: number
  /** Apple's reason, where it gave one. */
  readonly reason: string | undefined
}

/** The server allows more, or fewer, requests at a time than before, on a connection that is open. */
export interface StreamLimitEvent extends ConnectionEvent {
  /** Infinity where there is none. */
  readonly streamLimit: number
  readonly previous: number
}

/** About one request, or one frame for the gateway. */
export interface RequestEvent extends ConnectionEvent {
  /** The notification's `apns-id`, as outcomes and errors have it; the same when it is sent again. */
  readonly apnsId: string
}

/** It was handed to the connection, to leave in this turn of the event loop. */
export interface RequestSentEvent extends RequestEvent {
  readonly pushType: PushType
  readonly payloadBytes: number
  /** 1 for the first; those that the server surely did not process do not count, as for `maxAttempts`. */
  readonly attempt: number
}

/** The server answered. The gateway does so for failures alone, and then for one notification. */
export interface RequestAnsweredEvent extends ConnectionEvent {
  /** Undefined when the gateway named none that is waiting. */
  readonly apnsId: string | undefined
  /** Undefined for the gateway. */
  readonly httpStatus: number | undefined
  /** The status of the gateway's error response, one of `ApnsError.ERR_*`, 10 or 128; undefined over HTTP/2. */
  readonly gatewayStatus: number | undefined
  /** Apple's reason, or `HTTP 502` and the like where there is none; undefined for a success, and for the gateway. */
  readonly reason: string | undefined
  /** Seconds since it was sent; undefined for the gateway. */
  readonly duration: number | undefined
}

/** There will be no answer: it took too long, its stream was reset, or the connection ended. HTTP/2 only. */
export interface RequestUnansweredEvent extends RequestEvent {
  /** `RequestTimeout`, `RequestReset`, `StreamRefused` or `ConnectionLost`. */
  readonly reason: string
  /** True when the server surely did not process it; false when nobody knows. */
  readonly unprocessed: boolean
  /** Seconds since it was sent. */
  readonly duration: number
}

/** A notification went back to the queue, to be sent again. */
export interface NotificationRetryEvent extends ManagerEvent {
  readonly apnsId: string
  /**
   * Apple's reason for "later", or ours: `ConnectionLost`, `RequestReset`, `RequestTimeout`, `StreamRefused`; from the
   * gateway `Discarded`, which came after one that failed; and where the line was stopped, the reason for that.
   */
  readonly reason: string
  /** Seconds until it may be sent; 0 is at once, or when the line is resumed. */
  readonly delay: number
  /** Which attempt the next one is, as in {@link RequestSentEvent}. */
  readonly attempt: number
}

/** A notification's fate is known: exactly once for each. */
export interface NotificationSettledEvent extends ManagerEvent {
  readonly apnsId: string
  readonly outcome: 'accepted' | 'refused' | 'expired' | 'unknown' | 'cancelled'
  /** As `ApnsError.reason`; undefined if it was accepted. */
  readonly reason: string | undefined
  readonly httpStatus: number | undefined
}

/** A provider token was made: the first, or one that takes its place. */
export interface ProviderTokenRenewedEvent {
  readonly keyId: string
  readonly teamId: string
  /** Its `iat`. */
  readonly issuedAt: Date
}

/** A configuration error has stopped the line. */
export interface SendingPausedEvent extends ManagerEvent {
  /** What `errorHandler` hears too. */
  readonly error: ApnsError
}

/** The line goes on. */
export type SendingResumedEvent = ManagerEvent

/** A device token can not receive notifications any more. Which one, `getFeedback` tells. */
export interface FeedbackReceivedEvent extends ManagerEvent {
  /** The notification that it was learnt from; undefined from the retired feedback service. */
  readonly apnsId: string | undefined
  /** `Unregistered` or `ExpiredToken`; undefined from the retired feedback service. */
  readonly reason: string | undefined
  /** Since when, by Apple's clock. */
  readonly when: Date
}

/** A request about broadcast channels has succeeded or failed, after all its attempts: exactly once for each. */
export interface ChannelRequestSettledEvent extends ManagerEvent {
  readonly operation: ChannelOperation
  /** The app's bundle id. */
  readonly topic: string
  /** The channel that it was about; undefined for `create` and `list`. */
  readonly channelId: string | undefined
  /** Its `apns-request-id`. */
  readonly requestId: string
  readonly outcome: 'succeeded' | ChannelErrorCode
  /** As `ChannelError.reason`; undefined if it has succeeded. */
  readonly reason: string | undefined
  /** Of the last answer; undefined if there was none. */
  readonly httpStatus: number | undefined
  /** How often it was sent. */
  readonly attempts: number
  /** Seconds since it was asked for. */
  readonly duration: number
}
