import { parseFrames, type SentFrame } from '../protocol/http2/support/frame-builder.js'
import { must } from './fuzz-target.js'
import type { PeerPromises } from './peer-promises.js'
import { type Field, ReferenceHpackDecoder } from './reference-hpack.js'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const DEFAULT_WINDOW = 65_535
const DEFAULT_MAX_FRAME_SIZE = 16_384
/** RFC 9113 section 6.5.2: what a peer may announce; anything else has ended the session. */
const MAX_31_BIT = 0x7fff_ffff
const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const

/** A stream as the strict server sees it. */
interface ServerStream {
  /** What its window was at the beginning and shifted by since, without what WINDOW_UPDATE added. */
  window: number
  sent: number
  state: 'open' | 'ended' | 'reset'
}

/**
 * A server that reads all that a session sends and forgives nothing: frames whole and within the size, ids ascending,
 * header blocks in one piece, windows kept, nothing after the end of a stream, every acknowledgement due.
 */
export class OutputChecker {
  /** The header blocks, by stream. */
  readonly heads: Map<number, readonly Field[]> = new Map()
  /** The codes of the GOAWAY frames. */
  readonly goaways: number[] = []
  readonly #promises: PeerPromises
  readonly #decoder = new ReferenceHpackDecoder()
  readonly #streams = new Map<number, ServerStream>()
  #hasPreface = false
  #initialWindow = DEFAULT_WINDOW
  #maxFrameSize = DEFAULT_MAX_FRAME_SIZE
  #sent = 0
  #lastId = -1
  #block: Buffer[] = []
  #blockStream = 0
  #blockEnds = false

  constructor(promises: PeerPromises) {
    this.#promises = promises
  }

  /** Reads what was taken from the output at one time. */
  read(bytes: Uint8Array): void {
    let rest = Buffer.from(bytes)
    if (!this.#hasPreface) {
      must(
        rest.subarray(0, PREFACE.length).equals(PREFACE),
        () => 'the output does not begin with the preface',
      )
      this.#hasPreface = true
      rest = rest.subarray(PREFACE.length)
      const [first] = parseFrames(rest)
      must(first?.type === 4 && first.flags === 0, () => 'the preface does not end with SETTINGS')
    }
    for (const frame of parseFrames(rest)) this.#frame(frame)
    must(this.#blockStream === 0, () => 'the output ends within a header block')
  }

  #frame(frame: SentFrame): void {
    const { type, streamId, payload } = frame
    must(
      payload.length <= this.#maxFrameSize,
      () => `a frame of ${payload.length} bytes, where ${this.#maxFrameSize} is the most`,
    )
    must(this.#blockStream === 0 || type === 9, () => `a header block interrupted by a frame of type ${type}`)
    if (type === 0) this.#data(frame)
    else if (type === 1) this.#headers(frame)
    else if (type === 3) this.#reset(frame)
    else if (type === 4) this.#settings(frame)
    else if (type === 6) this.#ping(frame)
    else if (type === 7) {
      must(streamId === 0 && payload.length === 8, () => 'an impossible GOAWAY')
      this.goaways.push(payload.readUInt32BE(4))
    } else if (type === 8) {
      const increment = payload.length === 4 ? payload.readUInt32BE(0) : 0
      must(increment > 0 && increment <= MAX_31_BIT, () => `WINDOW_UPDATE of ${increment}`)
    } else if (type === 9) {
      must(streamId !== 0 && streamId === this.#blockStream, () => 'CONTINUATION of nothing')
      this.#fragment(frame)
    } else must(false, () => `a frame of type ${type}`)
  }

  #headers(frame: SentFrame): void {
    const { streamId, flags } = frame
    must(streamId % 2 === 1 && streamId > this.#lastId, () => `stream ${streamId} after ${this.#lastId}`)
    must(this.goaways.length === 0, () => 'a new stream after GOAWAY')
    must((flags & ~(FLAG.endStream | FLAG.endHeaders)) === 0, () => `HEADERS with flags ${flags}`)
    this.#lastId = streamId
    this.#streams.set(streamId, { window: this.#initialWindow, sent: 0, state: 'open' })
    this.#blockStream = streamId
    this.#blockEnds = (flags & FLAG.endStream) !== 0
    this.#fragment(frame)
  }

  #fragment({ streamId, flags, payload }: SentFrame): void {
    this.#block.push(payload)
    if ((flags & FLAG.endHeaders) === 0) return
    this.#blockStream = 0
    this.heads.set(streamId, this.#decoder.decode(Buffer.concat(this.#block.splice(0))))
    if (this.#blockEnds) this.#stream(streamId, 'the end').state = 'ended'
  }

  #data({ streamId, flags, payload }: SentFrame): void {
    const stream = this.#stream(streamId, 'DATA')
    must(stream.state === 'open', () => `DATA on stream ${streamId}, which is ${stream.state}`)
    stream.sent += payload.length
    this.#sent += payload.length
    const { credits } = this.#promises
    const window = stream.window + (credits.get(streamId) ?? 0)
    must(
      payload.length === 0 || stream.sent <= window,
      () => `${stream.sent} bytes on stream ${streamId} in a window of ${window}`,
    )
    must(
      this.#sent <= (credits.get(0) ?? 0),
      () => `${this.#sent} bytes in the connection's window of ${credits.get(0)}`,
    )
    if ((flags & FLAG.endStream) !== 0) stream.state = 'ended'
  }

  #reset({ streamId, payload }: SentFrame): void {
    const stream = this.#stream(streamId, 'RST_STREAM')
    must(payload.length === 4, () => 'an impossible RST_STREAM')
    must(stream.state !== 'reset', () => `stream ${streamId} reset twice`)
    stream.state = 'reset'
  }

  #settings({ streamId, flags, payload }: SentFrame): void {
    must(streamId === 0, () => 'SETTINGS on a stream')
    if ((flags & FLAG.ack) === 0) return
    must(payload.length === 0, () => 'an acknowledgement with content')
    const acknowledged = this.#promises.settings.shift()
    if (acknowledged === undefined) {
      must(false, () => 'an acknowledgement of SETTINGS that were not sent')
      return
    }
    for (const size of acknowledged.headerTableSizes) this.#decoder.limitTable(size)
    this.#maxFrameSize = acknowledged.maxFrameSize ?? this.#maxFrameSize
    const shift = (acknowledged.initialWindowSize ?? this.#initialWindow) - this.#initialWindow
    this.#initialWindow += shift
    for (const stream of this.#streams.values()) stream.window += shift
  }

  #ping({ streamId, flags, payload }: SentFrame): void {
    must(streamId === 0 && payload.length === 8, () => 'an impossible PING')
    if ((flags & FLAG.ack) === 0) return
    const due = this.#promises.pings.shift()
    must(
      payload.toString('hex') === due,
      () => `an answer to PING ${payload.toString('hex')}, where ${due} is due`,
    )
  }

  #stream(streamId: number, what: string): ServerStream {
    const stream = this.#streams.get(streamId)
    must(stream !== undefined, () => `${what} on stream ${streamId}, which was not opened`)
    return stream
  }
}
