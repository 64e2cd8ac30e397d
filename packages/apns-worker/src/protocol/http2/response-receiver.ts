import type { ClientStream } from './client-stream.js'
import type { DecodedField, FieldSink } from './decoded-field.js'
import { ErrorCode } from './error-code.js'
import { DEFAULT_WINDOW, Flag, FrameType } from './frame.js'
import type { FrameReader } from './frame-reader.js'
import { HeaderBlock } from './header-block.js'
import { HpackDecoder } from './hpack-decoder.js'
import { ENTRY_OVERHEAD_BYTES } from './hpack-static-table.js'
import { CONNECTION_WINDOW_BYTES, MAX_HEADER_LIST_BYTES } from './limits.js'
import { NameKind, ResponseFieldNames } from './response-field-names.js'
import { Action, Input, responseAction } from './response-rules.js'
import type { SessionCore } from './session-core.js'
import type { SessionOptions } from './session-options.js'

const WINDOW_UPDATE = FrameType.WINDOW_UPDATE << 8

/** The receiving half: field sections and bodies of responses, and the windows that we grant (RFC 9113 sections 5.2, 8). */
export class ResponseReceiver<S extends ClientStream> implements FieldSink {
  readonly #core: SessionCore<S>
  readonly #decoder: HpackDecoder
  readonly #wanted: readonly string[]
  readonly #maxBodyBytes: number
  readonly #block = new HeaderBlock()
  /** How many bytes of DATA the peer may send on the connection, and how many it sent since we last granted more. */
  #window = CONNECTION_WINDOW_BYTES
  #consumed = 0
  /** What was granted in frames that nobody has taken from the output: the peer cannot know of it. */
  #granted = 0
  readonly #grantedStreams: S[] = []
  /** The section being decoded: its stream (undefined: for nobody), and what was found in it. */
  #stream: S | undefined = undefined
  #streamId = 0
  #status = 0
  #listBytes = 0
  #hasRegularField = false
  #isMalformed = false

  constructor(core: SessionCore<S>, options: Required<SessionOptions>) {
    this.#core = core
    this.#wanted = options.responseFields
    this.#decoder = new HpackDecoder(new ResponseFieldNames(options.responseFields), options.headerTableSize)
    this.#maxBodyBytes = options.maxResponseBodyBytes
  }

  /** The stream whose header block is not complete: the next frame must be its CONTINUATION. 0: none. */
  get openBlock(): number {
    return this.#block.streamId
  }

  /** The peer acknowledged our SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(size: number): void {
    this.#decoder.limitTable(size)
  }

  /** A HEADERS frame. */
  headers(frame: FrameReader): void {
    const endStream = (frame.flags & Flag.END_STREAM) !== 0
    if ((frame.flags & Flag.END_HEADERS) !== 0) {
      this.#section(frame.streamId, endStream, frame.bytes, frame.start, frame.end)
    } else {
      this.#block.open(frame.streamId, endStream)
      this.#append(frame)
    }
  }

