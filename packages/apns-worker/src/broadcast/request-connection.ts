import { parseRefusal, verdictOn } from '../backend/http2/verdict.js'
import { ConnectionRecord } from '../diagnostics/connection-record.js'
import type { ConnectionStats, Traffic } from '../diagnostics/traffic.js'
import type { TlsTarget } from '../net/tls-connect.js'
import { TlsConnection } from '../net/tls-connection.js'
import { ClientSession } from '../protocol/http2/client-session.js'
import { ClientStream } from '../protocol/http2/client-stream.js'
import { ErrorCode } from '../protocol/http2/error-code.js'
import type { Http2Error } from '../protocol/http2/http2-error.js'
import type { RequestHead } from '../protocol/http2/request-head.js'
import type { SessionEvents, StreamReset } from '../protocol/http2/session-events.js'

/** The response fields that mean something to us. */
const RESPONSE_FIELDS: readonly string[] = ['apns-channel-id', 'retry-after']
/**
 * The longest answer is the list of an app's channels: 10,000 of them at most. Apple's ids have some 24 characters; this
 * leaves 400 bytes for each.
 */
const MAX_RESPONSE_BODY_BYTES = 4 * 1024 * 1024
/** A connection that has nothing to do may be cut by a firewall unheard, and a request over it be lost. */
const IDLE_TIMEOUT_MS = 60_000

/** One request, and what has come back so far. */
export class RequestStream extends ClientStream {
  readonly fields: Map<string, string> = new Map()
  readonly #chunks: Buffer[] = []

  data(chunk: Uint8Array): void {
    // The chunk is a view of bytes that are used again.
    this.#chunks.push(Buffer.from(chunk))
  }

