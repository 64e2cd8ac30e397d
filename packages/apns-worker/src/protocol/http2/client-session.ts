import type { ClientStream } from './client-stream.js'
import { ConnectionControl } from './connection-control.js'
import { writePreface } from './connection-preface.js'
import { ErrorCode } from './error-code.js'
import { Flag, FrameType } from './frame.js'
import { FrameReader, ReadResult } from './frame-reader.js'
import type { RequestHead } from './request-head.js'
import { RequestSender } from './request-sender.js'
import { ResponseReceiver } from './response-receiver.js'
import { SessionCore } from './session-core.js'
import type { SessionEvents } from './session-events.js'
import { resolveSessionOptions, type SessionOptions } from './session-options.js'
import { SpareBuffers } from './spare-buffers.js'

/**
 * The client's end of one HTTP/2 connection (RFC 9113), without any I/O: bytes in by `receive`, events out by a handler,
 * bytes out by `takeOutput`. It opens no socket, starts no timer and reads no clock.
 *
 *     starting ──first SETTINGS──▶ running ──GOAWAY, either way──▶ going away ──last stream ends──▶ (owner closes)
 *        └──────────────┬─────────────┴───────────────────────────────┘
 *                       └── rules broken: failed() · transport gone: lost() ──▶ closed
 *
 * | state      | `capacity`                     | `request` | frames from the peer          |
 * |------------|--------------------------------|-----------|-------------------------------|
 * | starting   | 1                              | yes       | only SETTINGS (or GOAWAY) first |
 * | running    | what the peer's limits permit  | yes       | all                           |
 * | going away | 0                              | throws    | all                           |
 * | closed     | 0                              | throws    | ignored                       |
 *
 * Owner's duty: after any call (and after `receive`) write what `takeOutput` gives, and look at `pendingOutput` again when
 * that is written, since bodies may have waited for room.
 */
export class ClientSession<S extends ClientStream> {
  readonly #core: SessionCore<S>
  readonly #reader = new FrameReader()
  readonly #sender: RequestSender<S>
  readonly #receiver: ResponseReceiver<S>
  readonly #control: ConnectionControl<S>
  readonly #spare = new SpareBuffers()

