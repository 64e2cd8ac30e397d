import type { TLSSocket } from 'node:tls'
import { startTlsServer, type TestServer } from './test-servers.js'

/** "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" (RFC 9113 section 3.4). */
const PREFACE_BYTES = 24
const HEADER_BYTES = 9
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const
const END_STREAM = 1
/** Added to the connection's window with the first body. */
const WINDOW_CREDIT = 2 ** 30
const ACKNOWLEDGEMENT = 1
const END_HEADERS = 4
const MAX_CONCURRENT_STREAMS = 3

export interface HeardFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** Hears what a client does on a scripted connection; what is left out is not answered. */
export interface Script {
  /** The TLS handshake is done. Default: SETTINGS without any settings. */
  readonly connected?: (connection: ScriptedConnection) => void
  /** A request is complete. */
  readonly requested?: (connection: ScriptedConnection, streamId: number) => void
  /** A request was reset by the client. */
  readonly cancelled?: (connection: ScriptedConnection, streamId: number) => void
  /** Any frame, before what is done about it. */
  readonly heard?: (connection: ScriptedConnection, frame: HeardFrame) => void
  /** Default: it is acknowledged. */
  readonly pinged?: (connection: ScriptedConnection, data: Buffer) => void
  /** SETTINGS were acknowledged: everything that was sent before has been read. */
  readonly acknowledged?: (connection: ScriptedConnection) => void
}

/** A server that sends frames as its script says, in any order and as wrong as need be. It looks at no header. */
export function startScriptedServer(script: Script): Promise<TestServer> {
  return startTlsServer((socket, number) => {
    const connection = new ScriptedConnection(socket, number, script)
    if (script.connected === undefined) connection.send(settings())
    else script.connected(connection)
  })
}

export class ScriptedConnection {
  readonly socket: TLSSocket
  /** Counted from 1. */
  readonly number: number
  /** The streams of complete requests, in their order. */
  readonly requests: number[] = []
  readonly #script: Script
  #unread: Buffer = Buffer.alloc(0)
  #started = false
  #isCredited = false

  constructor(socket: TLSSocket, number: number, script: Script) {
    this.socket = socket
    this.number = number
    this.#script = script
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, chunk])
      this.#read()
    })
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames))
  }

  #read(): void {
    if (!this.#started && this.#unread.length >= PREFACE_BYTES) {
      this.#started = true
      this.#unread = this.#unread.subarray(PREFACE_BYTES)
    }
    while (this.#started && this.#unread.length >= HEADER_BYTES) {
      const length = this.#unread.readUIntBE(0, 3)
      if (this.#unread.length < HEADER_BYTES + length) return
      const header = this.#unread.subarray(0, HEADER_BYTES)
      const payload = this.#unread.subarray(HEADER_BYTES, HEADER_BYTES + length)
      this.#unread = this.#unread.subarray(HEADER_BYTES + length)
      this.#heard(header.readUInt8(3), header.readUInt8(4), header.readUInt32BE(5), payload)
    }
  }

  #heard(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.#script.heard?.(this, { type, flags, streamId, payload })
    const hasFlag = (flag: number): boolean => (flags & flag) !== 0
    if (type === TYPE.data && !this.#isCredited) {
      // Once and for all, so that a script which says nothing stays silent.
      this.#isCredited = true
      this.send(frame(TYPE.windowUpdate, 0, 0, numbers(WINDOW_CREDIT)))
    }
    if (type === TYPE.settings && hasFlag(ACKNOWLEDGEMENT)) this.#script.acknowledged?.(this)
    else if (type === TYPE.settings) this.send(frame(TYPE.settings, ACKNOWLEDGEMENT, 0))
    else if (type === TYPE.ping && !hasFlag(ACKNOWLEDGEMENT)) this.#pinged(payload)
    else if (type === TYPE.reset) this.#script.cancelled?.(this, streamId)
    else if ((type === TYPE.headers || type === TYPE.data) && hasFlag(END_STREAM)) {
      this.requests.push(streamId)
      this.#script.requested?.(this, streamId)
    }
  }

  #pinged(data: Buffer): void {
    if (this.#script.pinged === undefined) this.send(pong(data))
    else this.#script.pinged(this, data)
  }
}

function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

/** SETTINGS, with a stream limit where one is given. */
export function settings(maxConcurrentStreams?: number): Buffer {
  if (maxConcurrentStreams === undefined) return frame(TYPE.settings, 0, 0)
  const identifier = Buffer.of(0, MAX_CONCURRENT_STREAMS)
  return frame(TYPE.settings, 0, 0, Buffer.concat([identifier, numbers(maxConcurrentStreams)]))
}

export function pong(data: Buffer): Buffer {
  return frame(TYPE.ping, ACKNOWLEDGEMENT, 0, data)
}

export function reset(streamId: number, code: number): Buffer {
  return frame(TYPE.reset, 0, streamId, numbers(code))
}

export function goAway(lastStreamId: number, code = 0, debugData = ''): Buffer {
  return frame(TYPE.goAway, 0, 0, Buffer.concat([numbers(lastStreamId, code), Buffer.from(debugData)]))
}

/** A response of nothing but its status: literal without indexing, with the name of static entry 8 (RFC 7541 section 6.2.2). */
export function answer(streamId: number, status = 200): Buffer {
  const block = Buffer.concat([Buffer.of(0x08, 3), Buffer.from(String(status))])
  return frame(TYPE.headers, END_STREAM | END_HEADERS, streamId, block)
}

/** The same, and a body, in as many DATA frames as there are pieces. */
export function answerWithBody(
  streamId: number,
  status: number,
  ...pieces: readonly (string | Buffer)[]
): Buffer {
  const block = Buffer.concat([Buffer.of(0x08, 3), Buffer.from(String(status))])
  return Buffer.concat([
    frame(TYPE.headers, END_HEADERS, streamId, block),
    ...pieces.map((piece) => frame(TYPE.data, 0, streamId, Buffer.from(piece))),
    frame(TYPE.data, END_STREAM, streamId),
  ])
}
