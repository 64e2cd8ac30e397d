import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { FRAME_TYPE, FrameScanner } from './frame-scanner.js'
import { SettingsRewriter } from './settings-rewriter.js'
import { StreamLedger } from './stream-ledger.js'

/** "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" (RFC 9113 section 3.4). */
const CLIENT_PREFACE_BYTES = 24
const NOT_GOING_AWAY = Number.POSITIVE_INFINITY

/**
 * Sits between the TLS socket and Node's HTTP/2 session. It keeps the stream ledger, rewrites the stream limit in
 * outgoing SETTINGS, and ends the connection with a GOAWAY of the simulator's own.
 */
export class ConnectionTap extends Duplex {
  /** The streams of this connection, as seen on the wire. */
  readonly ledger: StreamLedger = new StreamLedger()
  readonly #socket: TLSSocket
  readonly #inbound: FrameScanner
  readonly #outbound: FrameScanner
  readonly #waitingFrames: Buffer[] = []
  #lastStreamId = NOT_GOING_AWAY
  #started = false
  #silenced = false

  constructor(socket: TLSSocket) {
    super({ allowHalfOpen: true })
    this.#socket = socket
    const { ledger } = this
    this.#inbound = new FrameScanner(
      {
        frame: (type, flags, streamId) => ledger.fromClient(type, flags, streamId),
        settingsByte: (_position, byte) => byte,
      },
      CLIENT_PREFACE_BYTES,
    )
    const rewriter = new SettingsRewriter((limit) => ledger.advertised(limit))
    this.#outbound = new FrameScanner({
      frame: (type, flags, streamId) => ledger.fromServer(type, flags, streamId),
      settingsByte: (position, byte) => rewriter.settingsByte(position, byte),
    })
    socket.on('data', (chunk: Buffer) => {
      this.#inbound.scan(chunk)
      this.#finishWhenAnswered()
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error: Error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** Whether streams with this id get no answer any more. */
  isAbandoned(streamId: number): boolean {
    return streamId > this.#lastStreamId
  }

  /**
   * Sends GOAWAY and closes the socket when the streams up to the last one have ended. The session is not told: Node
   * cannot send every stream id, and would send a GOAWAY of its own behind it.
   */
  goAway(lastStreamId: number, code: number, debugData: string): void {
    // RFC 9113 section 6.8: a later GOAWAY never raises the id.
    this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId)
    this.#waitingFrames.push(goAwayFrame(this.#lastStreamId, code, debugData))
    this.#sendWaitingFrames()
    this.#finishWhenAnswered()
  }

  override _read(): void {
    this.#socket.resume()
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
    this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#silenced) this.#socket.destroy()
    done(error)
  }

  #send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (this.#silenced || this.#socket.destroyed) {
      done()
      return
    }
    const [first] = chunks
    const joined = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
    this.#outbound.scan(joined)
    this.#started = true
    this.#socket.write(joined, done)
    this.#sendWaitingFrames()
    this.#finishWhenAnswered()
  }

  #sendWaitingFrames(): void {
    // The first frame of a connection is the session's SETTINGS (RFC 9113 section 3.4).
    if (!this.#started || !this.#outbound.atBoundary) return
    for (const frame of this.#waitingFrames.splice(0)) this.#socket.write(frame)
  }

  #finishWhenAnswered(): void {
    if (this.#lastStreamId === NOT_GOING_AWAY || this.#silenced || this.#waitingFrames.length > 0) return
    if (this.ledger.hasOpenUpTo(this.#lastStreamId)) return
    this.#silenced = true
    this.#socket.destroySoon()
  }
}

/** A GOAWAY frame (RFC 9113 section 6.8). */
function goAwayFrame(lastStreamId: number, code: number, debugData: string): Buffer {
  const debug = Buffer.from(debugData, 'utf8')
  const frame = Buffer.alloc(9 + 8 + debug.length)
  frame.writeUIntBE(8 + debug.length, 0, 3)
  frame.writeUInt8(FRAME_TYPE.goAway, 3)
  frame.writeUInt32BE(lastStreamId, 9)
  frame.writeUInt32BE(code, 13)
  debug.copy(frame, 17)
  return frame
}
