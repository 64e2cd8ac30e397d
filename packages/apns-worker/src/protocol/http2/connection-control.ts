import type { ClientStream } from './client-stream.js'
import { ErrorCode } from './error-code.js'
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_31_BIT } from './frame.js'
import type { FrameReader } from './frame-reader.js'
import type { RequestSender } from './request-sender.js'
import type { ResponseReceiver } from './response-receiver.js'
import type { SessionCore } from './session-core.js'

const SETTINGS_ACK = (FrameType.SETTINGS << 8) | Flag.ACK
const PING = FrameType.PING << 8
const PING_ACK = PING | Flag.ACK
const PING_BYTES = 8

/** Frames that steer the connection and its streams: SETTINGS, PING, GOAWAY, RST_STREAM, WINDOW_UPDATE. */
export class ConnectionControl<S extends ClientStream> {
  readonly #core: SessionCore<S>
  readonly #sender: RequestSender<S>
  readonly #receiver: ResponseReceiver<S>
  readonly #headerTableSize: number
  #settingsReceived = false
  #settingsAcknowledged = false
  #goingAway = false
  /** The last stream id that the peer's GOAWAY named. */
  #lastStreamId = MAX_31_BIT
  /** Our PINGs that are not answered. */
  #pings = 0

  constructor(
    core: SessionCore<S>,
    sender: RequestSender<S>,
    receiver: ResponseReceiver<S>,
    headerTableSize: number,
  ) {
    this.#core = core
    this.#sender = sender
    this.#receiver = receiver
    this.#headerTableSize = headerTableSize
  }

  /** Whether the peer's first SETTINGS arrived. */
  get settingsReceived(): boolean {
    return this.#settingsReceived
  }

  /** Whether either side sent GOAWAY. */
  get goingAway(): boolean {
    return this.#goingAway
  }

  /** Sends a PING of eight zero bytes: one is as good as another to see whether the peer lives. */
  sendPing(): void {
    const { output } = this.#core
    this.#pings += 1
    output.frameHeader(PING_BYTES, PING, 0)
    output.uint32(0)
    output.uint32(0)
  }

  /** Sends GOAWAY, once; streams that are open go on. */
  sendGoaway(): void {
    if (this.#goingAway) return
    this.#goingAway = true
    this.#core.writeGoaway(ErrorCode.NO_ERROR)
  }

  /** Section 6.5. */
  receiveSettings(frame: FrameReader): void {
    const core = this.#core
    if (core.isFlood('settings')) return
    if ((frame.flags & Flag.ACK) !== 0) {
      if (!this.#settingsAcknowledged) this.#receiver.limitTable(this.#headerTableSize)
      this.#settingsAcknowledged = true
      return
    }
    const windowBefore = core.peer.initialWindowSize
    const error = core.peer.apply(frame.bytes, frame.start, frame.end)
    if (error !== undefined) {
      core.failWith(error)
      return
    }
    this.#settingsReceived = true
    core.output.frameHeader(0, SETTINGS_ACK, 0)
    core.countReply(FRAME_HEADER_BYTES)
    this.#sender.limitTable(core.peer.smallestTableSize)
    this.#sender.limitTable(core.peer.headerTableSize)
    const difference = core.peer.initialWindowSize - windowBefore
    if (difference !== 0) this.#sender.shiftWindows(difference)
    if (!core.closed) core.events.settings()
  }

  /** Section 6.7. */
  receivePing(frame: FrameReader): void {
    const core = this.#core
    if ((frame.flags & Flag.ACK) === 0) {
      if (core.isFlood('ping')) return
      core.output.frameHeader(PING_BYTES, PING_ACK, 0)
      core.output.bytes(frame.bytes, frame.start, frame.end)
      core.countReply(FRAME_HEADER_BYTES + PING_BYTES)
    } else if (this.#pings > 0 && frame.bytes.subarray(frame.start, frame.end).every((byte) => byte === 0)) {
      this.#pings -= 1
      core.events.pong()
    } else core.isFlood('ping')
  }

  /** Section 6.8. The last stream id may be lowered by a further GOAWAY, never raised. */
  receiveGoaway(frame: FrameReader): void {
    const core = this.#core
    if (core.isFlood('idle')) return
    const lastStreamId = uint32(frame, 0) & MAX_31_BIT
    const code = uint32(frame, 4)
    if (lastStreamId > this.#lastStreamId) {
      core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer sent a second GOAWAY that takes back the first')
      return
    }
    this.#lastStreamId = lastStreamId
    this.#goingAway = true
    for (const stream of core.streams) {
      if (stream.id > lastStreamId) core.closeWith(stream, { code, cause: 'goaway', unprocessed: true })
    }
    if (core.closed) return
    core.events.goaway(lastStreamId, code, frame.bytes.subarray(frame.start + 8, frame.end))
  }

  /** Section 6.4. */
  receiveReset(frame: FrameReader): void {
    const core = this.#core
    const stream = core.streams.get(frame.streamId)
    if (stream === undefined) {
      if (!this.#failsIdle(frame)) core.isFlood('reset')
      return
    }
    const code = uint32(frame, 0)
    core.guard.response()
    core.closeWith(stream, { code, cause: 'peer', unprocessed: code === ErrorCode.REFUSED_STREAM })
  }

  /** Section 6.9. One that lets a body go is no flood: a peer with small windows has to send many. */
  receiveWindowUpdate(frame: FrameReader): void {
    const core = this.#core
    const before = core.output.length
    this.#credit(frame)
    if (core.output.length === before) core.isFlood('idle')
  }

  /** An increment of nothing, or beyond 31 bits, is an error of the window that it is for. */
  #credit(frame: FrameReader): void {
    const core = this.#core
    const increment = uint32(frame, 0) & MAX_31_BIT
    if (frame.streamId === 0) {
      if (increment > 0) this.#sender.creditConnection(increment)
      else core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer sent a WINDOW_UPDATE of nothing')
      return
    }
    const stream = core.streams.get(frame.streamId)
    if (stream === undefined) this.#failsIdle(frame)
    else if (increment > 0) this.#sender.creditStream(stream, increment)
    else core.reject(stream, ErrorCode.PROTOCOL_ERROR)
  }

  #failsIdle(frame: FrameReader): boolean {
    const core = this.#core
    if (!core.isIdle(frame.streamId)) return false
    const message = `the peer sent frame type ${frame.type} on stream ${frame.streamId}, which we have not opened`
    core.fail(ErrorCode.PROTOCOL_ERROR, message)
    return true
  }
}

function uint32(frame: FrameReader, offset: number): number {
  const at = frame.start + offset
  return new DataView(frame.bytes.buffer, frame.bytes.byteOffset).getUint32(at)
}