  get responseBody(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

/** Who decides what a connection's news mean. */
export interface RequestOwner<S extends RequestStream> {
  /** It may take more requests than before. */
  changed(): void
  answered(stream: S): void
  unanswered(stream: S, reset: StreamReset): void
  /** The server named a reason for closing it. */
  goingAway(reason: string): void
  /** Called once, last. `cause`: what went wrong; `failed`: another one might fail as well. */
  closed(connection: RequestConnection<S>, cause: Error | undefined, failed: boolean): void
}

/**
 * One HTTP/2 connection for requests that come now and then; it ends itself when it has had nothing to do for a minute.
 *
 *     connecting ──SETTINGS──▶ open ──GOAWAY, retire──▶ draining ──last answer──▶ closed
 *
 * Any of them ends in `closed` when the socket does.
 */
export class RequestConnection<S extends RequestStream> implements SessionEvents<S> {
  readonly #owner: RequestOwner<S>
  readonly #traffic: Traffic
  readonly #record: ConnectionRecord
  readonly #session: ClientSession<S>
  readonly #socket: TlsConnection
  readonly #connectTimer: NodeJS.Timeout
  #idleTimer: NodeJS.Timeout | undefined
  #phase: 'connecting' | 'open' | 'draining' | 'closed' = 'connecting'
  #isSecure = false
  #hasServed = false
  #isRetired = false
  #cause: Error | undefined

  /**
   * @param connectTimeout seconds until it has to be open
   * @param traffic counts what it does
   */
  constructor(target: TlsTarget, connectTimeout: number, traffic: Traffic, owner: RequestOwner<S>) {
    this.#owner = owner
    this.#traffic = traffic
    this.#record = new ConnectionRecord(traffic, 'http2', target)
    this.#session = new ClientSession<S>(this, {
      responseFields: RESPONSE_FIELDS,
      maxResponseBodyBytes: MAX_RESPONSE_BODY_BYTES,
    })
    this.#socket = new TlsConnection(target, 'http2', {
      secured: () => {
        this.#isSecure = true
        this.flush()
      },
      received: (chunk) => this.#receive(chunk),
      drained: () => this.#owner.changed(),
      ended: () =>
        this.#fail(
          this.#cause ??
            (this.#phase === 'draining' ? undefined : new Error('the server closed the connection')),
        ),
      failed: (error) => this.#fail(error),
      closed: () => this.#fail(this.#cause),
    })
    const late = (): void =>
      this.#fail(new Error(`no HTTP/2 connection to ${this.#socket.place} within ${connectTimeout} s`))
    this.#connectTimer = setTimeout(late, connectTimeout * 1000).unref()
  }

  /** Whether it takes requests, now or in a moment. */
  get isUsable(): boolean {
    return this.#phase === 'connecting' || this.#phase === 'open'
  }

  /** Whether the server's SETTINGS have come, and it is not over. */
  get isConnected(): boolean {
    return this.#session.settingsReceived && this.#phase !== 'closed'
  }

  /** Undefined once it is closed. */
  get stats(): ConnectionStats | undefined {
    return this.#phase === 'closed' ? undefined : this.#record.stats(this.#phase, this.#session.openStreams)
  }

  /** How many requests it takes right now. */
  get capacity(): number {
    return this.#phase === 'open' && !this.#socket.needsDrain ? this.#session.capacity : 0
  }

  /** Sends a request; there must be capacity. It leaves with the next `flush`. */
  send(stream: S, head: RequestHead, body: string | undefined): void {
    clearTimeout(this.#idleTimer)
    this.#record.sent++
    this.#session.request(stream, head, body)
  }

  /** Writes what is to be written. */
  flush(): void {
    if (this.#phase === 'closed' || !this.#isSecure) return
    const output = this.#session.takeOutput()
    if (output !== undefined) this.#socket.write(output, () => this.#session.recycle(output))
  }

  /** Nobody waits for this answer any more. */
  cancel(stream: S): void {
    this.#traffic.unanswered++
    this.#session.cancel(stream)
    this.#rest()
    this.flush()
  }

  /** From now on it does not keep the process alive. */
  unreference(): void {
    this.#socket.setReferenced(false)
  }

  /** No more requests on this one; it closes when the present ones are answered. */
  retire(): void {
    if (!this.isUsable) return
    this.#isRetired = true
    const isOpen = this.#phase === 'open'
    this.#phase = 'draining'
    if (isOpen) this.#rest()
    else this.#end()
  }

  /** Ends it at once. Resolves when the socket is gone. */
  close(): Promise<void> {
    const closed = this.#socket.whenClosed()
    this.#isRetired = true
    this.#end()
    return closed
  }

  // What the session tells.

  field(stream: S, name: string, value: string): void {
    stream.fields.set(name, value)
  }

  data(stream: S, chunk: Uint8Array): void {
    stream.data(chunk)
  }

  end(stream: S): void {
    this.#hasServed = true
    this.#record.answered++
    const { status, responseBody } = stream
    if (status < 200 || status > 299)
      this.#traffic.refused(status, verdictOn(status, responseBody.toString('latin1')).failure.reason)
    this.#owner.answered(stream)
  }

  reset(stream: S, reset: StreamReset): void {
    this.#traffic.unanswered++
    this.#owner.unanswered(stream, reset)
  }

  settings(): void {
    if (this.#phase === 'connecting') {
      this.#phase = 'open'
      clearTimeout(this.#connectTimer)
    }
    this.#record.allowed(this.#session.peerMaxConcurrentStreams)
  }

  goaway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    if (this.#phase === 'closed') return
    this.#phase = 'draining'
    clearTimeout(this.#connectTimer)
    const refusal = parseRefusal(Buffer.from(debugData).toString('latin1'))
    this.#record.goAway(lastStreamId, code, refusal?.reason)
    if (code !== ErrorCode.NO_ERROR) {
      this.#cause = new Error(
        `the server closed the connection: ${refusal?.reason ?? `HTTP/2 error code ${code}`}`,
      )
    }
    if (refusal !== undefined) this.#owner.goingAway(refusal.reason)
  }

  pong(): void {}

  failed(error: Http2Error): void {
    this.#cause = error
    this.#end()
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === 'closed') return
    this.#session.receive(chunk, performance.now())
    this.#rest()
    this.flush()
    this.#owner.changed()
  }

  /** What follows when nothing is left to be answered. */
  #rest(): void {
    if (this.#session.openStreams > 0) return
    if (this.#phase === 'draining') this.#end()
    if (this.#phase !== 'open') return
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.retire(), IDLE_TIMEOUT_MS).unref()
  }

  #fail(cause: Error | undefined): void {
    this.#socket.destroy()
    this.#finish(cause)
  }

  /** The orderly end: what is still to be written is, and then the socket closes. */
  #end(): void {
    if (this.#session.settingsReceived) this.#session.goAway()
    this.flush()
    this.#socket.end()
    this.#finish(this.#cause)
  }

  #finish(cause: Error | undefined): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    clearTimeout(this.#connectTimer)
    clearTimeout(this.#idleTimer)
    const failed = !(this.#hasServed || this.#isRetired)
    this.#record.closed({ cause, failed: failed || cause !== undefined }, this.#isRetired)
    this.#session.lost()
    this.#owner.closed(this, cause, failed)
  }
}
