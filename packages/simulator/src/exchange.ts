import { randomUUID } from 'node:crypto'
import type { ServerHttp2Stream } from 'node:http2'
import { errorCodeNumber } from './error-codes.js'
import { type NotificationRequest, readRequest } from './notification-request.js'
import type { ResolvedOptions } from './options.js'
import { NotificationRecord, type Recorder } from './received.js'
import type { Refusal } from './refusal.js'
import { sendAnswer } from './response.js'
import type { GoAwayOptions } from './rule.js'
import { ACCEPTED, type Answer, type Reply, type Rules } from './rules.js'
import { type Authenticated, isRefusal, refuseNotification, refuseRequest } from './validation.js'

/** A body is read up to here before it is answered as too large; its sender may be sending gigabytes. */
const READ_BYTES = 65_536

/** What the requests of one simulator share. */
export interface ExchangeContext {
  readonly options: ResolvedOptions
  readonly rules: Rules
  readonly recorder: Recorder
  /** Something happened that a test may be waiting for. */
  changed(): void
}

/** The connection that a request came on, as far as the request deals with it. */
export interface ExchangeConnection {
  readonly number: number
  authenticate(authorization: string | undefined, now: number): Authenticated | Refusal
  /** Whether streams with this id get no answer any more, after GOAWAY. */
  isAbandoned(streamId: number): boolean
  answered(streamId: number, status: number): void
  goAway(options: GoAwayOptions): void
  disconnect(): void
}

/** One request and its answer: read, authenticate, check, look for a rule, wait, answer. */
export class Exchange {
  readonly #stream: ServerHttp2Stream
  readonly #streamId: number
  readonly #connection: ExchangeConnection
  readonly #context: ExchangeContext

  constructor(stream: ServerHttp2Stream, connection: ExchangeConnection, context: ExchangeContext) {
    this.#stream = stream
    this.#streamId = stream.id ?? 0
    this.#connection = connection
    this.#context = context
  }

  /** Reads the body, then goes on by itself. */
  start(rawHeaders: readonly string[]): void {
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
      if (length > READ_BYTES) stream.resume()
      this.#decide(readRequest(rawHeaders), Buffer.concat(chunks))
    }
    stream.on('data', onData).on('end', onEnd)
  }

  #decide(request: NotificationRequest, body: Buffer): void {
    const { options, recorder, rules } = this.#context
    const now = options.now()
    const arrival = { connection: this.#connection.number, streamId: this.#streamId, at: now }
    const record = new NotificationRecord(request, body, arrival)
    recorder.add(record)
    const sender =
      refuseRequest(request) ?? this.#connection.authenticate(request.headers.get('authorization'), now)
    if (isRefusal(sender)) {
      this.#perform(record, respond(sender))
      return
    }
    record.authentication = sender.kind
    const refusal = refuseNotification(request, body.length, sender, options.topics)
    const reply = refusal === undefined ? rules.replyTo(record) : respond(refusal)
    this.#perform(record, reply ?? respond(ACCEPTED))
  }

  #perform(record: NotificationRecord, reply: Reply): void {
    if (reply.kind === 'silent') {
      this.#finished(record)
      return
    }
    const delayMs = reply.delayMs + this.#context.options.latencyMs
    if (delayMs === 0) {
      this.#act(record, reply)
      return
    }
    const timer = setTimeout(() => this.#act(record, reply), delayMs)
    this.#stream.once('close', () => clearTimeout(timer))
    this.#context.changed()
  }

  #act(record: NotificationRecord, reply: Exclude<Reply, { kind: 'silent' }>): void {
    if (this.#stream.destroyed || this.#connection.isAbandoned(this.#streamId)) return
    switch (reply.kind) {
      case 'respond':
        this.#answer(record, reply.answer)
        break
      case 'goAway':
        this.#connection.goAway(reply.options)
        if (!this.#connection.isAbandoned(this.#streamId)) this.#answer(record, ACCEPTED)
        break
      case 'reset':
        this.#stream.close(errorCodeNumber(reply.code))
        break
      case 'disconnect':
        this.#connection.disconnect()
        break
      default:
        reply satisfies never
    }
    this.#finished(record)
  }

  #answer(record: NotificationRecord, answer: Answer): void {
    const { options, recorder } = this.#context
    const echoedId = answer.reason === 'BadMessageId' ? undefined : record.id
    record.answeredId = echoedId ?? randomUUID().toUpperCase()
    record.status = answer.status
    record.reason = answer.reason
    recorder.answered(record)
    this.#connection.answered(this.#streamId, answer.status)
    sendAnswer(this.#stream, record.answeredId, answer, options.environment)
  }

  #finished(record: NotificationRecord): void {
    this.#context.options.onNotification(record)
    this.#context.changed()
  }
}

function respond(answer: Answer): Reply {
  return { kind: 'respond', delayMs: 0, answer }
}
