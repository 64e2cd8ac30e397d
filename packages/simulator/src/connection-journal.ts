import type { JournalEntry, JournalFate, JournalKeeper } from './journal.js'
import type { NotificationRecord } from './received.js'

/** So many streams back the client's RST_STREAM is still noted after the answer has left. */
const LATE_STREAMS = 20_000

/** What a connection tells the journal, if there is one. */
export class ConnectionJournal {
  readonly #journal: JournalKeeper | undefined
  readonly #connection: number
  readonly #entries = new Map<number, JournalEntry>()
  /** Nothing is answered any more. */
  #isOver = false

  constructor(journal: JournalKeeper | undefined, connection: number) {
    this.#journal = journal
    this.#connection = connection
    journal?.connection({ connection, event: 'opened', why: 'the client' })
  }

  /** A request is complete, and it is decided what happens to it. */
  received(record: NotificationRecord, why: string): void {
    if (this.#journal === undefined) return
    this.#entries.set(record.streamId, this.#journal.add(record, why))
    this.#entries.delete(record.streamId - 2 * LATE_STREAMS)
    // Node may come to a request only after the connection it came on has ended.
    if (this.#isOver) this.settle(record.streamId, 'lost')
  }

  /** An answer is on its way to the session. */
  answering({ streamId, status, reason, wouldBeDropped }: NotificationRecord): void {
    const entry = this.#entries.get(streamId)
    if (entry === undefined) return
    entry.status = status
    entry.reason = reason
    entry.wouldBeDropped = wouldBeDropped
  }

  /** The fate of one request is known; the first one counts. */
  settle(streamId: number, fate: JournalFate): void {
    const entry = this.#entries.get(streamId)
    if (entry?.fate === 'pending') this.#settle(entry, fate)
  }

  /** The streams above this one get no answer, and the client is told so: even those that would have had none. */
  abandonedAbove(lastStreamId: number): void {
    for (const [streamId, entry] of this.#entries) if (streamId > lastStreamId) this.#abandon(entry)
  }

  /** The same for one stream. */
  abandoned(streamId: number): void {
    const entry = this.#entries.get(streamId)
    if (entry !== undefined) this.#abandon(entry)
  }

  /** The client has reset a stream. */
  cancelled(streamId: number): void {
    const entry = this.#entries.get(streamId)
    if (entry === undefined || entry.isCancelled) return
    entry.isCancelled = true
    this.#settle(entry, entry.fate === 'pending' ? 'cancelled' : entry.fate)
  }

  /** Nothing comes or goes any more, although the connection stays. */
  silent(why: string): void {
    this.#loseAll()
    this.#journal?.connection({ connection: this.#connection, event: 'silent', why })
  }

  closed(why: string, isOrderly: boolean): void {
    this.#loseAll()
    this.#journal?.connection({ connection: this.#connection, event: 'closed', why, isOrderly })
  }

  #abandon(entry: JournalEntry): void {
    if (entry.fate === 'pending' || entry.fate === 'withheld') this.#settle(entry, 'abandoned')
  }

  #settle(entry: JournalEntry, fate: JournalFate): void {
    entry.fate = fate
    this.#journal?.settled(entry)
  }

  #loseAll(): void {
    this.#isOver = true
    for (const streamId of this.#entries.keys()) this.settle(streamId, 'lost')
  }
}
