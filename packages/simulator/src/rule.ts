import type { ErrorCode } from './error-codes.js'
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
}

/** Which notifications a rule is for: those that fit everything that is given. */
export interface RuleMatch {
  /** This token, one of these, or those that the expression fits. Hexadecimal digits match in either case. */
  readonly token?: string | readonly string[] | RegExp
  /** Tokens that begin so. */
  readonly tokenPrefix?: string
  /** Full `apns-topic`. */
  readonly topic?: string
  /** `apns-push-type`. */
  readonly pushType?: string
  /**
   * A share of all tokens, 0 to 1, chosen by the token itself and the seed: a token is treated alike each time. Shares of
   * several rules do not overlap while they sum up to 1 at most.
   */
  readonly share?: number
  /** Anything else. Not for rules that are kept in a file. */
  readonly when?: (notification: ReceivedNotification) => boolean
  /** The rule is spent after that many notifications. */
  readonly times?: number
  /** The rule is spent for a token after that many notifications to it. */
  readonly timesPerToken?: number
}

/**
 * What happens to them. Exactly one of these, except that `delay` goes with any other (and stands alone for a late
 * answer), and that the fields under `status` belong together.
 */
export interface RuleAction {
  /** 410 `Unregistered`, with the time since when: a date, milliseconds since 1970, or true for "now". */
  readonly unregistered?: Date | number | true
  /** 410 `ExpiredToken`, with the time in the same forms. */
  readonly expiredToken?: Date | number | true
  /** 400 `BadDeviceToken`. */
  readonly badDeviceToken?: true
  /** 400 `DeviceTokenNotForTopic` when `apns-topic` is none of these; otherwise the rule does not apply. */
  readonly registeredFor?: string | readonly string[]
  /** Answers with this status. 200 accepts, and so shields from later rules. */
  readonly status?: number
  /** `reason` in the body of that answer. */
  readonly reason?: string
  /** `timestamp` in the body: milliseconds since 1970, or a date. */
  readonly timestamp?: Date | number
  /** Header `retry-after`, in seconds. */
  readonly retryAfter?: number
  /** The body as it is, in place of the JSON: empty, HTML, anything. */
  readonly body?: string
  /** Further headers, or others in place of the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** Seconds until the answer, or until whatever else happens. */
  readonly delay?: number
  /** Never answers. */
  readonly silent?: true
  /** RST_STREAM with this code. */
  readonly reset?: ErrorCode
  /** GOAWAY for the connection. The notification itself is answered when `lastStreamId` covers its stream. */
  readonly goAway?: true | GoAwayOptions
  /** The connection is cut. */
  readonly disconnect?: true
}

/** Which notifications, and what happens to them. The first rule that fits decides. */
export type Rule = RuleMatch & RuleAction
