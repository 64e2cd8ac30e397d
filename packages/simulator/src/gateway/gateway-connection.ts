import type { TLSSocket } from 'node:tls'
import type { FeedbackList } from './feedback-list.js'
import type { Frame, FrameFault } from './frame.js'
import { type FrameHandler, FrameReader } from './frame-reader.js'
import { Intake } from './intake.js'
import type { ResolvedGatewayOptions } from './options.js'
import { writeInPieces } from './pieces.js'
import { type Fate, type GatewayRecorder, NotificationRecord, type ProtocolError } from './received.js'
import type { Action, Conduct, GatewayRules } from './rules.js'
import { errorResponse, STATUS } from './status.js'

/** What the connections of one gateway share. */
export interface GatewayContext {
  readonly options: ResolvedGatewayOptions
  readonly rules: GatewayRules
  readonly recorder: GatewayRecorder
  readonly feedback: FeedbackList
  /** Tells that something has happened. */
  readonly changed: () => void
}

/** A connection gets its end from the client; one that does not end is cut that long after the error response. */
const LINGER_MS = 1_000
/** The statuses with which the notification that they name was taken: "no error" and shutdown. */
const ACCEPTING: ReadonlySet<number> = new Set([0, STATUS.shutdown])
const ACCEPT: Action = { reply: { kind: 'accept' }, delayMs: 0, feedback: undefined }
const NO_BYTES: Buffer = Buffer.alloc(0)

/**
 * One client's connection.
 *
 *     open ──a refused frame, or shutdown()──▶ ending ──error response, then the end──▶ closed
 *       └──────────────disconnect(), or the client closes────────────────────────────────▲
 *
 * While it is open, notifications are accepted in silence. While it is ending, they are read, so that the client is
 * not stopped from reading the error response by an end that comes too early, and discarded.
 */
export class GatewayConnection implements FrameHandler {
  /** Counted from 1. */
  readonly number: number
  readonly #socket: TLSSocket
  readonly #context: GatewayContext
  readonly #reader: FrameReader
  readonly #intake: Intake
  #state: 'open' | 'ending' = 'open'
  #index = 0
  #lastAccepted: number | undefined
  /** Command 0 knows no error response. */
  #isAnswerable = true
  #timer: NodeJS.Timeout | undefined

  constructor(socket: TLSSocket, number: number, conduct: Conduct, context: GatewayContext) {
    this.number = number
    this.#socket = socket
    this.#context = context
    this.#reader = new FrameReader(context.options.formats, this)
    socket.once('close', () => clearTimeout(this.#timer))
    this.#intake = new Intake(socket, conduct, (bytes) => {
      this.#reader.receive(bytes)
      context.changed()
    })
  }

  /** Sends shutdown and ends the connection. `lastIdent` is the last notification accepted unless something else is said. */
  shutdown(lastIdent: number | undefined = this.#lastAccepted): void {
    if (this.#state === 'open') this.#respond(STATUS.shutdown, lastIdent)
  }

  /** Cuts the connection. */
  disconnect(): void {
    this.#socket.destroy()
  }

  pause(): void {
    this.#intake.pause()
  }

  resume(): void {
    this.#intake.resume()
  }

  onFrame(frame: Frame): void {
    this.#index += 1
    const record = new NotificationRecord(frame, {
      connection: this.number,
      index: this.#index,
      at: this.#context.options.now(),
    })
    if (this.#state !== 'open') {
      this.#conclude(record, 'discarded')
      return
    }
    this.#isAnswerable = frame.format !== 'simple'
    const status = this.#problemOf(frame)
    if (status === undefined) this.#act(record, this.#context.rules.actionFor(record) ?? ACCEPT)
    else this.#answer(record, status)
  }

  onFault({ problem, ident }: FrameFault): void {
    if (this.#state !== 'open') return
    const error: ProtocolError = { connection: this.number, after: this.#index, problem }
    this.#context.recorder.addProtocolError(error)
    this.#isAnswerable = true
    this.#respond(STATUS.protocolError, ident)
  }

  #problemOf({ format, token, payload }: Frame): number | undefined {
    const { minTokenBytes, maxTokenBytes, payloadLimits } = this.#context.options
    if (token.length === 0) return STATUS.missingToken
    if (token.length < minTokenBytes || token.length > maxTokenBytes) return STATUS.invalidTokenSize
    if (payload.length === 0) return STATUS.missingPayload
    if (payload.length > payloadLimits[format]) return STATUS.invalidPayloadSize
    return undefined
  }

  #act(record: NotificationRecord, { reply, delayMs, feedback }: Action): void {
    if (feedback !== undefined) {
      this.#context.feedback.add(record.token, feedback === true ? record.at : feedback)
    }
    switch (reply.kind) {
      case 'accept':
        this.#conclude(record, 'accepted')
        break
      case 'respond':
        this.#answer(record, reply.status, { ident: reply.ident, trailing: reply.trailing, delayMs })
        break
      case 'write':
        this.#conclude(record, 'discarded')
        this.#endAfter(delayMs, () => this.#finish(reply.bytes))
        break
      case 'silent':
        this.#conclude(record, 'discarded')
        break
      case 'disconnect':
        this.#conclude(record, 'discarded')
        this.#endAfter(delayMs, () => this.disconnect())
        break
      default:
        reply satisfies never
    }
  }

  /** Gives a notification the fate that the status stands for, and sends the error response. */
  #answer(
    record: NotificationRecord,
    status: number,
    { ident, trailing, delayMs }: { ident?: number | undefined; trailing?: Buffer; delayMs?: number } = {},
  ): void {
    if (ACCEPTING.has(status)) {
      this.#conclude(record, 'accepted')
    } else {
      record.status = status
      this.#conclude(record, 'rejected')
    }
    this.#respond(status, ident ?? record.ident, trailing, delayMs)
  }

  #conclude(record: NotificationRecord, fate: Fate): void {
    record.fate = fate
    if (fate === 'accepted') this.#lastAccepted = record.ident ?? this.#lastAccepted
    this.#context.recorder.add(record)
    this.#context.options.onNotification(record)
  }

  #respond(status: number, ident: number | undefined, trailing: Buffer = NO_BYTES, delayMs = 0): void {
    const bytes = this.#isAnswerable ? Buffer.concat([errorResponse(status, ident), trailing]) : NO_BYTES
    this.#endAfter(delayMs, () => this.#finish(bytes))
  }

  #endAfter(delayMs: number, end: () => void): void {
    this.#state = 'ending'
    if (delayMs === 0) end()
    else this.#timer = setTimeout(end, delayMs)
  }

  #finish(response: Buffer): void {
    const { chunkBytes } = this.#context.options
    void writeInPieces(this.#socket, response, chunkBytes).then(() => {
      if (this.#socket.destroyed) return
      this.#socket.end()
      this.#timer = setTimeout(() => this.disconnect(), LINGER_MS)
    })
  }
}
