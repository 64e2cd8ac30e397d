import type { RuleMatch } from '../rule.js'
import type { GatewayNotification } from './received.js'

/** Which notifications a rule is for: those that fit everything that is given. */
export interface NotificationRuleMatch
  extends Pick<RuleMatch, 'token' | 'tokenPrefix' | 'share' | 'times' | 'timesPerToken'> {
  /** Those on this connection, or one of these; connections are counted from 1. */
  readonly connection?: number | readonly number[]
  /** Those at this position among all notifications of their connection, or at one of these, counted from 1. */
  readonly nth?: number | readonly number[]
  /** The first so many that fit everything else are passed over. */
  readonly after?: number
  /** Anything else. Not for rules that are kept in a file. */
  readonly when?: (notification: GatewayNotification) => boolean
}

/** What happens to them: exactly one of `status`, `bytes`, `silent`, `disconnect`, or `feedback` alone. */
export interface NotificationRuleAction {
  /**
   * Status of the error response, 0 to 255, after which the connection is closed; with command 0 it is closed without a
   * response. 10 (shutdown) and 0 (no error) accept the notification that they name, all others reject it.
   */
  readonly status?: number
  /** With `status`: the error response names this ident in place of the notification's. */
  readonly ident?: number
  /**
   * With `status`: these bytes go out behind the error response, where there is one. A string is in hexadecimal digits.
   */
  readonly trailing?: Uint8Array | string
  /**
   * These bytes go out in place of an error response, then the connection is closed; the notification is discarded. A
   * string is in hexadecimal digits.
   */
  readonly bytes?: Uint8Array | string
  /** The notification is discarded and nobody is told; the connection goes on. */
  readonly silent?: true
  /** The notification is discarded and the connection is cut. */
  readonly disconnect?: true
  /**
   * The token is put on the feedback list, with this time: a date, milliseconds since 1970, or true for "now". Goes with
   * any other action; alone, the notification is accepted.
   */
  readonly feedback?: Date | number | true
  /** Seconds until the error response, the bytes or the cut. What comes in the meantime is discarded. */
  readonly delay?: number
}

/** Which notifications, and what happens to them. The first rule that fits decides. */
export type NotificationRule = NotificationRuleMatch & NotificationRuleAction

/** What happens to a connection whatever it carries: exactly one of the last four. The first rule that fits decides. */
export interface ConnectionRule {
  /** Which service it connects to; default `gateway`. */
  readonly service?: 'gateway' | 'feedback'
  /** This connection, or one of these, counted from 1 for each service; default all. */
  readonly connection?: number | readonly number[]
  /** The rule is spent after that many connections. */
  readonly times?: number
  /**
   * It is cut after so many bytes: received ones on the gateway, of which complete notifications are taken, sent ones on the
   * feedback service, of which incomplete tuples are lost.
   */
  readonly disconnectAtByte?: number
  /** Gateway only: nothing is read from this position on, until `resume()`. */
  readonly stopReadingAtByte?: number
  /** Gateway only: reads no faster than that, on average. */
  readonly bytesPerSecond?: number
  /** Feedback only: it is not closed after the last tuple. Tokens that are added go out at once. */
  readonly keepOpen?: true
}

/** A scripted reply to notifications, or a scripted connection. */
export type GatewayRule = NotificationRule | ConnectionRule
