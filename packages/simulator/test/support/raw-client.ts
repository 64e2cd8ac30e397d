/** A client that writes its own frames: for what a well-behaved HTTP/2 client cannot be made to do or to show. */
import { once } from 'node:events'
import tls, { type TLSSocket } from 'node:tls'
import type { Simulator } from '@apns-worker/simulator'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

export const TYPE = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7 } as const
const END_STREAM = 0x1
const END_HEADERS = 0x4
const ACKNOWLEDGEMENT = 0x1
const MAX_CONCURRENT_STREAMS = 3

export class RawClient {
  readonly socket: TLSSocket
  readonly frames: Frame[] = []
  /** Acknowledge SETTINGS at once. */
  acknowledges = true
  onFrame: (frame: Frame) => void = () => undefined
  #buffer: Buffer = Buffer.alloc(0)
  #nextStreamId = 1
  #waiting: (() => void) | undefined

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    this.write({ type: TYPE.settings, flags: 0, streamId: 0, payload: Buffer.alloc(0) })
  }

  static async connect({ host, port, ca }: Simulator): Promise<RawClient> {
    const socket = tls.connect({ host, port, ca, ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    return new RawClient(socket)
  }

  write(...frames: readonly Frame[]): void {
    this.socket.write(Buffer.concat(frames.map(encodeFrame)))
  }

  /** Opens a stream with HEADERS and DATA and returns its id. */
  request(headers: Readonly<Record<string, string>>, body = '{}'): number {
    const frames = this.requestFrames(headers, body)
    this.write(...frames)
    return frames[0]?.streamId ?? 0
  }

  requestFrames(headers: Readonly<Record<string, string>>, body = '{}'): Frame[] {
    const streamId = this.#nextStreamId
    this.#nextStreamId += 2
    const block = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeField(name, value)))
    return [
      { type: TYPE.headers, flags: END_HEADERS, streamId, payload: block },
      { type: TYPE.data, flags: END_STREAM, streamId, payload: Buffer.from(body) },
    ]
  }

  acknowledge(): void {
    this.write({ type: TYPE.settings, flags: ACKNOWLEDGEMENT, streamId: 0, payload: Buffer.alloc(0) })
  }

  /** Resolves when the frames received so far fulfil the condition. */
  async until(condition: (frames: readonly Frame[]) => boolean): Promise<void> {
    while (!condition(this.frames)) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  /** The settings in the SETTINGS frames so far, as pairs of identifier and value. */
  settings(): [identifier: number, value: number][][] {
    return this.frames.filter(isSettings).map(({ payload }) => {
      const pairs: [number, number][] = []
      for (let offset = 0; offset < payload.length; offset += 6) {
        pairs.push([payload.readUInt16BE(offset), payload.readUInt32BE(offset + 2)])
      }
      return pairs
    })
  }

  /** The stream limits that were advertised, in order. */
  streamLimits(): number[] {
    return this.settings()
      .flat()
      .flatMap(([identifier, value]) => (identifier === MAX_CONCURRENT_STREAMS ? [value] : []))
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length >= 9) {
      const end = 9 + this.#buffer.readUIntBE(0, 3)
      if (this.#buffer.length < end) break
      const frame = {
        type: this.#buffer.readUInt8(3),
        flags: this.#buffer.readUInt8(4),
        streamId: this.#buffer.readUInt32BE(5),
        payload: this.#buffer.subarray(9, end),
      }
      this.#buffer = this.#buffer.subarray(end)
      this.frames.push(frame)
      if (this.acknowledges && isSettings(frame)) this.acknowledge()
      this.onFrame(frame)
    }
    this.#waiting?.()
  }
}

/** Whether this frame of a response ends its stream. */
export function endsStream({ type, flags }: Frame): boolean {
  return (type === TYPE.headers || type === TYPE.data) && (flags & END_STREAM) !== 0
}

function isSettings({ type, flags }: Frame): boolean {
  return type === TYPE.settings && (flags & ACKNOWLEDGEMENT) === 0
}

function encodeFrame({ type, flags, streamId, payload }: Frame): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

/** Literal field without indexing, no Huffman (RFC 7541 section 6.2.2). */
function encodeField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), encodeString(name), encodeString(value)])
}

/** A string with a length prefix of seven bits (RFC 7541 sections 5.1 and 5.2). */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  return Buffer.concat([Buffer.of(...length, rest), bytes])
}
