import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type PresentedCertificate, presentedCertificate, refuseCertificate } from './client-certificate.js'
import { ConnectionJournal } from './connection-journal.js'
import type { Conduct } from './connection-rule.js'
import { ConnectionTap } from './connection-tap.js'
import type { Admission } from './doorway.js'
import { errorCodeNumber } from './error-codes.js'
import { Exchange, type ExchangeConnection, type ExchangeContext } from './exchange.js'
import type { JournalKeeper } from './journal.js'
import { readRequest } from './notification-request.js'
import { inMilliseconds, performAfterSettings, performBeforeSettings } from './perform-conduct.js'
import { ProviderAuthentication } from './provider-authentication.js'
import type { ProviderTokenVerifier } from './provider-token.js'
import type { Refusal } from './refusal.js'
import { WEDGED } from './reply.js'
import type { Cut, GoAwayOptions } from './rule.js'
import { isError, StreamLimit } from './stream-limit.js'
import { Timers } from './timers.js'
import type { Topics } from './topics.js'
import { type Authenticated, isRefusal } from './validation.js'

/** What the connections of one simulator share. */
export interface ConnectionContext extends ExchangeContext {
  readonly verifier: ProviderTokenVerifier
  readonly journal: JournalKeeper | undefined
  readonly topics: Topics
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
 *       ├───────────disconnect(), or the client closes──────────▲
 *       └───────────fallSilent()──▶ black hole ──its end────────┘
 */
export class ServerConnection implements ExchangeConnection {
  /** Counted from 1. */
  readonly number: number
  readonly journal: ConnectionJournal
  /** Resolves when the connection is no more. */
  readonly gone: Promise<void>
  readonly #context: ConnectionContext
  readonly #conduct: Conduct
  readonly #tap: ConnectionTap
  readonly #session: ServerHttp2Session
  readonly #certificate: PresentedCertificate | undefined
  readonly #authentication: ProviderAuthentication
  readonly #limit: StreamLimit
  readonly #idleTimer: NodeJS.Timeout | undefined
  readonly #timers = new Timers()
  #arrived = 0
  /** Which bundle ids it knows: those of its first push. */
  #topicsVersion: number | undefined
  #highestAnswered = 0
  #refusals = 0
  #isGoingAway = false
  #isWedged = false
  #isBlackHole = false
  /** Who ends it, where that is not the client. */
  #end: string | undefined

