import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { ByteMark } from './byte-mark.js'
import { FLAG, FRAME_TYPE, FrameScanner, type PayloadByte } from './frame-scanner.js'
import { GoAwayCode, goAwayFrame } from './goaway-frame.js'
import { endAndLinger } from './linger.js'
import type { Cut } from './rule.js'
import { SettingsRewriter } from './settings-rewriter.js'
import { StreamLedger } from './stream-ledger.js'
import { resetTcp } from './tcp-reset.js'
import { WindowHold } from './window-hold.js'

/** "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" (RFC 9113 section 3.4). */
const CLIENT_PREFACE_BYTES = 24
const NOT_GOING_AWAY = Number.POSITIVE_INFINITY

/**
 * What becomes of the session's output:
 *
 *     sent ──last GOAWAY, and every stream that it covers has ended──▶ ended   nothing is sent any more; the socket closes
 *       ├──────half-close, or the position of a cut is reached───────▶ muted   nothing is sent any more
 *       ├───────────────────close, reset─────────────────────────────▶ cut     nothing is sent or read any more
 *       └─────────────────────black hole─────────────────────────────▶ hole    the same, and the socket stays
 */
type Output = 'sent' | 'ended' | 'muted' | 'cut' | 'hole'

/** What a tap tells of single streams. */
export interface TapEvents {
  /** The end of an answer has been sent. */
  answered(streamId: number): void
  /** RST_STREAM has been sent. */
  reset(streamId: number): void
  /** The client has reset the stream. */
  cancelled(streamId: number): void
  /** Node's HTTP/2 session has given the client up. */
  failed(): void
}

/**
 * Sits between the TLS socket and Node's HTTP/2 session. It keeps the stream ledger, rewrites the stream limit in
 * outgoing SETTINGS, ends the connection with a GOAWAY of the simulator's own, and does to the bytes what a bad network
 * does to them.
 */
export class ConnectionTap extends Duplex {
  /** The streams of this connection, as seen on the wire. */
  readonly ledger: StreamLedger = new StreamLedger()
  /** The position in what comes from the client where something is to happen. */
  readonly receivedMark: ByteMark = new ByteMark()
  /** The same in what goes to the client. What comes behind it is dropped. */
  readonly sentMark: ByteMark = new ByteMark()
  readonly #socket: TLSSocket
  readonly #transport: Socket
  readonly #events: TapEvents
  readonly #inbound: FrameScanner
  readonly #outbound: FrameScanner
  readonly #rewriter: SettingsRewriter
  readonly #windows = new WindowHold()
  readonly #goAwayCode = new GoAwayCode()
  readonly #waitingFrames: Buffer[] = []
  #lastStreamId = NOT_GOING_AWAY
  #isLastGoAway = false
  #isGone = false
  #whenGone: () => void = () => {}
  #started = false
  /** Nothing is read just now. */
  #isHeld = false
  #output: Output = 'sent'
  #hasClientGoneAway = false
  #endedInOrder = false

