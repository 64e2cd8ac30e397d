import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { type PresentedCertificate, presentedCertificate, refuseCertificate } from './client-certificate.js'
import { ConnectionTap } from './connection-tap.js'
import { errorCodeNumber } from './error-codes.js'
import { Exchange, type ExchangeConnection, type ExchangeContext } from './exchange.js'
import { ProviderAuthentication } from './provider-authentication.js'
import type { ProviderTokenVerifier } from './provider-token.js'
import type { Refusal } from './refusal.js'
import type { GoAwayOptions } from './rule.js'
import { StreamLimit } from './stream-limit.js'
import { type Authenticated, isRefusal } from './validation.js'

/** What the connections of one simulator share. */
export interface ConnectionContext extends ExchangeContext {
  readonly verifier: ProviderTokenVerifier
  /** The stream limit of clients that are known. */
  readonly streamLimit: number
}

/** SETTINGS as seen of the service, apart from the stream limit. */
const SETTINGS = {
  headerTableSize: 4096,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: 8000,
} as const
/** Node's own guards, set so high that only the simulator's rules apply. */
const NODE_LIMITS = {
  maxSessionMemory: 1_000,
  maxSessionRejectedStreams: 1_000_000,
  maxOutstandingPings: 1_000,
} as const

/**
 * One client's connection.
 *
 *     open ──goAway()──▶ going away ──last stream answered──▶ closed
 *       └───────────disconnect(), or the client closes──────────▲
 */
export class ServerConnection implements ExchangeConnection {
  /** Counted from 1. */
  readonly number: number
  readonly #context: ConnectionContext
  readonly #tap: ConnectionTap
  readonly #session: ServerHttp2Session
  readonly #certificate: PresentedCertificate | undefined
  readonly #authentication: ProviderAuthentication
  readonly #limit: StreamLimit
  readonly #idleTimer: NodeJS.Timeout | undefined
  #highestAnswered = 0

  /** `closed` is called once, when the connection is no more. */
  constructor(socket: TLSSocket, number: number, context: ConnectionContext, closed: () => void) {
    const { options } = context
    this.number = number
    this.#context = context
    this.#certificate = presentedCertificate(socket)
    this.#authentication = new ProviderAuthentication(context.verifier, options)
    this.#tap = new ConnectionTap(socket)
    const known = this.#certificate !== undefined
    const full = context.streamLimit
    const initial = known ? full : Math.min(options.initialStreamLimit, full)
    this.#session = http2.performServerHandshake(this.#tap, {
      ...NODE_LIMITS,
      settings: { ...SETTINGS, ...StreamLimit.settings(initial) },
    })
    this.#limit = new StreamLimit(this.#session, { initial, full, known })
    if (options.idleTimeoutMs > 0) {
      this.#idleTimer = setTimeout(() => this.#onIdle(), options.idleTimeoutMs)
    }
    this.#listen(closed)
  }

  get openStreams(): number {
    return this.#tap.destroyed ? 0 : this.#tap.ledger.open
  }

  get mostOpenStreams(): number {
    return this.#tap.ledger.mostOpen
  }

  get streamLimitViolations(): number {
    return this.#tap.ledger.violations
  }

  /** Lets the client have up to `limit` streams, as soon as it is known. */
  setStreamLimit(limit: number): void {
    this.#limit.setFull(limit)
  }

  /** Announces the end, answers the streams up to the last one and closes. */
  goAway(goAway: GoAwayOptions): void {
    const { lastStreamId = 'received', code = 'NO_ERROR', reason } = goAway
    const named = { received: this.#tap.ledger.highestId, answered: this.#highestAnswered }
    const last = typeof lastStreamId === 'number' ? lastStreamId : named[lastStreamId]
    // Node's session answers the client's GOAWAY with one that says every stream was processed. Ours has the last word.
    this.#session.goaway = () => undefined
    this.#tap.goAway(last, errorCodeNumber(code), reason === undefined ? '' : JSON.stringify({ reason }))
  }

  /** Cuts the connection. */
  disconnect(): void {
    this.#tap.destroy()
  }

  isAbandoned(streamId: number): boolean {
    return this.#tap.isAbandoned(streamId)
  }

  answered(streamId: number, status: number): void {
    this.#highestAnswered = Math.max(this.#highestAnswered, streamId)
    if (this.#context.options.shrinkOnRefusal) this.#limit.afterAnswer(status)
  }

  authenticate(authorization: string | undefined, now: number): Authenticated | Refusal {
    // A header is ignored on a connection that has a certificate.
    if (this.#certificate !== undefined) {
      const refusal = refuseCertificate(this.#certificate, this.#context.options.environment, now)
      return refusal ?? { kind: 'certificate', certificate: this.#certificate }
    }
    const key = this.#authentication.authenticate(authorization, now)
    if (isRefusal(key)) return key
    this.#limit.authenticated()
    return { kind: 'token', key }
  }

  #listen(closed: () => void): void {
    // The fourth argument, the header list as it was sent, is documented by Node but not in its types.
    this.#session.on('stream', (stream: ServerHttp2Stream, ...[, , rawHeaders]: unknown[]) =>
      this.#onStream(stream, rawHeaders as string[]),
    )
    // A client that misbehaves or vanishes is its own test's business; here the connection just ends.
    this.#session.on('error', () => this.#tap.destroy())
    this.#session.on('close', () => this.#tap.destroy())
    this.#tap.on('error', () => undefined)
    this.#tap.once('close', () => {
      clearTimeout(this.#idleTimer)
      this.#session.destroy()
      closed()
    })
  }

  #onStream(stream: ServerHttp2Stream, rawHeaders: readonly string[]): void {
    const streamId = stream.id ?? 0
    stream.on('error', () => undefined)
    if (stream.destroyed || this.isAbandoned(streamId)) return
    if (this.#tap.ledger.isViolation(streamId)) {
      this.#onViolation(stream)
      return
    }
    stream.once('close', () => this.#onStreamClosed())
    this.#idleTimer?.refresh()
    new Exchange(stream, this, this.#context).start(rawHeaders)
  }

  #onViolation(stream: ServerHttp2Stream): void {
    if (this.#context.options.onStreamLimitViolation === 'refuse') {
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    } else {
      const reason = 'Maximum active streams violated for this endpoint'
      this.goAway({ lastStreamId: 'answered', code: 'PROTOCOL_ERROR', reason })
    }
    this.#context.changed()
  }

  #onStreamClosed(): void {
    this.#idleTimer?.refresh()
    this.#context.changed()
  }

  #onIdle(): void {
    if (this.#tap.ledger.open > 0) this.#idleTimer?.refresh()
    else this.goAway({ reason: 'IdleTimeout' })
  }
}
