import { ClientSession } from '#src/protocol/http2/client-session.js'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import { Flag, FrameType } from '#src/protocol/http2/frame.js'
import type { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import type { Http2Error } from '#src/protocol/http2/http2-error.js'
import type { SessionEvents, StreamReset } from '#src/protocol/http2/session-events.js'
import type { SessionOptions } from '#src/protocol/http2/session-options.js'

/** A frame as a peer writes it. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}

export function settings(entries: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * entries.length)
  for (const [index, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, 6 * index)
    payload.writeUInt32BE(value, 6 * index + 2)
  }
  return frame(FrameType.SETTINGS, 0, 0, payload)
}

/** `:status 200`, from the static table (RFC 7541 appendix A). */
export const OK = Buffer.of(0x88)

export function headers(
  streamId: number,
  block: Uint8Array = OK,
  flags: number = Flag.END_HEADERS | Flag.END_STREAM,
): Buffer {
  return frame(FrameType.HEADERS, flags, streamId, block)
}

export function data(streamId: number, payload: Uint8Array | string, flags = 0): Buffer {
  return frame(FrameType.DATA, flags, streamId, Buffer.from(payload))
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(increment))
}

export function goaway(lastStreamId: number, code = 0, debugData = ''): Buffer {
  return frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId, code), Buffer.from(debugData)]))
}

/** Literal fields without indexing and without Huffman coding. */
export function fields(...list: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    list.flatMap(([name, value]) => [
      Buffer.of(0, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ]),
  )
}

/** A frame that the session wrote. */
export interface WrittenFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

const PREFACE_LENGTH = 24

/** Cuts what a session wrote into frames. */
export function framesOf(bytes: Uint8Array, hasPreface = false): WrittenFrame[] {
  const buffer = Buffer.from(bytes)
  const frames: WrittenFrame[] = []
  for (let at = hasPreface ? PREFACE_LENGTH : 0; at < buffer.length; ) {
    const length = buffer.readUIntBE(at, 3)
    frames.push({
      type: buffer.readUInt8(at + 3),
      flags: buffer.readUInt8(at + 4),
      streamId: buffer.readUInt32BE(at + 5),
      payload: buffer.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return frames
}

const HEAD = {
  writeFields(encoder: HpackEncoder): void {
    encoder.field(':method', 'POST', 'incremental')
    encoder.field(':scheme', 'https', 'incremental')
    encoder.field(':authority', 'localhost', 'incremental')
    encoder.field(':path', '/', 'without')
  },
}

/** A session, everything that it told, and everything that it wrote. */
export class Dialogue implements SessionEvents<ClientStream> {
  readonly session: ClientSession<ClientStream>
  readonly events: string[] = []
  #isFirst = true

  constructor(options?: SessionOptions) {
    this.session = new ClientSession<ClientStream>(this, options)
  }

  /** The peer says this; the session has accepted its SETTINGS before, unless told otherwise. */
  hear(...frames: readonly Uint8Array[]): this {
    for (const each of frames) this.session.receive(each, 0)
    return this
  }

  request(body?: Uint8Array | string): ClientStream {
    const stream = new ClientStream()
    this.session.request(stream, HEAD, body === undefined ? undefined : Buffer.from(body))
    return stream
  }

  /** What was written since the last time. */
  written(): WrittenFrame[] {
    const frames: WrittenFrame[] = []
    for (let output = this.session.takeOutput(); output !== undefined; output = this.session.takeOutput()) {
      frames.push(...framesOf(output, this.#isFirst))
      this.#isFirst = false
    }
    return frames
  }

  field(stream: ClientStream, name: string, value: string): void {
    this.events.push(`${stream.id} field ${name}: ${value}`)
  }

  data(stream: ClientStream, chunk: Uint8Array): void {
    this.events.push(`${stream.id} data ${Buffer.from(chunk).toString('latin1')}`)
  }

  end(stream: ClientStream): void {
    this.events.push(`${stream.id} end ${stream.status}`)
  }

  reset(stream: ClientStream, { code, cause, unprocessed }: StreamReset): void {
    this.events.push(`${stream.id} reset ${code} ${cause}${unprocessed ? ' unprocessed' : ''}`)
  }

  settings(): void {
    this.events.push('settings')
  }

  goaway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.events.push(`goaway ${lastStreamId} ${code} ${Buffer.from(debugData).toString('latin1')}`.trimEnd())
  }

  pong(): void {
    this.events.push('pong')
  }

  failed({ errorCode }: Http2Error): void {
    this.events.push(`failed ${errorCode}`)
  }
}
