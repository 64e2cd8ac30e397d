import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { NotificationRecord } from './received.js'

/** What became of a request, as far as the simulator can know. */
export type JournalFate =
  /** It is not decided yet, or the answer has not left. */
  | 'pending'
  /** The whole answer has left for the client. */
  | 'answered'
  /** It was decided that there is no answer. */
  | 'withheld'
  /** RST_STREAM has left for the client. */
  | 'reset'
  /** A GOAWAY has said that its stream is not processed. */
  | 'abandoned'
  /** The connection ended, or fell silent, before the answer left. */
  | 'lost'
  /** The client has reset the stream before the answer left. */
  | 'cancelled'

/** One request for a notification. */
export interface JournalNotification {
  readonly kind: 'notification'
  /** Its place among all that were received, counted from 1. */
  readonly order: number
  /** When it was complete: milliseconds since 1970 by the simulator's clock. */
  readonly at: number
  /** Counted from 1 as TCP accepted them. */
  readonly connection: number
  readonly streamId: number
  /** The sender's `apns-id`. */
  readonly apnsId: string | undefined
  readonly token: string
  readonly fate: JournalFate
  /** The status of the answer that was decided on; whether it has left is the fate's business. */
  readonly status: number | undefined
  readonly reason: string | undefined
  /** Why no device would show it although it was accepted, in words; undefined when nothing is known to keep it. */
  readonly wouldBeDropped: string | undefined
  /** Who decided: `authentication`, `validation`, the name of a rule, `chaos: …`, or `nothing is wrong`. */
  readonly why: string
  /** The client has reset the stream, be it after the answer had left. */
  readonly isCancelled: boolean
}

/** One step in the life of a connection. */
export interface JournalConnection {
  readonly kind: 'connection'
  /** Milliseconds since 1970 by the simulator's clock. */
  readonly at: number
  readonly connection: number
  /** `turnedAway`: a rule has kept it from becoming one. `silent`: it is a black hole from now on. */
  readonly event: 'turnedAway' | 'opened' | 'silent' | 'closed'
  /** Who wanted it: the client, a rule, a call of the simulator's methods. */
  readonly why: string
  /**
   * With `closed`: the client has said GOAWAY and closed, and nothing that it waited for was open. So it must have had every
   * answer that has left, unless it has reset the stream.
   */
  readonly isOrderly?: boolean
}

export type JournalLine = JournalNotification | JournalConnection

/** What is kept, and where it is written. */
export interface JournalOptions {
  /**
   * Each line is written here as JSON as soon as it is known, a notification with its fate, and again when that changes: the last
   * line of the same order counts. An old file is replaced.
   */
  readonly file?: string
  /** How many lines of each kind stay in memory, the latest ones; true: all. Default 1,000,000, or 0 with a file. */
  readonly keep?: number | true
}

const DEFAULT_KEEP = 1_000_000

/**
 * What was received and what was answered, so that a test can account for each notification: every request that was complete
 * has one entry, whose fate is known when the simulator is closed.
 */
export interface Journal {
  /** The requests, in the order in which they were complete. */
  readonly notifications: readonly JournalNotification[]
  /** What happened to connections, in order. */
  readonly connections: readonly JournalConnection[]
}

/** Keeps the journal. */
export class JournalKeeper implements Journal {
  readonly #notifications: JournalEntry[] = []
  readonly #connections: JournalConnection[] = []
  readonly #keep: number
  readonly #file: WriteStream | undefined
  readonly #now: () => number
  #count = 0

  /** `now`: milliseconds since 1970. */
  constructor(keep: number, now: () => number, file?: WriteStream) {
    this.#keep = keep
    this.#now = now
    this.#file = file
  }

  /** Rejects when the file can not be written. */
  static async open(options: JournalOptions, now: () => number): Promise<JournalKeeper> {
    const { file, keep = file === undefined ? DEFAULT_KEEP : 0 } = options
    const kept = keep === true ? Number.POSITIVE_INFINITY : keep
    if (file === undefined) return new JournalKeeper(kept, now)
    const handle: FileHandle = await open(file, 'w')
    return new JournalKeeper(kept, now, handle.createWriteStream())
  }

  get notifications(): readonly JournalNotification[] {
    return this.#notifications
  }

  get connections(): readonly JournalConnection[] {
    return this.#connections
  }

  /** A request is complete. */
  add(record: NotificationRecord, why: string): JournalEntry {
    this.#count += 1
    const entry = new JournalEntry(this.#count, record, why)
    push(this.#notifications, entry, this.#keep)
    return entry
  }

  /** The fate of an entry is known, or is another one. */
  settled(entry: JournalEntry): void {
    this.#write(entry)
  }

  connection(step: Pick<JournalConnection, 'connection' | 'event' | 'why' | 'isOrderly'>): void {
    const line: JournalConnection = { kind: 'connection', at: this.#now(), ...step }
    push(this.#connections, line, this.#keep)
    this.#write(line)
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    if (this.#file === undefined || this.#file.closed) return
    this.#file.end()
    await once(this.#file, 'close')
  }

  #write(line: JournalLine): void {
    this.#file?.write(`${JSON.stringify(line)}\n`)
  }
}

/** An entry whose fate is still to come. */
export class JournalEntry implements JournalNotification {
  readonly kind = 'notification'
  readonly order: number
  readonly at: number
  readonly connection: number
  readonly streamId: number
  readonly apnsId: string | undefined
  readonly token: string
  readonly why: string
  fate: JournalFate = 'pending'
  status: number | undefined = undefined
  reason: string | undefined = undefined
  wouldBeDropped: string | undefined = undefined
  isCancelled = false

  constructor(order: number, record: NotificationRecord, why: string) {
    this.order = order
    this.at = record.at
    this.connection = record.connection
    this.streamId = record.streamId
    this.apnsId = record.id
    this.token = record.token
    this.why = why
  }
}

/** Keeps the latest; when there are too many, the oldest tenth goes. */
function push<Line>(lines: Line[], line: Line, limit: number): void {
  if (limit === 0) return
  if (lines.length >= limit) lines.splice(0, Math.ceil(limit / 10))
  lines.push(line)
}
