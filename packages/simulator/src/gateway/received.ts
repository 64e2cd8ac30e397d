import { FRAME_FORMATS, type Frame } from './frame.js'

/** What became of a notification: `discarded` ones came after a refused one, or were passed over by a rule. */
export type Fate = 'accepted' | 'rejected' | 'discarded'

/** One notification that reached the gateway whole. */
export interface GatewayNotification {
  /** The device token in lower-case hexadecimal digits; empty when it was missing. */
  readonly token: string
  /** The raw payload; empty when it was missing. */
  readonly body: Buffer
  /** The payload as JSON, or undefined when it is none. */
  readonly payload: unknown
  /** 32 bits; undefined with command 0, and when a frame of command 2 has none. */
  readonly ident: number | undefined
  /** Seconds since 1970, 0: not stored; undefined as with `ident`. */
  readonly expiration: number | undefined
  /** 0 to 255; only command 2 has one. */
  readonly priority: number | undefined
  readonly command: 0 | 1 | 2
  /** Number of the connection, counted from 1. */
  readonly connection: number
  /** Position among all notifications of its connection, counted from 1. */
  readonly index: number
  readonly fate: Fate
  /** Why it was rejected. With command 0 the client was not told. */
  readonly status: number | undefined
  /** When it was complete: milliseconds since 1970 by the gateway's clock. */
  readonly at: number
}

/** A frame that could not be read. */
export interface ProtocolError {
  readonly connection: number
  /** How many notifications the connection had brought before. */
  readonly after: number
  /** What is wrong with the frame, in words. */
  readonly problem: string
}

/** A notification while its fate is still being decided. */
export class NotificationRecord implements GatewayNotification {
  readonly token: string
  readonly body: Buffer
  readonly ident: number | undefined
  readonly expiration: number | undefined
  readonly priority: number | undefined
  readonly command: 0 | 1 | 2
  readonly connection: number
  readonly index: number
  readonly at: number
  fate: Fate = 'accepted'
  status: number | undefined = undefined

  constructor(frame: Frame, { connection, index, at }: { connection: number; index: number; at: number }) {
    this.token = frame.token.toString('hex')
    this.body = Buffer.from(frame.payload)
    this.ident = frame.ident
    this.expiration = frame.expiration
    this.priority = frame.priority
    this.command = FRAME_FORMATS.indexOf(frame.format) as 0 | 1 | 2 // The formats stand in that order.
    this.connection = connection
    this.index = index
    this.at = at
  }

  get payload(): unknown {
    try {
      const payload: unknown = JSON.parse(this.body.toString('utf8'))
      return payload
    } catch {
      return undefined
    }
  }

  /** What a line of a log needs: the payload in place of the raw body. */
  toJSON(): Record<string, unknown> {
    const { body: _body, ...fields } = this
    return { ...fields, payload: this.payload }
  }
}

/** How many of which kind there were since the start. */
export interface GatewayCounts {
  readonly accepted: number
  readonly rejected: number
  readonly discarded: number
  /** Rejected ones by status. */
  readonly byStatus: Readonly<Record<number, number>>
  readonly protocolErrors: number
  /** Connections to the gateway that finished their handshake with a certificate that is taken. */
  readonly connections: number
  readonly openConnections: number
  /** The same for the feedback service. */
  readonly feedbackConnections: number
  readonly openFeedbackConnections: number
  /** Connections to either that did not: no certificate, a wrong one, or no TLS at all. */
  readonly refusedConnections: number
}

/** Keeps notifications by their fate, the latest ones of each if there are too many, and counts all of them. */
export class GatewayRecorder {
  readonly accepted: GatewayNotification[] = []
  readonly rejected: GatewayNotification[] = []
  readonly discarded: GatewayNotification[] = []
  readonly protocolErrors: ProtocolError[] = []
  readonly #limit: number
  readonly #counted: Record<Fate | 'protocolErrors', number> = {
    accepted: 0,
    rejected: 0,
    discarded: 0,
    protocolErrors: 0,
  }
  readonly #byStatus: Record<number, number> = {}

  /** `limit`: how many of each are kept. When there are more, the oldest tenth goes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The record has been given its fate, and its status if there is one. */
  add(record: NotificationRecord): void {
    this.#counted[record.fate] += 1
    const { status } = record
    if (status !== undefined) this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1
    this.#keep(this[record.fate], record)
  }

  addProtocolError(error: ProtocolError): void {
    this.#counted.protocolErrors += 1
    this.#keep(this.protocolErrors, error)
  }

  counts(): Pick<GatewayCounts, Fate | 'byStatus' | 'protocolErrors'> {
    return { ...this.#counted, byStatus: { ...this.#byStatus } }
  }

  #keep<Item>(list: Item[], item: Item): void {
    if (this.#limit === 0) return
    if (list.length >= this.#limit) list.splice(0, Math.ceil(this.#limit / 10))
    list.push(item)
  }
}
