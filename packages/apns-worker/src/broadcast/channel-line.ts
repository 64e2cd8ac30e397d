import { connectionRefusal } from '../backend/connection-refusal.js'
import type { RetryPolicy } from '../backend/retry-policy.js'
import type { Credentials } from '../credentials/credentials.js'
import type { TlsTarget } from '../net/tls-connect.js'
import type { StreamReset } from '../protocol/http2/session-events.js'
import { classify } from '../reason.js'
import { type ChannelAnswer, ChannelCall, ChannelExchange, type ChannelRequest } from './channel-call.js'
import type { ChannelErrorCode, ChannelErrorDetails } from './channel-error.js'
import { ChannelRecord, type ChannelStats } from './channel-stats.js'
import { ChannelVerdicts, fail, givenUp, type Next } from './channel-verdict.js'
import { RequestConnection, type RequestOwner } from './request-connection.js'
import { authorizationField, pseudoFields, RequestFields } from './request-fields.js'

export interface ChannelLineOptions {
  /** The manager's. */
  readonly name: string
  readonly target: TlsTarget
  readonly authority: string
  readonly credentials: Credentials
  readonly policy: RetryPolicy
  /** Seconds. */
  readonly connectTimeout: number
  readonly requestTimeoutMs: number
  /** For a call with all its attempts. */
  readonly timeoutMs: number
}

/** Twice as many as an app may have channels: whoever has more on their way has lost count. */
export const MAX_CALLS = 20_000
/** Failed connections come back no slower than this. */
const MAX_BACK_OFF_MS = 60_000

const CLOSED: ChannelErrorDetails = {
  reason: 'Closed',
  description: 'The manager was closed before the request was sent.',
  action: 'Make a new one.',
}
const TOO_MANY_CALLS: ChannelErrorDetails = {
  reason: 'TooManyCalls',
  description: `${MAX_CALLS} requests are on their way, or wait to be sent.`,
  action: 'Await some of them first.',
}
const TIMED_OUT = 'RequestTimeout'

/** Calls about channels, and the connection for them, which is opened when there is something to ask. */
export class ChannelLine implements RequestOwner<ChannelExchange> {
  readonly #options: ChannelLineOptions
  readonly #verdicts: ChannelVerdicts
  readonly #record: ChannelRecord
  /** All that are not settled. */
  readonly #calls = new Set<ChannelCall>()
  /** Those of them that are to be sent. */
  readonly #waiting = new Set<ChannelCall>()
  /** The one for new requests, and those that end with their last answer. */
  readonly #connections = new Set<RequestConnection<ChannelExchange>>()
  #backOffTimer: NodeJS.Timeout | undefined
  /** On the monotonic clock. */
  #backOffEndsAtMs = 0
  /** Connections in a row that failed, and why the last one did. */
  #failures = 0
  #lastFailure: Error | undefined
  #everConnected = false
  #closed = false

  constructor(options: ChannelLineOptions) {
    this.#options = options
    this.#verdicts = new ChannelVerdicts(options.policy, options.credentials)
    this.#record = new ChannelRecord(options.name)
  }