  /** A CONTINUATION frame. */
  continuation(frame: FrameReader): void {
    if (this.openBlock === 0) {
      this.#core.fail(ErrorCode.PROTOCOL_ERROR, 'the peer sent CONTINUATION without a header block')
      return
    }
    if (frame.start === frame.end && this.#core.isFlood('empty')) return
    if (!this.#append(frame) || (frame.flags & Flag.END_HEADERS) === 0) return
    const { streamId, endStream } = this.#block
    const bytes = this.#block.take()
    this.#section(streamId, endStream, bytes, 0, bytes.length)
  }

  /** A DATA frame. */
  data(frame: FrameReader): void {
    const core = this.#core
    if (!this.#takeFromWindow(frame.length)) return
    const stream = core.streams.get(frame.streamId)
    if (stream === undefined) {
      this.#forNobody(frame.streamId)
      return
    }
    const endStream = (frame.flags & Flag.END_STREAM) !== 0
    if (responseAction(stream.hasHead, Input.DATA) === Action.MALFORMED) {
      core.reject(stream, ErrorCode.PROTOCOL_ERROR)
      return
    }
    stream.receiveWindow -= frame.length
    if (stream.receiveWindow < 0) {
      core.reject(stream, ErrorCode.FLOW_CONTROL_ERROR)
      return
    }
    const count = frame.end - frame.start
    stream.receivedBytes += count
    if (stream.receivedBytes > this.#maxBodyBytes) {
      core.reject(stream, ErrorCode.ENHANCE_YOUR_CALM)
      return
    }
    if (count > 0) {
      core.events.data(stream, frame.bytes.subarray(frame.start, frame.end))
      if (core.streams.get(frame.streamId) !== stream) return
    } else if (!endStream && core.isFlood('empty')) return
    if (endStream) this.#end(stream)
    else if (stream.receiveWindow + stream.grantedWindow < DEFAULT_WINDOW / 2) this.#grantStream(stream)
  }

  /** The output was taken: from now on the peer may use what it grants. */
  outputTaken(): void {
    this.#window += this.#granted
    this.#granted = 0
    for (const stream of this.#grantedStreams.splice(0)) {
      stream.receiveWindow += stream.grantedWindow
      stream.grantedWindow = 0
    }
  }

  /** One decoded field. Nothing is reported of an informational head. */
  field(field: DecodedField): void {
    const { kind } = field
    const valueLength = field.valueEnd - field.valueStart
    this.#listBytes += field.nameEnd - field.nameStart + valueLength + ENTRY_OVERHEAD_BYTES
    // Such a section is refused. Looking at all that a header bomb expands to would be the work that it is after.
    if (this.#listBytes > MAX_HEADER_LIST_BYTES) return
    if (kind === NameKind.STATUS) {
      this.#statusField(field, valueLength)
      return
    }
    this.#hasRegularField = true
    if (kind === NameKind.FORBIDDEN || (valueLength > 0 && !isValue(field))) this.#isMalformed = true
    const stream = this.#stream
    if (kind < 0 || stream === undefined || this.#isMalformed) return
    if (this.#status < 200 && !stream.hasHead) return
    this.#core.events.field(stream, this.#wanted[kind] as string, field.value())
    // The handler may have cancelled the stream, and opened it anew under another id.
    if (this.#core.streams.get(this.#streamId) !== stream) this.#stream = undefined
  }

  #statusField(field: DecodedField, length: number): void {
    const { valueBytes: bytes, valueStart: at } = field
    const hundreds = (bytes[at] as number) - 0x30
    const tens = (bytes[at + 1] as number) - 0x30
    const ones = (bytes[at + 2] as number) - 0x30
    const isNumber = hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9
    if (length !== 3 || !isNumber || this.#status !== 0 || this.#hasRegularField) this.#isMalformed = true
    else this.#status = hundreds * 100 + tens * 10 + ones
    const stream = this.#stream
    // HTTP/2 has no protocol switch (RFC 9113 section 8.6), and trailers have no pseudo-fields (section 8.1).
    if (this.#status === 101 || stream?.hasHead === true) this.#isMalformed = true
    else if (this.#status >= 200 && stream !== undefined) stream.status = this.#status
  }

  /** A whole field section, decoded for every stream, since the decoder must see all of them. */
  #section(streamId: number, endStream: boolean, bytes: Uint8Array, start: number, end: number): void {
    const core = this.#core
    const stream = core.streams.get(streamId)
    if (stream === undefined && !this.#forNobody(streamId)) return
    this.#stream = stream
    this.#streamId = streamId
    this.#status = 0
    this.#listBytes = 0
    this.#hasRegularField = false
    this.#isMalformed = false
    const error = this.#decoder.decode(bytes, start, end, this)
    if (error !== '') {
      core.fail(ErrorCode.COMPRESSION_ERROR, `the peer sent a header block with ${error}`)
      return
    }
    // Not the constant `stream`: the owner may have cancelled it meanwhile.
    if (this.#stream !== undefined && !core.closed) this.#conclude(this.#stream, endStream)
  }

  #conclude(stream: S, endStream: boolean): void {
    const core = this.#core
    if (this.#listBytes > MAX_HEADER_LIST_BYTES) {
      core.reject(stream, ErrorCode.ENHANCE_YOUR_CALM)
      return
    }
    const kind = this.#status === 0 ? Input.FIELDS : this.#status < 200 ? Input.INFORMATIONAL : Input.HEAD
    const action = this.#isMalformed
      ? Action.MALFORMED
      : responseAction(stream.hasHead, endStream ? kind + 1 : kind)
    if (action === Action.END) this.#end(stream)
    else if (action === Action.OPEN_BODY) stream.hasHead = true
    else if (action === Action.IGNORE) core.isFlood('empty')
    else core.reject(stream, ErrorCode.PROTOCOL_ERROR)
  }

  /** The response is complete; a request that is not need not be completed any more (RFC 9113 section 8.1). */
  #end(stream: S): void {
    const core = this.#core
    if (stream.body !== undefined) core.writeReset(stream.id, ErrorCode.CANCEL)
    if (core.closed) return
    core.guard.response()
    core.close(stream)
    core.events.end(stream)
  }

  /** A frame on a stream that is not open: tolerated on a closed one (RFC 9113 section 5.1), within limits. */
  #forNobody(streamId: number): boolean {
    const core = this.#core
    if (core.isIdle(streamId)) {
      core.fail(ErrorCode.PROTOCOL_ERROR, `the peer answered on stream ${streamId}, which we have not opened`)
      return false
    }
    return !core.isFlood('idle')
  }

  #append(frame: FrameReader): boolean {
    const error = this.#block.append(frame.bytes, frame.start, frame.end)
    if (error !== undefined) this.#core.failWith(error)
    return error === undefined
  }

  /** Counts DATA against the connection's window, also that of closed streams, and grants more in time. */
  #takeFromWindow(bytes: number): boolean {
    this.#window -= bytes
    if (this.#window < 0) {
      this.#core.fail(
        ErrorCode.FLOW_CONTROL_ERROR,
        'the peer sent more data than the window of the connection holds',
      )
      return false
    }
    this.#consumed += bytes
    if (this.#consumed >= CONNECTION_WINDOW_BYTES / 2) {
      this.#core.writeReply(WINDOW_UPDATE, 0, this.#consumed)
      this.#granted += this.#consumed
      this.#consumed = 0
    }
    return !this.#core.closed
  }

  #grantStream(stream: S): void {
    const increment = DEFAULT_WINDOW - stream.receiveWindow - stream.grantedWindow
    this.#core.writeReply(WINDOW_UPDATE, stream.id, increment)
    if (stream.grantedWindow === 0) this.#grantedStreams.push(stream)
    stream.grantedWindow += increment
  }
}

/** Whether a value has only permitted bytes (RFC 9113 section 8.2.1): no NUL, CR, LF, no white space at the ends. */
function isValue(field: DecodedField): boolean {
  const { valueBytes: bytes, valueStart: start, valueEnd: end } = field
  if (isSpace(bytes[start] as number) || isSpace(bytes[end - 1] as number)) return false
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte <= 13 && (byte === 0 || byte === 10 || byte === 13)) return false
  }
  return true
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}
