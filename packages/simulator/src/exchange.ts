import { randomUUID } from 'node:crypto'
import type { ServerHttp2Stream } from 'node:http2'
import type { Chaos } from './chaos.js'
import type { ConnectionJournal } from './connection-journal.js'
import { errorCodeNumber } from './error-codes.js'
import type { NotificationRequest } from './notification-request.js'
import type { ResolvedOptions } from './options.js'
import type { NotificationRecord, Recorder } from './received.js'
import type { Refusal } from './refusal.js'
import { ACCEPTED, type Answer, type Deed, type Reply, respond, WEDGED } from './reply.js'
import { sendAnswer } from './response.js'
import type { Cut, GoAwayOptions } from './rule.js'
import type { Rules } from './rules.js'
import type { Service } from './service.js'
import { type Authenticated, isRefusal } from './validation.js'

/** A body is read up to here before it is answered as too large; its sender may be sending gigabytes. */
const READ_BYTES = 65_536

/** What the requests of one simulator share. */
export interface ExchangeContext {
  readonly options: ResolvedOptions
  readonly rules: Rules
  /** Misbehaves where no rule says what happens. */
  readonly chaos: Chaos | undefined
  readonly recorder: Recorder
  /** What a request is about. */
  serviceFor(request: NotificationRequest): Service
  /** Draws the usual time before an answer. */
  readonly latencyMs: () => number
  /** Something happened that a test may be waiting for. */
  changed(): void
}

/** The connection that a request came on, as far as the request deals with it. */
export interface ExchangeConnection {
  readonly number: number
  readonly journal: ConnectionJournal
  authenticate(authorization: string | undefined, now: number): Authenticated | Refusal
  /** Whether streams with this id get no answer any more, after GOAWAY. */
  isAbandoned(streamId: number): boolean
  /** Whether the whole request has come. */
  isComplete(streamId: number): boolean
  /** Counts a request, and says the how manyth it is. */
  nextIndex(): number
  answered(streamId: number, status: number): void
  /** `why` is for the journal, here and below. */
  goAway(goAways: readonly GoAwayOptions[], why: string): void
  disconnect(cut: Cut, why: string): void
  fallSilent(forMs: number | undefined, why: string): void
  wedge(): void
  setStreamLimit(limit: number, forMs: number | undefined): void
}

/** One request and its answer: read, authenticate, check, look for a rule, wait, answer. */
export class Exchange {
  readonly #stream: ServerHttp2Stream
  readonly #streamId: number
  readonly #request: NotificationRequest
  readonly #service: Service
  readonly #connection: ExchangeConnection
  readonly #context: ExchangeContext

  constructor(
    stream: ServerHttp2Stream,
    request: NotificationRequest,
    connection: ExchangeConnection,
    context: ExchangeContext,
  ) {
    this.#stream = stream
    this.#streamId = stream.id ?? 0
    this.#request = request
    this.#service = context.serviceFor(request)
    this.#connection = connection
    this.#context = context
  }

  /** Reads the body, then goes on by itself. */
  start(): void {
    const stream = this.#stream
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      if (length > READ_BYTES) onEnd()
    }
    const onEnd = (): void => {
      stream.off('data', onData).off('end', onEnd)
      // Node ends the stream, too, when the connection does, or drops what came before it.
      if (length <= READ_BYTES && (stream.closed || !this.#connection.isComplete(this.#streamId))) return
      if (length > READ_BYTES) stream.resume()
      this.#decide(Buffer.concat(chunks))
    }
    stream.on('data', onData).on('end', onEnd)
  }

  #decide(body: Buffer): void {
    const { options, recorder } = this.#context
    const now = options.now()
    const arrival = {
      connection: this.#connection.number,
      streamId: this.#streamId,
      index: this.#connection.nextIndex(),
      at: now,
    }
    const record = this.#service.record(this.#request, body, arrival)
    recorder.add(record)
    const reply = this.#replyTo(record, now)
    this.#connection.journal.received(record, reply.why)
    // Its head came before the GOAWAY that left it out, the rest behind it.
    if (this.#connection.isAbandoned(this.#streamId)) this.#connection.journal.abandoned(this.#streamId)
    this.#perform(record, reply)
  }

  #replyTo(record: NotificationRecord, now: number): Reply {
    const { rules, chaos } = this.#context
    const request = this.#request
    const sender =
      this.#service.refuseRequest(request) ??
      this.#connection.authenticate(request.headers.get('authorization'), now)
    if (isRefusal(sender)) return respond(sender, 'authentication')
    record.authentication = sender.kind
    const refusal = this.#service.refuse(request, record, sender)
    if (refusal !== undefined) return respond(refusal, 'validation')
    return rules.replyTo(record) ?? chaos?.replyTo(record, now) ?? respond(ACCEPTED, 'nothing is wrong')
  }

  #perform(record: NotificationRecord, { deed, delayMs, why }: Reply): void {
    if (deed.kind === 'silent') {
      this.#connection.journal.settle(this.#streamId, 'withheld')
      this.#finished(record)
      return
    }
    const waitMs = delayMs() + this.#context.latencyMs()
    if (waitMs === 0) {
      this.#act(record, deed, why)
      return
    }
    const timer = setTimeout(() => this.#act(record, deed, why), waitMs)
    this.#stream.once('close', () => clearTimeout(timer))
    this.#context.changed()
  }

  #act(record: NotificationRecord, deed: Exclude<Deed, { kind: 'silent' }>, why: string): void {
    const connection = this.#connection
    if (this.#stream.destroyed || connection.isAbandoned(this.#streamId)) return
    switch (deed.kind) {
      case 'respond':
        this.#answer(record, deed.answer)
        break
      case 'goAway':
        connection.goAway(deed.goAways, why)
        if (!connection.isAbandoned(this.#streamId)) this.#answer(record, ACCEPTED)
        break
      case 'reset':
        this.#stream.close(errorCodeNumber(deed.code))
        break
      case 'disconnect':
        connection.disconnect(deed.cut, why)
        break
      case 'blackHole':
        connection.fallSilent(deed.forMs, why)
        break
      case 'wedge':
        connection.wedge()
        this.#answer(record, WEDGED)
        break
      case 'streamLimit':
        connection.setStreamLimit(deed.limit, deed.forMs)
        this.#answer(record, ACCEPTED)
        break
      default:
        deed satisfies never
    }
    this.#finished(record)
  }

  #answer(record: NotificationRecord, given: Answer): void {
    const { accept, idHeader, hasUniqueId } = this.#service
    const answer = given === ACCEPTED ? accept(record, this.#context.options.now) : given
    const { options, recorder } = this.#context
    const echoedId = answer.reason === 'BadMessageId' ? undefined : record.id
    record.answeredId = echoedId ?? randomUUID().toUpperCase()
    record.status = answer.status
    record.reason = answer.reason
    recorder.answered(record)
    this.#connection.journal.answering(record)
    this.#connection.answered(this.#streamId, answer.status)
    const ids: Record<string, string> = { [idHeader]: record.answeredId }
    if (hasUniqueId && options.environment === 'sandbox') ids['apns-unique-id'] = randomUUID().toUpperCase()
    sendAnswer(this.#stream, ids, answer)
  }

  #finished(record: NotificationRecord): void {
    this.#context.options.onNotification(record)
    this.#context.changed()
  }
}
