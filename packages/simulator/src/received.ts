import { DEVICE_PATH, type NotificationRequest } from './notification-request.js'
import type { PushTypeName } from './push-types.js'

/** One notification that reached the simulator, and what became of it. */
export interface ReceivedNotification {
  /** The device token, as it was in the path; of a broadcast, the channel's id. */
  readonly token: string
  /** Regular headers, lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly topic: string | undefined
  readonly pushType: string | undefined
  readonly priority: number | undefined
  /** `apns-expiration`: seconds since 1970. */
  readonly expiration: number | undefined
  readonly collapseId: string | undefined
  /** The sender's `apns-id`; of a broadcast, its `apns-request-id`. */
  readonly id: string | undefined
  /** The id of the answer: the sender's, or one that the simulator made. */
  readonly answeredId: string | undefined
  /** The raw body. */
  readonly body: Buffer
  /** The body as JSON, or undefined when it is none. */
  readonly payload: unknown
  /** Status of the answer; undefined as long as, or for ever when, there is none. */
  readonly status: number | undefined
  /** `reason` of a refusal. */
  readonly reason: string | undefined
  /** The host that the sender has asked for: `:authority`, or `host`. It tells Apple's hosts apart, which share a port here. */
  readonly authority: string | undefined
  /**
   * Why a device would never show it although it was accepted, in words; undefined when nothing is known to keep it. Looked for
   * only where a journal is kept, but in Live Activities always.
   */
  readonly wouldBeDropped: string | undefined
  /** Number of the connection, counted from 1 as TCP accepted them. */
  readonly connection: number
  readonly streamId: number
  /** Its place among the requests of its connection, counted from 1 as they were complete. */
  readonly index: number
  /** What it was authenticated with; undefined when it was not. */
  readonly authentication: 'token' | 'certificate' | undefined
  /** When it was complete: milliseconds since 1970 by the simulator's clock. */
  readonly at: number
}

/** Where and when a notification came in. */
export interface Arrival {
  readonly connection: number
  readonly streamId: number
  readonly index: number
  readonly at: number
}

/** A received notification while its fate is still being decided. */
export class NotificationRecord implements ReceivedNotification {
  readonly token: string
  readonly headers: ReadonlyMap<string, string>
  readonly topic: string | undefined
  readonly pushType: string | undefined
  readonly priority: number | undefined
  readonly expiration: number | undefined
  readonly collapseId: string | undefined
  readonly id: string | undefined
  readonly authority: string | undefined
  readonly body: Buffer
  readonly connection: number
  readonly streamId: number
  readonly index: number
  readonly at: number
  answeredId: string | undefined = undefined
  status: number | undefined = undefined
  reason: string | undefined = undefined
  authentication: 'token' | 'certificate' | undefined = undefined

  wouldBeDropped: string | undefined = undefined
  /** Its push type, named or inferred, once it was checked. */
  type: PushTypeName | undefined = undefined

  constructor({ path, headers, authority }: NotificationRequest, body: Buffer, arrival: Arrival) {
    this.token = path.startsWith(DEVICE_PATH) ? path.slice(DEVICE_PATH.length) : ''
    this.headers = headers
    this.authority = authority ?? headers.get('host')
    this.topic = headers.get('apns-topic')
    this.pushType = headers.get('apns-push-type')
    this.priority = numberFrom(headers.get('apns-priority'))
    this.expiration = numberFrom(headers.get('apns-expiration'))
    this.collapseId = headers.get('apns-collapse-id')
    this.id = headers.get('apns-id')
    this.body = body
    this.connection = arrival.connection
    this.streamId = arrival.streamId
    this.index = arrival.index
    this.at = arrival.at
  }

  get payload(): unknown {
    try {
      const payload: unknown = JSON.parse(this.body.toString('utf8'))
      return payload
    } catch {
      return undefined
    }
  }

  /** What a line of a log needs: the payload in place of the raw body, and no list of headers. */
  toJSON(): Record<string, unknown> {
    const { headers: _headers, body: _body, type: _type, ...fields } = this
    return { ...fields, payload: this.payload }
  }
}

function numberFrom(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header)
}

/** How many of which kind there were since the start. */
export interface Counts {
  /** Complete requests. */
  readonly received: number
  /** Answered with success. */
  readonly accepted: number
  /** Answered with anything else. */
  readonly refused: number
  /** Refused ones by reason; those without a reason by status. */
  readonly byReason: Readonly<Record<string, number>>
  /** Connections that finished their handshake. */
  readonly connections: number
  /** Those of them that are open; one in a black hole is not, since its client can not be seen to go. */
  readonly openConnections: number
  /** Streams open now, on all connections. */
  readonly openStreams: number
  /** The most streams that were open at once on any one connection. */
  readonly maxOpenStreams: number
  /** Streams that a client opened against the limit that it had acknowledged. */
  readonly streamLimitViolations: number
}

/** Keeps received notifications, the latest ones if there are too many, and counts all of them. */
export class Recorder {
  readonly #kept: NotificationRecord[] = []
  readonly #limit: number
  readonly #byReason = new Map<string, number>()
  #received = 0
  #accepted = 0
  #refused = 0

  /** `limit`: how many notifications are kept. When there are more, the oldest tenth goes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get kept(): readonly ReceivedNotification[] {
    return this.#kept
  }

  add(record: NotificationRecord): void {
    this.#received += 1
    if (this.#limit === 0) return
    if (this.#kept.length >= this.#limit) this.#kept.splice(0, Math.ceil(this.#limit / 10))
    this.#kept.push(record)
  }

  /** The record has been given its status. */
  answered(record: NotificationRecord): void {
    if (record.status !== undefined && record.status < 300) {
      this.#accepted += 1
      return
    }
    this.#refused += 1
    const label = record.reason ?? String(record.status)
    this.#byReason.set(label, (this.#byReason.get(label) ?? 0) + 1)
  }

  counts(): Pick<Counts, 'received' | 'accepted' | 'refused' | 'byReason'> {
    return {
      received: this.#received,
      accepted: this.#accepted,
      refused: this.#refused,
      byReason: Object.fromEntries(this.#byReason),
    }
  }
}