  /** `transport` is the TCP socket underneath. */
  constructor(socket: TLSSocket, transport: Socket, events: TapEvents) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    this.#transport = transport
    this.#events = events
    this.#rewriter = new SettingsRewriter((limit) => this.ledger.advertised(limit))
    this.#inbound = new FrameScanner(
      {
        frame: (type, flags, streamId) => {
          this.ledger.fromClient(type, flags, streamId)
          if (type === FRAME_TYPE.resetStream) this.#events.cancelled(streamId)
          if (type === FRAME_TYPE.goAway) this.#hasClientGoneAway = true
          return undefined
        },
      },
      CLIENT_PREFACE_BYTES,
    )
    this.#outbound = new FrameScanner({
      frameType: (type) => this.#windows.frameType(type),
      frame: (type, flags, streamId) => this.#sentFrame(type, flags, streamId),
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('end', () => {
      this.#endedInOrder = this.#hasClientGoneAway && !this.ledger.hasOpenUpTo(this.#lastStreamId)
      this.push(null)
    })
    socket.on('error', (error: Error) => {
      // A client that closes with unread answers in its hands resets the connection.
      this.#endedInOrder = false
      this.destroy(error)
    })
    // The TLS socket has no such event when the one underneath is reset.
    transport.once('close', () => {
      this.#isGone = true
      this.#whenGone()
      this.destroy()
    })
  }

  /** Whether the client has said GOAWAY, and then closed with every answer in its hands. */
  get endedInOrder(): boolean {
    return this.#endedInOrder
  }

  /** Whether streams with this id get no answer any more. */
  isAbandoned(streamId: number): boolean {
    return streamId > this.#lastStreamId
  }

  /**
   * Sends GOAWAY and, if it is the last one, closes the socket when the streams up to the last one have ended. The session
   * is not told: Node cannot send every stream id, and would send a GOAWAY of its own behind it.
   */
  goAway(lastStreamId: number, code: number, debugData: string, isLast: boolean): void {
    // RFC 9113 section 6.8: a later GOAWAY never raises the id.
    this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId)
    this.#isLastGoAway = isLast
    this.#sendOwnFrames([goAwayFrame(this.#lastStreamId, code, debugData)])
    this.#finishWhenAnswered()
  }

  /** The next GOAWAY goes out at once, be it before SETTINGS. */
  startWithOwnFrame(): void {
    this.#started = true
  }

  /** Ends the connection otherwise than in order. */
  cut(cut: Cut): void {
    this.#mute(cut === 'halfClose' ? 'muted' : 'cut')
    if (cut === 'halfClose') this.#socket.end()
    // Node sends RST when it closes the socket, which would be too late if the one above it were destroyed here.
    else if (cut === 'reset') resetTcp(this.#transport, this.#socket)
    else this.destroy()
  }

  /** Reads and writes nothing any more. */
  fallSilent(): void {
    this.#mute('hole')
    this.#socket.pause()
  }

  /** The client's windows do not grow, until this is called with false. */
  holdWindows(isHeld: boolean): void {
    if (isHeld) this.#windows.hold()
    else this.#sendOwnFrames(this.#windows.release())
  }

  override _read(): void {
    if (this.#isRead && !this.#isHeld) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#send([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  override _final(done: () => void): void {
    if (this.#output !== 'hole') this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // One that has ended in order closes by itself, when what it still has to send is sent.
    if (this.#output !== 'ended' || this.#socket.destroyed) this.#socket.destroy()
    // This may be called by another listener to the same event, so a listener of its own could come too late.
    if (this.#isGone) done(error)
    else this.#whenGone = (): void => done(error)
  }

  get #isRead(): boolean {
    return !this.destroyed && (this.#output === 'sent' || this.#output === 'muted')
  }

  #receive(chunk: Buffer): void {
    // What is said after the end is nothing to the session, but a stream that is reset then has been in doubt.
    if (this.#output === 'ended') this.#inbound.scan(chunk)
    if (!this.#isRead) return
    const before = this.receivedMark.take(chunk.length)
    this.#deliver(before === chunk.length ? chunk : chunk.subarray(0, before))
    if (this.receivedMark.isReached) this.#holdAtMark(chunk.subarray(before))
  }

  /** Lets the session deal with what came before the mark, before it happens what is to happen there. */
  #holdAtMark(rest: Buffer): void {
    this.#isHeld = true
    this.#socket.pause()
    setImmediate(() => {
      this.#isHeld = false
      this.receivedMark.fire()
      if (!this.#isRead) return
      if (rest.length > 0) this.#deliver(rest)
      this.#socket.resume()
    })
  }

  #deliver(chunk: Buffer): void {
    this.#inbound.scan(chunk)
    this.#finishWhenAnswered()
    // A session that can not send stops to read, too; then nobody would see the client go.
    if (!this.push(chunk) && this.#output === 'sent') this.#socket.pause()
  }

  #send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (this.#output !== 'sent' || this.#socket.destroyed) {
      done()
      return
    }
    const [first] = chunks
    const joined = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
    const bytes = this.sentMark.take(joined.length)
    const sent = bytes === joined.length ? joined : joined.subarray(0, bytes)
    this.#outbound.scan(sent)
    this.#started = true
    if (this.sentMark.isReached) {
      this.#mute('muted')
      this.#socket.write(sent, () => this.sentMark.fire())
      done()
      return
    }
    this.#socket.write(sent, done)
    this.#sendOwnFrames([])
    if (this.#goAwayCode.isError) this.#endForSession()
    else this.#finishWhenAnswered()
  }

  /** nghttp2 ends a session that it finds too much wrong with, and Node neither says so nor closes it. */
  #endForSession(): void {
    this.#events.failed()
    this.#end()
  }

  #sentFrame(type: number, flags: number, streamId: number): PayloadByte | undefined {
    this.ledger.fromServer(type, flags, streamId)
    if ((type === FRAME_TYPE.headers || type === FRAME_TYPE.data) && (flags & FLAG.endStream) !== 0) {
      this.#events.answered(streamId)
    }
    if (type === FRAME_TYPE.resetStream) this.#events.reset(streamId)
    if (type === FRAME_TYPE.goAway) return this.#goAwayCode.payloadByte
    if (type === FRAME_TYPE.settings) return (position, byte) => this.#rewriter.settingsByte(position, byte)
    return this.#windows.frame(type, streamId)
  }

  /** Sends frames that the session does not know of, between two of its own. */
  #sendOwnFrames(frames: readonly Buffer[]): void {
    this.#waitingFrames.push(...frames)
    // The first frame of a connection is the session's SETTINGS (RFC 9113 section 3.4).
    if (!this.#started || this.#output !== 'sent' || !this.#outbound.atBoundary) return
    for (const frame of this.#waitingFrames.splice(0)) this.#socket.write(frame)
  }

  #finishWhenAnswered(): void {
    if (!this.#isLastGoAway || this.#output !== 'sent' || this.#waitingFrames.length > 0) return
    if (this.ledger.hasOpenUpTo(this.#lastStreamId)) return
    this.#end()
  }

  #end(): void {
    this.#mute('ended')
    endAndLinger(this.#socket)
  }

  #mute(output: Exclude<Output, 'sent'>): void {
    if (this.#output === 'sent' || output === 'cut' || output === 'hole') this.#output = output
  }
}
