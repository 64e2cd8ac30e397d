import { ClientSession } from '#src/protocol/http2/client-session.js'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import type { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import type { Http2Error } from '#src/protocol/http2/http2-error.js'
import { MAX_OPEN_STREAMS, MAX_OUTPUT_BYTES, MAX_REPLY_BYTES } from '#src/protocol/http2/limits.js'
import type { RequestHead } from '#src/protocol/http2/request-head.js'
import type { SessionEvents, StreamReset } from '#src/protocol/http2/session-events.js'
import { must } from './fuzz-target.js'
import { OutputChecker } from './output-checker.js'
import { PeerPromises } from './peer-promises.js'
import type { Field } from './reference-hpack.js'

/** The largest response body that is asked for. */
export const MAX_BODY_BYTES = 20_000
export const RESPONSE_FIELDS: readonly string[] = ['apns-id', 'content-type', 'retry-after', 'x-trailer']
const HEADER_TABLE_SIZE = 4096
/** The largest head and body of a request here, with all that is written around them. */
const LARGEST_REQUEST_BYTES = 64_000
const REFUSED_STREAM = 7

/** What a handler does besides listening; see `Owner.reenter`. */
export const REENTRIES = [
  'nothing',
  'cancel the stream',
  'cancel the oldest',
  'open',
  'ping',
  'take',
  'go away',
  'lost',
] as const

export class FuzzRequest extends ClientStream implements RequestHead {
  readonly fields: readonly Field[]
  readonly maxBody: number = MAX_BODY_BYTES
  bodyBytes = 0

  constructor(number: number) {
    super()
    this.fields = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', `/3/device/${number}`],
      [':authority', 'localhost'],
      ['apns-topic', `com.example.${number % 3}`],
      ['large', 'v'.repeat(number % 17 === 5 ? 20_000 : number % 5)],
    ]
  }

  writeFields(encoder: HpackEncoder): void {
    for (const [name, value] of this.fields)
      encoder.field(name, value, name === ':path' ? 'without' : 'incremental')
  }
}

/** A session with an owner that keeps the books: whatever breaks a promise of the session is a violation. */
export class Owner implements SessionEvents<FuzzRequest> {
  readonly session: ClientSession<FuzzRequest>
  readonly #promises = new PeerPromises()
  readonly #checker = new OutputChecker(this.#promises)
  readonly #open = new Map<number, FuzzRequest>()
  readonly #all = new Map<number, FuzzRequest>()
  #opened = 0
  #isOver = false
  #lastStreamId = Number.POSITIVE_INFINITY
  /** Reset by a GOAWAY that has not been reported yet. */
  readonly #leftOut: number[] = []
  #isLost = false
  #reentry = 0
  #isReentering = false
  #now = 0
  #isReceiving = false

  constructor() {
    this.session = new ClientSession(this, {
      responseFields: RESPONSE_FIELDS,
      maxResponseBodyBytes: MAX_BODY_BYTES,
      headerTableSize: HEADER_TABLE_SIZE,
    })
  }

  /** From now on each event's handler does this too: one of `REENTRIES`. */
  reenter(what: number): void {
    this.#reentry = what % REENTRIES.length
  }

  pass(ms: number): void {
    this.#now += ms
  }

