import { ConnectionRecord } from '../../diagnostics/connection-record.js'
import type { ConnectionStats } from '../../diagnostics/traffic.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import { TlsConnection } from '../../net/tls-connection.js'
import type { Notification } from '../../notification.js'
import { ClientSession } from '../../protocol/http2/client-session.js'
import { ErrorCode } from '../../protocol/http2/error-code.js'
import type { Http2Error } from '../../protocol/http2/http2-error.js'
import type { RequestHead } from '../../protocol/http2/request-head.js'
import type { SessionEvents, StreamReset } from '../../protocol/http2/session-events.js'
import type { ResolvedNetworkOptions } from '../network-options.js'
import type { ConnectionOwner } from './connection-owner.js'
import { Exchange, OK, RESPONSE_FIELDS } from './exchange.js'
import { bodyOf } from './request-writer.js'
import { parseRefusal } from './verdict.js'

/**
 * Where a connection is in its life; it only moves to the right.
 *
 *     connecting ──SETTINGS──▶ probing ──first answer──▶ open ──GOAWAY, retire──▶ draining ──last answer──▶ closed
 *
 * `probing` sends one request and waits for its answer: a server that will refuse them all, or that takes one at a
 * time until it has seen a valid provider token, is found out at the cost of one. Any of them ends in `closed` when
 * the socket does.
 */
type Phase = 'connecting' | 'probing' | 'open' | 'draining' | 'closed'

/** An idle connection may have been cut by a firewall unheard: it is checked along with the first request after this. */
const STALE_AFTER_MS = 60_000

/** One TLS connection to APNs, and the HTTP/2 session on it. */
export class Connection implements SessionEvents<Exchange> {
  readonly record: ConnectionRecord
  readonly #owner: ConnectionOwner
  readonly #options: ResolvedNetworkOptions
  readonly #socket: TlsConnection
  readonly #session: ClientSession<Exchange>
  readonly #connectTimer: NodeJS.Timeout
  readonly #ticker: NodeJS.Timeout
  #phase: Phase = 'connecting'
  #referenced = true
  #lastReceivedAtMs: number
  #lastAnsweredAtMs: number
  #lastDispatchedAtMs: number
  /** When the PING was sent that is not answered yet. */
  #pingedAtMs: number | undefined
  #cause: Error | undefined
  /** The TLS handshake is done, and the other end speaks HTTP/2. */
  #isSecure = false
  #requestsLeft: number
  readonly #openedAtMs: number
  /** The last answer was a refusal. */
  #wasRefused = false
  /** A request was answered, and not by turning the connection away. */
  #hasServed = false
  /** Its end is our own wish. */
  #isRetired = false
  /** Since when the server has taken no request although none is open. */
  #standstillAtMs: number | undefined

