import type { ActivityEvent } from './delivery/activity-faults.js'
import type { ErrorCode } from './error-codes.js'
import type { Latency } from './latency.js'
import type { ReceivedNotification } from './received.js'

/** How a connection is told to go away. */
export interface GoAwayOptions {
  /**
   * The last stream that is answered: a number, `'received'` (default: every stream that the client has opened so
   * far is still answered) or `'answered'` (those without an answer never get one).
   */
  readonly lastStreamId?: number | 'received' | 'answered'
  /** Error code; default NO_ERROR. */
  readonly code?: ErrorCode
  /** Goes out as `{"reason": …}` in the debug data; default none. */
  readonly reason?: string
  /** The debug data as it is, in place of the JSON. */
  readonly debugData?: string
  /** Where several follow each other: seconds after the one before; default 0. */
  readonly after?: number
}

/** How a connection ends: closed in both directions, by TCP RST, or in our direction only, while we go on reading. */
export type Cut = 'close' | 'reset' | 'halfClose'

/** When a rule is in force. */
export interface RuleTimes {
  /** Not before so many seconds after the start, real time; default 0. */
  readonly from?: number
  /** Not from so many seconds after the start on; default: for ever. */
  readonly until?: number
  /** The time from `from` to `until` comes again each so many seconds. */
  readonly every?: number
}

/** Which notifications a rule is for: those that fit everything that is given. */
export interface RuleMatch extends RuleTimes {
  /** What the journal calls the rule; default its place: `rules[2]`. */
  readonly name?: string
  /** This token, one of these, or those that the expression fits. Hexadecimal digits match in either case. */
  readonly token?: string | readonly string[] | RegExp
  /** Tokens that begin so. */
  readonly tokenPrefix?: string
  /** Full `apns-topic`. */
  readonly topic?: string
  /** `apns-push-type`. */
  readonly pushType?: string
  /** `event` in the payload of a Live Activity. */
  readonly event?: ActivityEvent
  /**
   * A share of all tokens, 0 to 1, chosen by the token itself and the seed: a token is treated alike each time. Shares of
   * several rules do not overlap while they sum up to 1 at most.
   */
  readonly share?: number
  /** Those on this connection, or one of these; connections are counted from 1. */
  readonly connection?: number | readonly number[]
  /** Those at this position among all requests of their connection, or at one of these, counted from 1. */
  readonly nth?: number | readonly number[]
  /** Anything else. Not for rules that are kept in a file. */
  readonly when?: (notification: ReceivedNotification) => boolean
  /** The first so many that fit everything else are passed over. */
  readonly after?: number
  /** Of those left each with this chance, 0 to 1, drawn anew for each one. */
  readonly chance?: number
  /** The rule is spent after that many notifications. */
  readonly times?: number
  /** The rule is spent for a token after that many notifications to it. */
  readonly timesPerToken?: number
}

/**
 * What happens to them. Exactly one of these, except that `delay` goes with any other (and stands alone for a late
 * answer), that the fields under `status` belong together, and that `for` belongs to `blackHole` and `streamLimit`.
 */
export interface RuleAction {
  /** 410 `Unregistered`, with the time since when: a date, milliseconds since 1970, or true for "now". */
  readonly unregistered?: Date | number | true
  /** 410 `ExpiredToken`, with the time in the same forms. */
  readonly expiredToken?: Date | number | true
  /** 400 `BadDeviceToken`. */
  readonly badDeviceToken?: true
  /** 400 `BadDeviceToken` where the simulator is the other environment; otherwise the rule does not apply. */
  readonly tokenOf?: 'production' | 'sandbox'
  /** 400 `DeviceTokenNotForTopic` when `apns-topic` is none of these; otherwise the rule does not apply. */
  readonly registeredFor?: string | readonly string[]
  /** Answers with this status. 200 accepts, and so shields from later rules. */
  readonly status?: number
  /** `reason` in the body of that answer. */
  readonly reason?: string
  /** `timestamp` in the body: milliseconds since 1970, or a date. */
  readonly timestamp?: Date | number
  /** Header `retry-after`: seconds, or a date in the form of HTTP. */
  readonly retryAfter?: number | string
  /** The body as it is, in place of the JSON: empty, HTML, anything. */
  readonly body?: string
  /** The body goes out in DATA frames of so many bytes. */
  readonly split?: number
  /** Further headers, or others in place of the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** Time until the answer, or until whatever else happens. */
  readonly delay?: Latency
  /** Never answers. */
  readonly silent?: true
  /** RST_STREAM with this code. */
  readonly reset?: ErrorCode
  /**
   * GOAWAY for the connection, or several one after the other. The notification itself is answered when `lastStreamId`
   * covers its stream.
   */
  readonly goAway?: true | GoAwayOptions | readonly GoAwayOptions[]
  /** The connection is cut; true: closed. */
  readonly disconnect?: true | Cut
  /**
   * The connection falls silent: nothing is read and nothing written any more. As long as it lasts the simulator can not
   * see the client go, so it counts as closed.
   */
  readonly blackHole?: true
  /**
   * From now on the connection answers 429 `TooManyProviderTokenUpdates` to everything, as connections of the service have
   * been seen to do.
   */
  readonly wedge?: true
  /** The connection's stream limit from now on; the notification is accepted. */
  readonly streamLimit?: number
  /**
   * Seconds after which a black hole ends with TCP RST, or the stream limit is what it was; default: never.
   */
  readonly for?: number
}

/** Which notifications, and what happens to them. The first rule that fits decides. */
export type Rule = RuleMatch & RuleAction