  receive(bytes: Buffer): void {
    this.#promises.receive(bytes)
    this.#isReceiving = true
    this.session.receive(bytes, this.#now)
    this.#isReceiving = false
    this.check()
  }

  /** Opens a request, if there is capacity. */
  open(bodyBytes: number): void {
    if (this.session.capacity === 0) return
    const request = new FuzzRequest(this.#opened++)
    const body = bodyBytes === 0 ? undefined : new Uint8Array(bodyBytes)
    const expectedId = this.session.nextStreamId
    this.session.request(request, request, body)
    must(request.id === expectedId, () => `stream ${request.id} was opened where ${expectedId} was next`)
    this.#open.set(request.id, request)
    this.#all.set(request.id, request)
  }

  cancel(position: number): void {
    const request = [...this.#open.values()][position % Math.max(1, this.#open.size)]
    if (request !== undefined) this.#cancel(request)
  }

  #cancel(request: FuzzRequest): void {
    if (this.#open.get(request.id) !== request) return
    this.#open.delete(request.id)
    this.session.cancel(request)
  }

  /** Takes the output, and returns it: to be copied at once, or not used. */
  take(): Uint8Array | undefined {
    const bytes = this.session.takeOutput()
    if (bytes === undefined) return undefined
    this.#checker.read(bytes)
    this.session.recycle(bytes)
    return bytes
  }

  /** The transport is gone. */
  lose(): void {
    this.session.lost()
    this.#isOver = true
    this.#isLost = true
    must(this.session.closed, () => 'lost, and not closed')
    this.check()
  }

  /** Ends it, and looks whether the books balance. */
  finish(): void {
    while (this.session.pendingOutput > 0) this.take()
    for (const [id, fields] of this.#checker.heads) {
      const expected = JSON.stringify(this.#all.get(id)?.fields)
      must(
        JSON.stringify(fields) === expected,
        () => `stream ${id} has the head ${JSON.stringify(fields).slice(0, 300)}`,
      )
    }
    this.lose()
    must(this.#open.size === 0, () => `${this.#open.size} streams were never settled`)
  }

  /** What must hold between any two calls. */
  check(): void {
    const { session } = this
    must(
      session.openStreams === this.#open.size,
      () => `${session.openStreams} streams are open, by our books ${this.#open.size}`,
    )
    must(
      session.pendingOutput <= MAX_OUTPUT_BYTES + MAX_REPLY_BYTES + LARGEST_REQUEST_BYTES,
      () => `${session.pendingOutput} bytes of output wait`,
    )
    must(
      session.capacity >= 0 && session.capacity <= MAX_OPEN_STREAMS,
      () => `a capacity of ${session.capacity}`,
    )
    must(!session.closed || session.capacity === 0, () => 'a closed session has capacity')
    must(!this.#isLost || session.pendingOutput === 0, () => 'a lost session has something to say')
    const [oldest] = this.#open.values()
    must(session.oldestStream() === oldest, () => `the oldest stream is not ${oldest?.id}`)
  }

  field(stream: FuzzRequest, name: string): void {
    this.#hears(stream)
    must(RESPONSE_FIELDS.includes(name), () => `a field ${name}, which nobody asked for`)
    this.#react(stream)
  }

  data(stream: FuzzRequest, chunk: Uint8Array): void {
    this.#hears(stream)
    stream.bodyBytes += chunk.length
    must(chunk.length > 0 && stream.bodyBytes <= MAX_BODY_BYTES, () => `a body of ${stream.bodyBytes} bytes`)
    this.#react(stream)
  }

  end(stream: FuzzRequest): void {
    this.#hears(stream)
    must(stream.status >= 200 && stream.status <= 999, () => `an end with status ${stream.status}`)
    this.#open.delete(stream.id)
    this.#react(stream)
  }

  reset(stream: FuzzRequest, { cause, code, unprocessed }: StreamReset): void {
    this.#hears(stream)
    this.#open.delete(stream.id)
    const isSurely =
      stream.id > this.#lastStreamIdOf(cause) ||
      (cause === 'peer' && code === REFUSED_STREAM) ||
      !this.#checker.heads.has(stream.id)
    if (cause === 'goaway') this.#leftOut.push(stream.id)
    must(
      !unprocessed || isSurely,
      () => `stream ${stream.id} was sent, and is called unprocessed (${cause} ${code})`,
    )
    this.#react(stream)
  }

  settings(): void {
    this.#hears()
    this.#react()
  }

  goaway(lastStreamId: number): void {
    this.#hears()
    must(lastStreamId <= this.#lastStreamId, () => 'a GOAWAY that takes back another')
    this.#lastStreamId = lastStreamId
    for (const id of this.#leftOut.splice(0))
      must(id > lastStreamId, () => `stream ${id} was left out by GOAWAY ${lastStreamId}`)
    for (const id of this.#open.keys())
      must(id <= lastStreamId, () => `stream ${id} is open after GOAWAY ${lastStreamId}`)
    this.#react()
  }

  pong(): void {
    this.#hears()
    this.#react()
  }

  failed(error: Http2Error): void {
    this.#hears()
    must(this.#open.size === 0, () => `${this.#open.size} streams are open when the session has failed`)
    must(error.code.length > 0 && this.session.closed, () => 'failed, and not closed')
    this.#isOver = true
    while (this.session.pendingOutput > 0) this.take()
    const said = this.#checker.goaways.at(-1)
    must(said === error.errorCode, () => `a failed session says ${said}, not ${error.errorCode}`)
  }

  /** What every event has to be: in time, and about a stream that is open. */
  #hears(stream?: FuzzRequest): void {
    must(!this.#isOver, () => 'an event after the end')
    if (stream === undefined) return
    must(this.#open.get(stream.id) === stream, () => `an event of stream ${stream.id}, which is not open`)
  }

  /** A GOAWAY is reported after the resets that it brings about. */
  #lastStreamIdOf(cause: StreamReset['cause']): number {
    return cause === 'goaway' ? -1 : this.#lastStreamId
  }

  #react(stream?: FuzzRequest): void {
    if (this.#isReentering || !this.#isReceiving) return
    this.#isReentering = true
    const what = REENTRIES[this.#reentry]
    if (what === 'cancel the stream' && stream !== undefined) this.#cancel(stream)
    else if (what === 'cancel the oldest') this.cancel(0)
    else if (what === 'open') this.open(100)
    else if (what === 'ping') this.session.ping()
    else if (what === 'take') this.take()
    else if (what === 'go away') this.session.goAway()
    this.#isReentering = false
    // A session that has failed, and says so stream by stream, has yet to say why.
    if (what !== 'lost' || this.session.closed) return
    this.#isReentering = true
    this.session.lost()
    this.#isReentering = false
    this.#isOver = true
    this.#isLost = true
  }
}