  constructor(target: TlsTarget, options: ResolvedNetworkOptions, owner: ConnectionOwner) {
    this.#owner = owner
    this.#options = options
    this.#session = new ClientSession<Exchange>(this, { responseFields: RESPONSE_FIELDS })
    const nowMs = performance.now()
    this.#openedAtMs = nowMs
    this.#requestsLeft = options.maxConnectionRequests
    this.#lastReceivedAtMs = nowMs
    this.#lastAnsweredAtMs = nowMs
    this.#lastDispatchedAtMs = nowMs
    this.record = new ConnectionRecord(owner.traffic, 'http2', target)
    this.#socket = this.#connect(target)
    this.#connectTimer = setTimeout(
      () =>
        this.#fail(
          new Error(`no HTTP/2 connection to ${this.#socket.place} within ${options.connectTimeout} s`),
        ),
      options.connectTimeout * 1000,
    )
    // Sockets are read between timers and immediates. After the process was held up, answers that came in time would
    // otherwise be read too late, and what they are about be sent twice.
    this.#ticker = setInterval(
      () => setImmediate(() => this.#tick(performance.now())),
      tickMs(options),
    ).unref()
  }

  /** Whether it is on its way to taking its first request, or has just sent it. */
  get isWarmingUp(): boolean {
    return this.#phase === 'connecting' || this.#phase === 'probing'
  }

  /** Whether it takes requests, now or in a moment. */
  get isUsable(): boolean {
    return this.isWarmingUp || this.#phase === 'open'
  }

  get isConnected(): boolean {
    return this.#phase !== 'connecting' && this.#phase !== 'closed'
  }

  /** Whether the server's limits, on streams or on bytes in flight, keep it from taking another request. */
  get isFull(): boolean {
    return this.#phase === 'open' && !this.#socket.needsDrain && this.#session.capacity === 0
  }

  /** Whether the server takes a single request at a time since it has refused one: Apple's does so until it accepts one. */
  get isThrottled(): boolean {
    return this.#wasRefused && this.#phase === 'open' && this.#session.peerMaxConcurrentStreams === 1
  }

  get openStreams(): number {
    return this.#session.openStreams
  }

  /** Undefined when it is closed. */
  get stats(): ConnectionStats | undefined {
    return this.#phase === 'closed' ? undefined : this.record.stats(this.#phase, this.openStreams)
  }

  /** How many requests it takes right now. */
  get capacity(): number {
    if (this.#phase === 'open') return this.#socket.needsDrain ? 0 : this.#session.capacity
    return this.#phase === 'probing' && this.#session.openStreams === 0
      ? Math.min(1, this.#session.capacity)
      : 0
  }

  /** Sends a notification; there must be capacity. It leaves with the next `flush`. */
  send(
    notification: Notification,
    head: RequestHead,
    providerToken: string | undefined,
    nowMs: number,
  ): void {
    if (this.#session.openStreams === 0 && nowMs - this.#lastReceivedAtMs > STALE_AFTER_MS) this.#ping(nowMs)
    this.#lastDispatchedAtMs = nowMs
    this.record.requested(notification)
    this.#session.request(
      new Exchange(notification, providerToken, nowMs),
      head,
      bodyOf(notification.message),
    )
    if (--this.#requestsLeft === 0) this.retire()
  }

  /** Writes what is to be written, in one piece. */
  flush(): void {
    if (this.#phase === 'closed' || !this.#isSecure) return
    const output = this.#session.takeOutput()
    if (output !== undefined) this.#socket.write(output, () => this.#session.recycle(output))
  }

  /** Whether it keeps the process alive. */
  setReferenced(referenced: boolean): void {
    if (referenced === this.#referenced) return
    this.#referenced = referenced
    this.#socket.setReferenced(referenced)
  }

  /**
   * No more requests on this one; it closes when the present ones are answered.
   *
   * @param wish whose it is: where the server's answers turn every connection away, opening others at once is no help
   */
  retire(wish: 'ours' | 'server' = 'ours'): void {
    if (this.#phase === 'closed' || this.#phase === 'draining') return
    this.#isRetired = wish === 'ours'
    if (this.#phase === 'connecting') {
      this.#end()
      return
    }
    this.#phase = 'draining'
    this.#endIfDrained()
    this.#owner.changed(this)
  }

  /** Ends it at once. Resolves when the socket is gone. */
  close(): Promise<void> {
    const closed = this.#socket.whenClosed()
    this.#isRetired = true
    this.#end()
    return closed
  }

  /** Resolves when the socket is gone. */
  whenClosed(): Promise<void> {
    return this.#socket.whenClosed()
  }

  // What the session tells.

  field(exchange: Exchange, name: string, value: string): void {
    exchange.field(name, value)
  }

  data(exchange: Exchange, chunk: Uint8Array): void {
    exchange.data(chunk)
  }

  end(exchange: Exchange): void {
    this.#lastAnsweredAtMs = this.#lastReceivedAtMs
    this.#wasRefused = exchange.status !== OK
    if (this.#phase === 'probing') this.#phase = 'open'
    this.#owner.answered(this, exchange)
    if (this.#phase === 'open') this.#hasServed = true
  }

  reset(exchange: Exchange, reset: StreamReset): void {
    this.#owner.unanswered(this, exchange, reset)
  }

  settings(): void {
    if (this.#phase === 'connecting') {
      this.#phase = 'probing'
      clearTimeout(this.#connectTimer)
    }
    this.record.allowed(this.#session.peerMaxConcurrentStreams)
  }

  goaway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    if (this.#phase === 'closed') return
    if (this.#phase !== 'draining') this.#phase = 'draining'
    clearTimeout(this.#connectTimer)
    const refusal = parseRefusal(Buffer.from(debugData).toString('latin1'))
    this.record.goAway(lastStreamId, code, refusal?.reason)
    // Without an error code it is an orderly end, of an idle connection for instance.
    if (code !== ErrorCode.NO_ERROR) {
      this.#cause = new Error(
        `the server closed the connection: ${refusal?.reason ?? `HTTP/2 error code ${code}`}`,
      )
    }
    if (refusal !== undefined) this.#owner.goingAway(this, refusal.reason)
  }

  pong(): void {
    if (this.#pingedAtMs !== undefined) this.record.ponged(this.#lastReceivedAtMs - this.#pingedAtMs)
    this.#pingedAtMs = undefined
  }

  failed(error: Http2Error): void {
    this.#cause = error
    this.#end()
  }

  #connect(target: TlsTarget): TlsConnection {
    return new TlsConnection(target, 'http2', {
      secured: () => {
        this.#isSecure = true
        this.flush()
      },
      received: (chunk) => this.#receive(chunk),
      drained: () => this.#owner.changed(this),
      ended: () =>
        this.#fail(
          this.#cause ??
            (this.#phase === 'draining' ? undefined : new Error('the server closed the connection')),
        ),
      failed: (error) => this.#fail(error),
      closed: () => this.#fail(this.#cause),
    })
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'closed') return
    this.#lastReceivedAtMs = performance.now()
    this.#session.receive(chunk, this.#lastReceivedAtMs)
    this.#endIfDrained()
    this.#owner.changed(this)
  }

  /** Deadlines and health, a few times within the shortest of them. */
  #tick(nowMs: number): void {
    if (!this.isConnected) return
    this.#checkDeadlines(nowMs)
    this.#checkStandstill(nowMs)
    if (nowMs - this.#openedAtMs >= this.#options.maxConnectionAge * 1000) this.retire()
    const silentMs = nowMs - this.#lastReceivedAtMs
    if (this.#pingedAtMs !== undefined) {
      const unansweredMs = nowMs - this.#pingedAtMs
      if (unansweredMs >= this.#options.pingTimeout * 1000)
        this.#fail(new Error(`a PING was not answered within ${this.#options.pingTimeout} s`))
    } else if (silentMs >= this.#options.pingInterval * 1000) {
      this.#ping(nowMs)
      this.flush()
    }
  }

  #checkDeadlines(nowMs: number): void {
    const timeoutMs = this.#options.requestTimeout * 1000
    for (const exchange of this.#session.streams()) {
      if (nowMs - exchange.dispatchedAtMs < timeoutMs) break
      if (this.#lastReceivedAtMs < exchange.dispatchedAtMs) {
        // Not a byte since: the connection is dead, and everything on it would wait for its own deadline in vain.
        this.#fail(new Error(`the server has been silent for ${this.#options.requestTimeout} s`))
        return
      }
      const wedged = this.#lastAnsweredAtMs < exchange.dispatchedAtMs
      this.#session.cancel(exchange)
      this.#owner.unanswered(this, exchange, { cause: 'timeout', unprocessed: false })
      // Bytes, but not one answer: such connections have been seen to stay wedged until they were closed.
      if (wedged) this.retire()
      // What it had is free for another, which nothing else would say where it is not sent again.
      else this.#owner.changed(this)
    }
    this.#endIfDrained()
    this.flush()
  }

  /** A server that takes no streams at all may do so for ever, and would keep its place from one that does. */
  #checkStandstill(nowMs: number): void {
    const isStill = this.isUsable && this.#session.openStreams === 0 && this.#session.capacity === 0
    this.#standstillAtMs = isStill ? (this.#standstillAtMs ?? nowMs) : undefined
    const { connectTimeout } = this.#options
    if (isStill && nowMs - (this.#standstillAtMs ?? nowMs) >= connectTimeout * 1000)
      this.#fail(new Error(`the server has taken no request for ${connectTimeout} s`))
  }

  /** How long it has had nothing to do, in milliseconds. */
  idleMs(nowMs: number): number {
    return this.#session.openStreams > 0
      ? 0
      : nowMs - Math.max(this.#lastAnsweredAtMs, this.#lastDispatchedAtMs)
  }

  #ping(nowMs: number): void {
    if (this.#pingedAtMs !== undefined) return
    this.#pingedAtMs = nowMs
    this.record.pinged()
    this.#session.ping()
  }

  #endIfDrained(): void {
    if (this.#phase === 'draining' && this.#session.openStreams === 0) this.#end()
  }

  /** The connection broke, or its time was up. */
  #fail(cause: Error | undefined): void {
    this.#socket.destroy()
    this.#finish(cause)
  }

  /** The orderly end: what is still to be written is, and then the socket closes. */
  #end(): void {
    // Not earlier: there are servers that close at once when they read it, answered or not.
    if (this.isConnected) this.#session.goAway()
    this.flush()
    this.#socket.end()
    this.#finish(this.#cause)
  }

  #finish(cause: Error | undefined): void {
    if (this.#phase === 'closed') return
    const end = {
      cause,
      connected: this.#phase !== 'connecting',
      failed: cause !== undefined || !(this.#hasServed || this.#isRetired),
    }
    this.#phase = 'closed'
    clearTimeout(this.#connectTimer)
    clearInterval(this.#ticker)
    this.record.closed(end, this.#isRetired)
    this.#session.lost()
    this.#owner.closed(this, end)
  }
}

const MIN_TICK_MS = 5
const MAX_TICK_MS = 1000

function tickMs({ requestTimeout, pingTimeout, pingInterval }: ResolvedNetworkOptions): number {
  const shortestMs = Math.min(requestTimeout, pingTimeout, pingInterval) * 1000
  return Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, shortestMs / 4))
}
