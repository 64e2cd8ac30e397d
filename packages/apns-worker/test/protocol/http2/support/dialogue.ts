import assert from 'node:assert/strict'
import { ClientSession } from '#src/protocol/http2/client-session.js'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import type { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import type { Http2Error } from '#src/protocol/http2/http2-error.js'
import type { RequestHead } from '#src/protocol/http2/request-head.js'
import type { SessionEvents, StreamReset } from '#src/protocol/http2/session-events.js'
import type { SessionOptions } from '#src/protocol/http2/session-options.js'
import { describe, parseFrames, type SentFrame, settings } from './frame-builder.js'

/** A request that writes the least that HTTP/2 permits, and the fields it is given. */
export class TestRequest extends ClientStream implements RequestHead {
  readonly fields: readonly (readonly [name: string, value: string])[]

  constructor(...fields: readonly (readonly [name: string, value: string])[]) {
    super()
    this.fields = fields
  }

  writeFields(encoder: HpackEncoder): void {
    encoder.field(':method', 'POST', 'incremental')
    encoder.field(':scheme', 'https', 'incremental')
    encoder.field(':path', '/', 'without')
    for (const [name, value] of this.fields) encoder.field(name, value, 'without')
  }
}

/** What the session told, in short: `field 1 apns-id=x`, `data 1 hello`, `end 1 200`, `reset 1 peer 8 unprocessed`. */
export class EventLog implements SessionEvents<TestRequest> {
  readonly events: string[] = []
  /** Called with each event, from within it. */
  hook: (event: string, stream?: TestRequest) => void = () => {}
  error: Http2Error | undefined = undefined

  field(stream: TestRequest, name: string, value: string): void {
    this.#add(`field ${stream.id} ${name}=${value}`, stream)
  }

  data(stream: TestRequest, chunk: Uint8Array): void {
    this.#add(`data ${stream.id} ${Buffer.from(chunk).toString('latin1')}`, stream)
  }

  end(stream: TestRequest): void {
    this.#add(`end ${stream.id} ${stream.status}`, stream)
  }

  reset(stream: TestRequest, { cause, code, unprocessed }: StreamReset): void {
    this.#add(`reset ${stream.id} ${cause} ${code}${unprocessed ? ' unprocessed' : ''}`, stream)
  }

  settings(): void {
    this.#add('settings')
  }

  goaway(lastStreamId: number, code: number, debugData: Uint8Array): void {
    this.#add(`goaway ${lastStreamId} ${code} ${Buffer.from(debugData).toString()}`.trimEnd())
  }

  pong(): void {
    this.#add('pong')
  }

  failed(error: Http2Error): void {
    this.error = error
    this.#add(`failed ${error.code}`)
  }

  #add(event: string, stream?: TestRequest): void {
    this.events.push(event)
    this.hook(event, stream)
  }
}

/** A session and a peer that is played by hand: frames in, events and frames out. */
export class Dialogue {
  readonly log = new EventLog()
  readonly session: ClientSession<TestRequest>
  /** The time that the session is told, in milliseconds. */
  now = 0

  constructor(options: SessionOptions = {}) {
    this.session = new ClientSession(this.log, options)
  }

  /** A dialogue that is past the greetings: nothing is logged, nothing waits to be read. */
  static established(
    options: SessionOptions = {},
    ...peerSettings: readonly (readonly [id: number, value: number])[]
  ): Dialogue {
    const dialogue = new Dialogue(options)
    dialogue.peer(settings(...peerSettings))
    dialogue.take()
    dialogue.heard()
    return dialogue
  }

  /** The peer says something. */
  peer(...frames: readonly Uint8Array[]): void {
    this.session.receive(Buffer.concat(frames), this.now)
  }

  /** The peer says something, and these are the events of it. */
  hears(frames: readonly Uint8Array[], events: readonly string[]): void {
    this.peer(...frames)
    assert.deepEqual(this.heard(), events)
  }

  /** The events since the last call. */
  heard(): string[] {
    return this.log.events.splice(0)
  }

  open(
    body?: Uint8Array | string,
    ...fields: readonly (readonly [name: string, value: string])[]
  ): TestRequest {
    const stream = new TestRequest(...fields)
    this.session.request(stream, stream, body)
    return stream
  }

  /** All that the session wrote since the last call, until it has nothing more to say. */
  take(): Buffer {
    const parts: Buffer[] = []
    for (let bytes = this.session.takeOutput(); bytes !== undefined; bytes = this.session.takeOutput()) {
      parts.push(Buffer.from(bytes))
      this.session.recycle(bytes)
    }
    return Buffer.concat(parts)
  }

  /** The same as frames. */
  sent(): SentFrame[] {
    return parseFrames(this.take())
  }

  /** The same, in short. */
  said(): string[] {
    return this.sent().map(describe)
  }
}
