import { ByteWriter } from './byte-writer.js'
import type { ClientStream } from './client-stream.js'
import { ErrorCode } from './error-code.js'
import { FloodGuard, type FloodKind } from './flood-guard.js'
import { FRAME_HEADER_BYTES, FrameType } from './frame.js'
import { Http2Error } from './http2-error.js'
import { MAX_REPLY_BYTES, OUTPUT_BUFFER_BYTES } from './limits.js'
import { PeerSettings } from './peer-settings.js'
import type { SessionEvents, StreamReset } from './session-events.js'
import { StreamTable } from './stream-table.js'

/** What the sending and the receiving half of a session share, and the ways in which streams and the connection end. */
export class SessionCore<S extends ClientStream> {
  readonly events: SessionEvents<S>
  readonly output: ByteWriter = new ByteWriter(OUTPUT_BUFFER_BYTES)
  readonly streams: StreamTable<S> = new StreamTable<S>()
  readonly peer: PeerSettings = new PeerSettings()
  readonly guard: FloodGuard = new FloodGuard()
  /** Streams whose body waits for the connection's window or for room in the output, in the order of waiting. */
  readonly waiting: Set<S> = new Set<S>()
  /** No more frames go either way: the connection failed, or the transport is lost. */
  closed: boolean = false
  /** The id of the next stream. */
  nextStreamId: number = 1
  /** The first stream of which no byte has been taken from the output. */
  firstUnsentId: number = 1
  /** How many bytes of the output must not be dropped: the connection preface, until it is taken. */
  prefaceBytes: number = 0
  /** Bytes written on the peer's demand since the output was last taken. */
  replyBytes: number = 0
  /** The time that was passed to `receive`, in milliseconds. */
  now: number = 0

  constructor(events: SessionEvents<S>) {
    this.events = events
  }

  /** Whether a stream with this id was never opened; only an odd one below `nextStreamId` can have been. */
  isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.nextStreamId
  }

  /** Forgets a stream, whatever state it is in. */
  close(stream: S): void {
    this.streams.remove(stream)
    if (stream.body !== undefined) {
      stream.body = undefined
      this.waiting.delete(stream)
    }
  }

  /** The stream ends, and its owner hears why. */
  closeWith(stream: S, reset: StreamReset): void {
    this.close(stream)
    this.events.reset(stream, reset)
  }

  /** The response broke the rules: a stream error (RFC 9113 section 5.4.2). */
  reject(stream: S, code: number): void {
    this.writeReset(stream.id, code)
    if (!this.closed) this.closeWith(stream, { code, cause: 'protocol', unprocessed: false })
  }

  /** Writes RST_STREAM. */
  writeReset(streamId: number, code: number): void {
    this.writeReply(FrameType.RST_STREAM << 8, streamId, code)
  }

  /** Writes a frame of four bytes on the peer's demand. */
  writeReply(typeAndFlags: number, streamId: number, value: number): void {
    this.output.frameHeader(4, typeAndFlags, streamId)
    this.output.uint32(value)
    this.countReply(FRAME_HEADER_BYTES + 4)
  }

  /** Counts what was written on the peer's demand; too much of it unread ends the connection. */
  countReply(bytes: number): void {
    this.replyBytes += bytes
    if (this.replyBytes > MAX_REPLY_BYTES) {
      this.fail(ErrorCode.ENHANCE_YOUR_CALM, 'the peer makes us answer and does not read the answers')
    }
  }

  /** Counts a frame that brings nothing; true when it was one too many and the connection has failed. */
  isFlood(kind: FloodKind): boolean {
    if (!this.guard.isFlood(kind, this.now)) return false
    this.fail(ErrorCode.ENHANCE_YOUR_CALM, `the peer floods us with ${kind} frames`)
    return true
  }

  /** A connection error (RFC 9113 section 5.4.1). */
  fail(code: number, message: string): void {
    this.failWith(new Http2Error(code, message))
  }

  /** The same, with the error at hand. */
  failWith(error: Http2Error): void {
    if (this.closed) return
    // What nobody has read need not be sent any more; so its requests are surely unprocessed.
    this.output.truncate(this.prefaceBytes)
    this.writeGoaway(error.errorCode)
    this.abandon({ code: error.errorCode, cause: 'failed', unprocessed: false }, this.firstUnsentId)
    this.events.failed(error)
  }

  /** Closes the session and reports every stream, oldest first; those from `firstUnsentId` on as unprocessed. */
  abandon(reset: StreamReset, firstUnsentId: number): void {
    this.closed = true
    const unsent: StreamReset = { ...reset, unprocessed: true }
    for (const stream of this.streams) this.closeWith(stream, stream.id < firstUnsentId ? reset : unsent)
  }

  /** Writes GOAWAY; the last stream id is 0, since the peer has opened none. */
  writeGoaway(code: number): void {
    this.output.frameHeader(8, FrameType.GOAWAY << 8, 0)
    this.output.uint32(0)
    this.output.uint32(code)
  }
}