  /** Rejects with a `ChannelError`. */
  call(request: ChannelRequest): Promise<ChannelAnswer> {
    const { timeoutMs } = this.#options
    const call = new ChannelCall(request, timeoutMs)
    if (this.#closed) this.#fail(call, 'closed', CLOSED)
    else if (this.#calls.size >= MAX_CALLS) this.#fail(call, 'refused', TOO_MANY_CALLS)
    else {
      call.deadlineTimer = setTimeout(() => this.#expire(call), timeoutMs)
      this.#calls.add(call)
      this.#waiting.add(call)
      this.#pump()
    }
    return call.answer
  }

  stats(): ChannelStats {
    const present = [...this.#connections]
    const backOff =
      this.#backOffTimer === undefined ? 0 : Math.max(0, this.#backOffEndsAtMs - performance.now()) / 1000
    const connections = present.filter(({ isConnected }) => isConnected).length
    const traffic = this.#record.traffic.snapshot(
      present.flatMap(({ stats }) => stats ?? []),
      backOff,
    )
    return this.#record.stats({ pending: this.#calls.size, connections, traffic })
  }

  /** Ends the connections; calls that are not answered fail. Resolves when the sockets are gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#backOffTimer)
    for (const call of [...this.#calls]) {
      if (call.exchange !== undefined) this.#verdicts.unanswered(call, 'ConnectionLost')
      this.#follow(call, givenUp(call, fail('closed', CLOSED)))
    }
    await Promise.all(Array.from(this.#connections, (connection) => connection.close()))
  }

  // What the connections tell.

  changed(): void {
    this.#pump()
  }

  answered(exchange: ChannelExchange): void {
    this.#failures = 0
    this.#everConnected = true
    this.#ended(exchange, () => this.#verdicts.answered(exchange))
  }

  unanswered(exchange: ChannelExchange, { cause, unprocessed }: StreamReset): void {
    const { call } = exchange
    const silence = cause === 'peer' || cause === 'protocol' ? 'RequestReset' : 'ConnectionLost'
    this.#ended(exchange, () =>
      unprocessed
        ? // What a connection's end has left out waits for the next connection.
          this.#verdicts.unprocessed(call, cause !== 'peer')
        : this.#verdicts.unanswered(call, silence),
    )
  }

  goingAway(reason: string): void {
    const known = classify(0, reason)
    if (known.class === 'configuration') this.#failWaiting({ ...known, reason })
  }

  closed(connection: RequestConnection<ChannelExchange>, cause: Error | undefined, failed: boolean): void {
    this.#connections.delete(connection)
    if (this.#closed) return
    if (cause !== undefined) {
      this.#lastFailure = cause
      const refusal = connectionRefusal(cause, this.#everConnected)
      if (refusal !== undefined) this.#failWaiting(refusal)
    }
    if (failed) this.#backOff()
    this.#pump()
  }

  #backOff(): void {
    const delayMs = Math.min(this.#options.policy.backOffMs(++this.#failures), MAX_BACK_OFF_MS)
    clearTimeout(this.#backOffTimer)
    this.#backOffEndsAtMs = performance.now() + delayMs
    this.#backOffTimer = setTimeout(() => {
      this.#backOffTimer = undefined
      this.#pump()
    }, delayMs).unref()
  }

  /** Sends what the connection takes; opens one where there is none. */
  #pump(): void {
    if (this.#closed) return
    const connection = this.#waiting.size === 0 ? undefined : this.#usableConnection()
    if (connection !== undefined) {
      for (const call of this.#waiting) {
        if (connection.capacity === 0) break
        this.#send(call, connection)
      }
      connection.flush()
    }
    // The calls keep the process alive, by their deadlines; not the sockets.
    for (const each of this.#connections) each.unreference()
  }

  #usableConnection(): RequestConnection<ChannelExchange> | undefined {
    for (const connection of this.#connections) if (connection.isUsable) return connection
    if (this.#backOffTimer !== undefined) return undefined
    const { target, connectTimeout } = this.#options
    const connection = new RequestConnection<ChannelExchange>(
      target,
      connectTimeout,
      this.#record.traffic,
      this,
    )
    this.#connections.add(connection)
    return connection
  }

  #send(call: ChannelCall, connection: RequestConnection<ChannelExchange>): void {
    const { credentials, authority, requestTimeoutMs } = this.#options
    const { method, path, channelId, requestId, body } = call.request
    const providerToken = credentials.kind === 'token' ? credentials.tokens.current() : undefined
    const exchange = new ChannelExchange(call, connection, providerToken)
    this.#waiting.delete(call)
    this.#record.sending(call)
    call.exchange = exchange
    call.attemptTimer = setTimeout(() => this.#timeOut(exchange), requestTimeoutMs)
    const fields = new RequestFields([
      ...pseudoFields(method, authority, path),
      authorizationField(providerToken),
      ['apns-channel-id', channelId, 'without'],
      ['apns-request-id', requestId, 'without'],
    ])
    connection.send(exchange, fields, body)
  }

  /** The connection may be dead, and the next attempt would wait for it as long. */
  #timeOut(exchange: ChannelExchange): void {
    exchange.connection.cancel(exchange)
    exchange.connection.retire()
    this.#ended(exchange, () => this.#verdicts.unanswered(exchange.call, TIMED_OUT))
    this.#pump()
  }

  /** The time for a call with all its attempts is over. */
  #expire(call: ChannelCall): void {
    const { exchange } = call
    if (exchange !== undefined) {
      exchange.connection.cancel(exchange)
      exchange.connection.retire()
      this.#verdicts.unanswered(call, TIMED_OUT)
    }
    this.#follow(call, givenUp(call, fail('unreachable', this.#unreachable())))
  }

  #unreachable(): ChannelErrorDetails {
    const { host, port } = this.#options.target
    const last = this.#lastFailure === undefined ? '' : ` The last attempt: ${this.#lastFailure.message}.`
    return {
      reason: 'Unreachable',
      description: `The request could not be sent to ${host}:${port} in time.${last}`,
      action: `Check that a firewall lets connections to port ${port} through.`,
      cause: this.#lastFailure,
    }
  }

  /** An attempt has come to its end. */
  #ended(exchange: ChannelExchange, decide: () => Next): void {
    const { call, connection } = exchange
    if (call.exchange !== exchange) return
    clearTimeout(call.attemptTimer)
    const next = decide()
    if (next.kind === 'again' && next.reconnect) connection.retire()
    this.#follow(call, next)
    call.exchange = undefined
  }

  #follow(call: ChannelCall, next: Next): void {
    switch (next.kind) {
      case 'succeed':
        if (this.#calls.delete(call) && call.exchange !== undefined) this.#succeed(call, call.exchange)
        break
      case 'fail':
        this.#calls.delete(call)
        this.#waiting.delete(call)
        this.#fail(call, next.code, next.details)
        break
      case 'again':
        if (next.delayMs === 0) this.#waiting.add(call)
        else
          call.attemptTimer = setTimeout(() => {
            this.#waiting.add(call)
            this.#pump()
          }, next.delayMs)
        break
      default:
        next satisfies never
    }
  }

  #succeed(call: ChannelCall, exchange: ChannelExchange): void {
    this.#record.settled(call, exchange.status)
    call.succeed(exchange)
  }

  #fail(call: ChannelCall, code: ChannelErrorCode, details: ChannelErrorDetails): void {
    const { reason, httpStatus } = details
    this.#record.settled(call, undefined, { code, reason, httpStatus })
    call.fail(code, details)
  }

  /** Another connection would end the same way. */
  #failWaiting(details: ChannelErrorDetails): void {
    for (const call of [...this.#waiting]) this.#follow(call, fail('configuration', details))
  }
}
