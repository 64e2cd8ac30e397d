import type { Failure } from '../error.js'

export type ChannelOperation = 'create' | 'read' | 'delete' | 'list'

/**
 * Why a request about channels did not succeed.
 *
 * - `refused`: Apple answered, and will not do it (or said "later" until the time was up).
 * - `configuration`: every request would be refused: the key, the certificate, the app or the network is set up wrongly.
 * - `unknown`: it was sent, and not answered: the channel may have been created, or deleted.
 * - `unreachable`: there was no answer, and nothing was changed.
 * - `closed`: the manager was closed before it was sent.
 */
export type ChannelErrorCode = 'refused' | 'configuration' | 'unknown' | 'unreachable' | 'closed'

/** What happened, and what to do about it. */
export type ChannelErrorDetails = Pick<Failure, 'reason' | 'description' | 'action'> &
  Partial<Pick<Failure, 'httpStatus' | 'cause'>>

export interface ChannelErrorInit extends ChannelErrorDetails {
  readonly code: ChannelErrorCode
  readonly operation: ChannelOperation
  readonly topic: string
  readonly channelId?: string | undefined
  readonly requestId: string
}

/** What the promises of `ChannelManager` are rejected with, apart from a `MessageError` for wrong arguments. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  readonly code: ChannelErrorCode
  readonly operation: ChannelOperation
  /** Apple's `reason` (`'ChannelNotRegistered'`), or one of ours (`'ConnectionLost'`, `'Unreachable'`, …). */
  readonly reason: string
  /** Of the answer, where there was one. */
  readonly httpStatus: number | undefined
  /** A description for people. */
  readonly description: string
  /** What to do about it, for people. */
  readonly action: string
  /** The app's bundle id. */
  readonly topic: string
  readonly channelId: string | undefined
  /** The `apns-request-id` of the request. */
  readonly requestId: string

  constructor(init: ChannelErrorInit) {
    const { operation, reason, description, action, cause } = init
    const message = `${operation}: ${reason}: ${description} ${action}`
    super(message, cause === undefined ? undefined : { cause })
    this.code = init.code
    this.operation = operation
    this.reason = reason
    this.httpStatus = init.httpStatus
    this.description = description
    this.action = action
    this.topic = init.topic
    this.channelId = init.channelId
    this.requestId = init.requestId
  }
}