  constructor({ number, socket, transport, conduct }: Admission, context: ConnectionContext) {
    const { options } = context
    this.number = number
    this.#context = context
    this.#conduct = conduct
    this.#certificate = presentedCertificate(socket)
    this.#authentication = new ProviderAuthentication(context.verifier, options)
    this.journal = new ConnectionJournal(context.journal, number)
    this.#tap = new ConnectionTap(socket, transport, {
      answered: (streamId) => this.journal.settle(streamId, 'answered'),
      reset: (streamId) => this.journal.settle(streamId, 'reset'),
      cancelled: (streamId) => this.journal.cancelled(streamId),
      failed: () => {
        this.#end ??= 'HTTP/2 error'
      },
    })
    performBeforeSettings(conduct, this.#tap, this)
    const limits = {
      initial: options.initialStreamLimit,
      full: conduct.streamLimit?.streamLimit ?? context.streamLimit,
      known: this.#certificate !== undefined,
    }
    const initialWindowSize = conduct.initialWindow?.initialWindow ?? SETTINGS.initialWindowSize
    this.#session = http2.performServerHandshake(this.#tap, {
      ...NODE_LIMITS,
      settings: { ...SETTINGS, initialWindowSize, ...StreamLimit.settings(StreamLimit.first(limits)) },
    })
    this.#limit = new StreamLimit(this.#session, limits)
    if (options.idleTimeoutMs > 0) {
      this.#idleTimer = setTimeout(() => this.#onIdle(), options.idleTimeoutMs)
    }
    this.gone = this.#listen()
    performAfterSettings(conduct, this)
    this.#endLater(conduct)
  }

  /** Whether it is alive, as far as can be seen. */
  get isOpen(): boolean {
    return !this.#isBlackHole
  }

  get openStreams(): number {
    return this.#tap.destroyed || this.#isBlackHole ? 0 : this.#tap.ledger.open
  }

  get mostOpenStreams(): number {
    return this.#tap.ledger.mostOpen
  }

  get streamLimitViolations(): number {
    return this.#tap.ledger.violations
  }

  isComplete(streamId: number): boolean {
    return this.#tap.ledger.hasClientEnded(streamId)
  }

  /** Counts a request, and says the how manyth it is. */
  nextIndex(): number {
    this.#arrived += 1
    return this.#arrived
  }

  /** Lets the client have up to `limit` streams, as soon as it is known; for a time, if `forMs` is given. */
  setStreamLimit(limit: number, forMs?: number): void {
    this.#limit.setFull(limit)
    if (forMs !== undefined) this.#timers.after(forMs, () => this.#limit.setFull(this.#context.streamLimit))
  }

  /** Announces the end, as often as there are announcements, answers the streams up to the last one and closes. */
  goAway([first, ...others]: readonly GoAwayOptions[], why: string): void {
    if (first === undefined) return
    this.#isGoingAway = true
    this.#end ??= why
    const { lastStreamId = 'received', code = 'NO_ERROR', reason } = first
    const named = { received: this.#tap.ledger.highestId, answered: this.#highestAnswered }
    const last = typeof lastStreamId === 'number' ? lastStreamId : named[lastStreamId]
    const debugData = first.debugData ?? (reason === undefined ? '' : JSON.stringify({ reason }))
    this.#tap.goAway(last, errorCodeNumber(code), debugData, others.length === 0)
    this.journal.abandonedAbove(last)
    const pauseMs = (others[0]?.after ?? 0) * 1000
    if (pauseMs > 0) this.#timers.after(pauseMs, () => this.goAway(others, why))
    else this.goAway(others, why)
  }

  /** Ends the connection otherwise than in order. */
  disconnect(cut: Cut, why: string): void {
    this.#end ??= why
    this.#tap.cut(cut)
  }

  /** Nothing is read or written any more; with `forMs`, TCP RST ends that. */
  fallSilent(forMs: number | undefined, why: string): void {
    if (this.#isBlackHole) return
    this.#isBlackHole = true
    this.#end ??= why
    this.journal.silent(why)
    clearTimeout(this.#idleTimer)
    this.#tap.fallSilent()
    if (forMs !== undefined) this.#timers.after(forMs, () => this.#tap.cut('reset'))
    this.#context.changed()
  }

  /** Answers 429 `TooManyProviderTokenUpdates` to everything from now on. */
  wedge(): void {
    this.#isWedged = true
  }

  isAbandoned(streamId: number): boolean {
    return this.#isBlackHole || this.#tap.isAbandoned(streamId)
  }

  answered(streamId: number, status: number): void {
    this.#highestAnswered = Math.max(this.#highestAnswered, streamId)
    const { shrinkOnRefusal, refusalLimit } = this.#context.options
    if (shrinkOnRefusal) this.#limit.afterAnswer(status)
    if (!isError(status)) return
    this.#refusals += 1
    if (this.#refusals === refusalLimit) this.goAway([{}], 'refusal limit')
  }

  authenticate(authorization: string | undefined, now: number): Authenticated | Refusal {
    if (this.#isWedged) return WEDGED
    // A header is ignored on a connection that has a certificate.
    if (this.#certificate !== undefined) return this.#checkCertificate(this.#certificate, now)
    const key = this.#authentication.authenticate(authorization, now)
    if (isRefusal(key)) {
      this.#isWedged = this.#context.options.wedgeOnTokenUpdates && key.reason === WEDGED.reason
      return key
    }
    this.#limit.authenticated()
    this.#topicsVersion ??= this.#context.topics.version
    return { kind: 'token', key, topicsVersion: this.#topicsVersion }
  }

  #checkCertificate(certificate: PresentedCertificate, now: number): Authenticated | Refusal {
    if (this.#conduct.clientCertificate !== undefined) return { status: 403, reason: 'BadCertificate' }
    const refusal = refuseCertificate(certificate, this.#context.options.environment, now)
    return refusal ?? { kind: 'certificate', certificate }
  }

  /** Ends what rules for connections want for a time only. */
  #endLater({ stallWindow, streamLimit }: Conduct): void {
    const windowsMs = inMilliseconds(stallWindow?.for)
    if (windowsMs !== undefined) this.#timers.after(windowsMs, () => this.#tap.holdWindows(false))
    const limitMs = inMilliseconds(streamLimit?.for)
    if (limitMs !== undefined) {
      this.#timers.after(limitMs, () => this.#limit.setFull(this.#context.streamLimit))
    }
  }

  #listen(): Promise<void> {
    // Node's session answers the client's GOAWAY with one that says every stream was processed. Ours has the last word.
    const goAway = this.#session.goaway.bind(this.#session)
    this.#session.goaway = (...frame) => {
      if (!this.#isGoingAway) goAway(...frame)
    }
    // The fourth argument, the header list as it was sent, is documented by Node but not in its types.
    this.#session.on('stream', (stream: ServerHttp2Stream, ...[, , rawHeaders]: unknown[]) =>
      this.#onStream(stream, rawHeaders as string[]),
    )
    // A client that misbehaves or vanishes is its own test's business; here the connection just ends.
    this.#session.on('error', () => this.#tap.destroy())
    this.#session.on('close', () => this.#tap.destroy())
    this.#tap.on('error', () => undefined)
    return new Promise((resolve) => {
      this.#tap.once('close', () => {
        clearTimeout(this.#idleTimer)
        this.#timers.clear()
        this.#session.destroy()
        this.journal.closed(this.#end ?? 'the client', this.#tap.endedInOrder)
        resolve()
      })
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
    new Exchange(stream, readRequest(rawHeaders), this, this.#context).start()
  }

  #onViolation(stream: ServerHttp2Stream): void {
    if (this.#context.options.onStreamLimitViolation === 'refuse') {
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    } else {
      const reason = 'Maximum active streams violated for this endpoint'
      this.goAway([{ lastStreamId: 'answered', code: 'PROTOCOL_ERROR', reason }], 'stream limit')
    }
    this.#context.changed()
  }

  #onStreamClosed(): void {
    this.#idleTimer?.refresh()
    this.#context.changed()
  }

  #onIdle(): void {
    if (this.#tap.ledger.open > 0) this.#idleTimer?.refresh()
    else this.goAway([{ reason: 'IdleTimeout' }], 'idle timeout')
  }
}
