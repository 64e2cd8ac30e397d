import type { TLSSocket } from 'node:tls'
import { parseRefusal } from '../backend/http2/verdict.js'
import { abortable } from '../net/probe/abortable.js'
import { ClientSession } from '../protocol/http2/client-session.js'
import { ClientStream } from '../protocol/http2/client-stream.js'
import type { Http2Error } from '../protocol/http2/http2-error.js'
import type { RequestHead } from '../protocol/http2/request-head.js'
import type { SessionEvents, StreamReset } from '../protocol/http2/session-events.js'

/** What a server said to a request. */
export interface Answer {
  readonly status: number
  readonly body: string
  /** Its clock, in the form of RFC 9110 section 5.6.7; undefined when it does not say. */
  readonly date: string | undefined
  /** Wall clock, milliseconds. */
  readonly sentAtMs: number
  readonly answeredAtMs: number
}

/** What the server allows. */
export interface PeerLimits {
  readonly maxConcurrentStreams: number
  readonly maxHeaderListSize: number
}

/** The connection ended, or the request did, without an answer. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  /** What the server gave as its reason. */
  readonly reason: string | undefined

  constructor(message: string, reason: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** How long an orderly end may take. */
const FAREWELL_MS = 500
/** A refusal is some 40 bytes of JSON. */
const MAX_BODY_LENGTH = 4096

class Push extends ClientStream {
  responseBody = ''
  date: string | undefined
  readonly sentAtMs: number = Date.now()
}

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** An HTTP/2 connection for one request, which tells whatever becomes of it. */
export class DoctorSession implements SessionEvents<Push> {
  readonly #socket: TLSSocket
  readonly #session: ClientSession<Push>
  #limits: PeerLimits | undefined
  #failure: NoAnswerError | undefined
  #settingsWaiter: Waiter<PeerLimits> | undefined
  #answerWaiter: Waiter<Answer> | undefined
  #goAwayReason: string | undefined

  /** Takes over a socket that has agreed to speak HTTP/2. */
  constructor(socket: TLSSocket) {
    this.#socket = socket
    this.#session = new ClientSession<Push>(this, { responseFields: ['date'] })
    socket.on('data', (chunk: Buffer) => {
      this.#session.receive(chunk, performance.now())
      this.#flush()
    })
    socket.on('error', (error: Error) => this.#fail('the connection broke', error))
    socket.on('end', () => this.#fail('the server closed the connection'))
    socket.on('close', () => this.#fail('the connection was lost'))
    if (socket.destroyed) this.#fail('the server closed the connection', socket.errored ?? undefined)
    this.#flush()
  }

  /**
   * The server's first SETTINGS.
   *
   * @throws {NoAnswerError}; the signal's reason
   */
  settingsReceived(signal: AbortSignal): Promise<PeerLimits> {
    return this.#wait(signal, (waiter) => {
      this.#settingsWaiter = waiter
      if (this.#limits !== undefined) waiter.resolve(this.#limits)
    })
  }

  /** The limits as they are now. */
  get limits(): PeerLimits {
    const { peerMaxConcurrentStreams, peerMaxHeaderListSize } = this.#session
    return { maxConcurrentStreams: peerMaxConcurrentStreams, maxHeaderListSize: peerMaxHeaderListSize }
  }

  /**
   * Sends a request. Only after `settingsReceived`, and once.
   *
   * @throws {NoAnswerError}; the signal's reason
   */
  request(head: RequestHead, body: Uint8Array | undefined, signal: AbortSignal): Promise<Answer> {
    return this.#wait(signal, (waiter) => {
      this.#answerWaiter = waiter
      if (this.#session.capacity === 0) {
        waiter.reject(new NoAnswerError('the server allows no request at all', undefined))
        return
      }
      this.#session.request(new Push(), head, body)
      this.#flush()
    })
  }

  /** The orderly end. */
  close(): void {
    this.#session.goAway()
    this.#flush()
    this.#session.lost()
    this.#socket.destroySoon()
    // A server that does not read would keep the last bytes, and the socket, for ever.
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref()
  }

  // What the session tells.

  field(push: Push, _name: string, value: string): void {
    push.date = value
  }

  data(push: Push, chunk: Uint8Array): void {
    if (push.responseBody.length < MAX_BODY_LENGTH) push.responseBody += Buffer.from(chunk).toString('latin1')
  }

  end({ status, responseBody: body, date, sentAtMs }: Push): void {
    this.#answerWaiter?.resolve({ status, body, date, sentAtMs, answeredAtMs: Date.now() })
  }

  reset(_push: Push, { code, cause }: StreamReset): void {
    // What becomes of the connection is told by itself, and says more.
    if (cause === 'peer' || cause === 'protocol')
      this.#answerWaiter?.reject(this.#noAnswer(`the server gave the request up (HTTP/2 error code ${code})`))
  }

  settings(): void {
    this.#limits = this.limits
    this.#settingsWaiter?.resolve(this.#limits)
  }

  goaway(_lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.#goAwayReason = parseRefusal(Buffer.from(debugData).toString('latin1'))?.reason
    if (this.#session.openStreams === 0)
      this.#fail(`the server sent the client away (HTTP/2 error code ${code})`)
  }

  pong(): void {}

  failed(error: Http2Error): void {
    this.#fail('the server does not keep to HTTP/2', error)
  }

  #wait<T>(signal: AbortSignal, begin: (waiter: Waiter<T>) => void): Promise<T> {
    return abortable<T>(
      signal,
      () => {},
      (resolve, reject) => {
        if (this.#failure === undefined) begin({ resolve, reject })
        else reject(this.#failure)
      },
    )
  }

  /** The first failure counts: the rest are its consequences. */
  #fail(what: string, cause?: Error): void {
    this.#failure ??= this.#noAnswer(cause === undefined ? what : `${what}: ${cause.message.trim()}`, cause)
    this.#settingsWaiter?.reject(this.#failure)
    this.#answerWaiter?.reject(this.#failure)
  }

  #noAnswer(message: string, cause?: Error): NoAnswerError {
    return new NoAnswerError(message, this.#goAwayReason, { cause })
  }

  #flush(): void {
    const output = this.#session.takeOutput()
    if (output !== undefined && this.#socket.writable) this.#socket.write(output)
  }
}