  /** Makes the session of a new connection; the output holds the connection preface. */
  constructor(events: SessionEvents<S>, options: SessionOptions = {}) {
    const resolved = resolveSessionOptions(options)
    this.#core = new SessionCore(events)
    this.#sender = new RequestSender(this.#core)
    this.#receiver = new ResponseReceiver(this.#core, resolved)
    this.#control = new ConnectionControl(this.#core, this.#sender, this.#receiver, resolved.headerTableSize)
    writePreface(this.#core.output, resolved.headerTableSize)
    this.#core.prefaceBytes = this.#core.output.length
  }

  /**
   * How many requests may be opened right now. It follows the peer's SETTINGS_MAX_CONCURRENT_STREAMS (1 until its first
   * SETTINGS); it is 0 after GOAWAY, when the stream ids are used up, while a body waits for the connection's window, while
   * more than `MAX_OUTPUT_BYTES` wait to be taken, and when the session is closed.
   */
  get capacity(): number {
    if (this.#core.closed || this.#control.goingAway || this.#sender.isBlocked) return 0
    return this.#sender.streamsLeft(this.peerMaxConcurrentStreams)
  }

  /** Number of requests that are not answered. */
  get openStreams(): number {
    return this.#core.streams.size
  }

  /** The id that the next request gets. Streams from it on are surely not in what `takeOutput` has given so far. */
  get nextStreamId(): number {
    return this.#core.nextStreamId
  }

  /** Whether the peer's first SETTINGS arrived: the HTTP/2 connection is established. */
  get settingsReceived(): boolean {
    return this.#control.settingsReceived
  }

  /** The peer's SETTINGS_MAX_CONCURRENT_STREAMS: 1 until its first SETTINGS, Infinity when it sets none. */
  get peerMaxConcurrentStreams(): number {
    return this.#control.settingsReceived ? this.#core.peer.maxConcurrentStreams : 1
  }

  /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE in bytes, Infinity when it sets none; advisory, not enforced here. */
  get peerMaxHeaderListSize(): number {
    return this.#core.peer.maxHeaderListSize
  }

  /** Whether GOAWAY was sent or received: open streams go on, no new ones. */
  get goingAway(): boolean {
    return this.#control.goingAway
  }

  /** Whether the session failed or was told that the transport is lost. */
  get closed(): boolean {
    return this.#core.closed
  }

  /** Bytes waiting to be taken. */
  get pendingOutput(): number {
    return this.#core.output.length
  }

  /** The open streams, oldest first. While iterating, streams may end, but none may be opened. */
  streams(): Iterable<S> {
    return this.#core.streams
  }

  /** The open stream that was opened first. */
  oldestStream(): S | undefined {
    return this.#core.streams.oldest()
  }

  /**
   * The peer's bytes, chopped anywhere. Calls the event handlers; never throws for what the peer sends. `now` is a monotonic
   * time in milliseconds, used to tell floods from traffic. The bytes are not kept.
   */
  receive(bytes: Uint8Array, now: number): void {
    const core = this.#core
    core.now = now
    const reader = this.#reader
    reader.feed(bytes)
    try {
      while (!core.closed) {
        const result = reader.next()
        if (result === ReadResult.MORE) return
        if (result === ReadResult.FRAME) this.#dispatch(reader)
        else core.fail(reader.fault, `the peer sent an invalid frame of type ${reader.type}`)
      }
    } catch (error) {
      core.fail(ErrorCode.INTERNAL_ERROR, 'an event handler threw an error')
      throw error
    }
  }

  /**
   * Opens a stream and writes the request to the output. `capacity` must be above 0. The body, as bytes or as a string of
   * characters up to U+00FF that stand for one byte each, is copied, or kept by reference until the peer's windows permit:
   * do not change it. Throws on a programmer's mistake.
   */
  request(stream: S, head: RequestHead, body?: Uint8Array | string): void {
    if (this.capacity <= 0)
      throw new Error('the session has no capacity for a request; look at `capacity` first')
    try {
      this.#sender.request(stream, head, body)
    } catch (error) {
      this.#core.fail(ErrorCode.INTERNAL_ERROR, 'the head of a request could not be written')
      throw error
    }
  }

  /** Resets an open stream; no events follow for it. Does nothing for a stream that is not open. */
  cancel(stream: S, code: number = ErrorCode.CANCEL): void {
    const core = this.#core
    if (core.streams.get(stream.id) !== stream) return
    // One of those that a session which has just ended is about to report, when a handler cancels it.
    if (!core.closed) {
      core.output.frameHeader(4, FrameType.RST_STREAM << 8, stream.id)
      core.output.uint32(code)
    }
    core.close(stream)
  }

  /** Asks the peer for a sign of life: `pong` follows. */
  ping(): void {
    if (!this.#core.closed) this.#control.sendPing()
  }

  /** Tells the peer that we open no more streams (GOAWAY, NO_ERROR). Open ones go on; close the transport after them. */
  goAway(): void {
    if (!this.#core.closed) this.#control.sendGoaway()
  }

  /**
   * The transport is gone: reports every open stream by `reset`, oldest first. `firstUnsentId`: `nextStreamId` as it was
   * when the last bytes were taken that may have reached the peer; streams from it on are unprocessed. Default: what was
   * never taken. What is in the output is dropped.
   */
  lost(firstUnsentId: number = this.#core.firstUnsentId): void {
    const core = this.#core
    if (core.closed) return
    // What is reported as unprocessed must not be there to be sent.
    core.output.truncate(0)
    core.abandon({ code: ErrorCode.CONNECT_ERROR, cause: 'lost', unprocessed: false }, firstUnsentId)
  }

  /** Hands over the bytes to write, undefined when there are none. They are the caller's until given to `recycle`. */
  takeOutput(): Uint8Array | undefined {
    const core = this.#core
    if (core.output.length === 0) return undefined
    const bytes = core.output.take(this.#spare.take())
    core.firstUnsentId = core.nextStreamId
    core.prefaceBytes = 0
    core.replyBytes = 0
    this.#receiver.outputTaken()
    if (core.waiting.size > 0) this.#sender.resume()
    return bytes
  }

  /** Takes back a buffer from `takeOutput` when its bytes are written. Optional; the caller must not touch it afterwards. */
  recycle(buffer: Uint8Array): void {
    this.#spare.put(buffer)
  }

  #dispatch(frame: FrameReader): void {
    const receiver = this.#receiver
    const control = this.#control
    if ((receiver.openBlock !== 0 || !control.settingsReceived) && !this.#isInOrder(frame)) return
    switch (frame.type) {
      case FrameType.HEADERS:
        receiver.headers(frame)
        break
      case FrameType.DATA:
        receiver.data(frame)
        break
      case FrameType.WINDOW_UPDATE:
        control.receiveWindowUpdate(frame)
        break
      case FrameType.SETTINGS:
        control.receiveSettings(frame)
        break
      case FrameType.RST_STREAM:
        control.receiveReset(frame)
        break
      case FrameType.PING:
        control.receivePing(frame)
        break
      case FrameType.GOAWAY:
        control.receiveGoaway(frame)
        break
      case FrameType.CONTINUATION:
        receiver.continuation(frame)
        break
      case FrameType.PUSH_PROMISE:
        this.#core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer pushes, which we forbade')
        break
      default:
        // PRIORITY, which RFC 9113 gave up, and types that are not ours to know (sections 5.3, 5.5).
        this.#core.isFlood('idle')
    }
  }

  /**
   * SETTINGS comes first (section 3.4); we also read a GOAWAY there, since a server that turns us away puts its reason into
   * it. A header block is not interrupted, not even by unknown frames (section 6.10).
   */
  #isInOrder(frame: FrameReader): boolean {
    const { openBlock } = this.#receiver
    if (openBlock !== 0) {
      if (frame.type === FrameType.CONTINUATION && frame.streamId === openBlock) return true
      this.#core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer interrupted a header block')
      return false
    }
    const isSettings = frame.type === FrameType.SETTINGS && (frame.flags & Flag.ACK) === 0
    if (isSettings || frame.type === FrameType.GOAWAY) return true
    this.#core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer did not begin with SETTINGS')
    return false
  }
}
