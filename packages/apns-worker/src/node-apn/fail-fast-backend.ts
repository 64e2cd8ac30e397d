import type { BackendOptions } from '../backend/backend.js'
import type { Connection } from '../backend/http2/connection.js'
import type { ConnectionEnd, NoAnswer } from '../backend/http2/connection-owner.js'
import type { Exchange } from '../backend/http2/exchange.js'
import { Http2Backend } from '../backend/http2/http2-backend.js'
import type { Http2Service } from '../backend/http2/service.js'
import { BROADCASTS } from '../broadcast/broadcast-backend.js'
import { ApnsError, type Failure } from '../error.js'
import type { Message } from '../message.js'

/**
 * Fails where its base class would wait for somebody to mend things, so that everything that was sent is settled by
 * itself: whoever awaits an answer to each notification wants bad news rather than none.
 */
export class FailFastBackend extends Http2Backend {
  readonly #retryLimit: number
  #failedConnections = 0
  /** On the monotonic clock. */
  #lastAnsweredAtMs = 0
  /** Whose answer is being looked at. */
  #answering: Message | undefined

  constructor(options: BackendOptions, service?: Http2Service) {
    super(options, service)
    const { maxAttempts } = options
    this.#retryLimit = typeof maxAttempts === 'number' ? maxAttempts - 1 : 0
  }

  override answered(connection: Connection, exchange: Exchange): void {
    this.#failedConnections = 0
    this.#lastAnsweredAtMs = performance.now()
    this.#answering = exchange.notification.message
    super.answered(connection, exchange)
    this.#answering = undefined
  }

  override unanswered(connection: Connection, exchange: Exchange, why: NoAnswer): void {
    super.unanswered(connection, exchange, why)
    const { attempts, firstFailedAtMs } = exchange.notification
    // It has had all its attempts, and nobody was answered meanwhile: the others need not wait for theirs.
    if (attempts > this.#retryLimit && this.#lastAnsweredAtMs < firstFailedAtMs) this.#failAll(SILENCE)
  }

  override closed(connection: Connection, end: ConnectionEnd): void {
    super.closed(connection, end)
    if (!end.failed || ++this.#failedConnections < Math.max(1, this.#retryLimit)) return
    this.#failedConnections = 0
    if (this.stats().connections === 0) this.#failAll(unreachable(end.cause))
  }

  /** A refusal that every notification of a message would get fails these; trouble with the connection, all. */
  override pause({ reason, status, description, action, httpStatus, cause }: ApnsError): void {
    this.#failAll({ code: 'refused', reason, status, description, action, httpStatus, cause })
  }

  #failAll(failure: Failure): void {
    const only = this.#answering
    this.queue.discard((message) => (only === undefined || message === only ? failure : undefined))
  }
}

/** The same for broadcasts. */
export class FailFastBroadcastBackend extends FailFastBackend {
  static readonly sendsBroadcasts: boolean = true

  constructor(options: BackendOptions) {
    super(options, BROADCASTS)
  }
}

const SILENCE: Failure = {
  code: 'cancelled',
  reason: 'Unreachable',
  status: ApnsError.ERR_UNKNOWN,
  description: 'Nobody was answered, again and again.',
  action: 'It was not sent: check the network, then send it again.',
}

function unreachable(cause: Error | undefined): Failure {
  const why = cause === undefined ? '' : ` The last attempt: ${cause.message.trim()}.`
  return { ...SILENCE, description: `No connection worked, again and again.${why}`, cause }
}
