import { setTimeout as wait } from 'node:timers/promises'
import { OutboxError } from '../../outbox/outbox-error.js'
import type { Session } from '../../postgres/statement.js'
import { type Beat, type BeatDecision, decideBeat } from '../decide-beat.js'
import type { BeatAnswer, FleetStore } from '../fleet-store.js'
import type { FleetMember } from '../member.js'
import type { MemberRecord } from '../member-record.js'
import { FLEET_TIMING, type FleetTiming } from '../timing.js'
import { READ_RESUMES, resumesOf } from './read-resumes.js'
import { READ_WORKERS, recordsOf, type WorkerRow } from './read-workers.js'
import { REMOVE_DEAD, REMOVE_WORKER } from './remove-workers.js'
import { REPLACE_WORKER } from './replace-worker.js'
import { WRITE_WORKER } from './write-worker.js'

/** How often a heartbeat is decided where others are heard at the same time. */
const MAX_ATTEMPTS = 20
/** Before the second, at most; longer by as much before each further one. Drawn at random, so that they part. */
const PAUSE_MS = 20

/**
 * The table of a fleet's members. What a heartbeat brings about is decided here, on what was read, and written if it still is
 * so: no process ever waits for another that was held up in the middle.
 */
export class PostgresFleetStore implements FleetStore {
  readonly #database: Session
  readonly #timing: FleetTiming

  constructor(database: Session, timing: FleetTiming = FLEET_TIMING) {
    this.#database = database
    this.#timing = timing
  }

  async beat(beat: Beat): Promise<BeatAnswer> {
    const resumes = resumesOf(await this.#database.run(READ_RESUMES))
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { records, version, nowMs } = await this.#read()
      const decision = decideBeat(records, beat, nowMs, this.#timing.deadMs)
      if (decision.kind !== 'heard' || (await this.#write(decision, version, nowMs)))
        return { decision, resumes }
      await wait(Math.random() * PAUSE_MS * attempt)
    }
    throw new OutboxError('STORE_BUSY', `others were heard at the same time, ${MAX_ATTEMPTS} times`)
  }

  async members(): Promise<readonly FleetMember[]> {
    const { records, nowMs } = await this.#read()
    return records.filter(
      ({ heardAtMs, isReplaced }) => nowMs - heardAtMs < this.#timing.deadMs && !isReplaced,
    )
  }

  async leave(incarnation: string): Promise<void> {
    await this.#database.run(REMOVE_WORKER, incarnation)
  }

  async #read(): Promise<{ records: MemberRecord[]; version: number; nowMs: number }> {
    const rows = await this.#database.run<[], WorkerRow>(READ_WORKERS)
    const [first] = rows
    if (first === undefined) throw new OutboxError('STORE_CORRUPT', 'the row of apns_worker.fleet is gone')
    return { records: recordsOf(rows), version: first.version, nowMs: first.now }
  }

  /** @returns whether it is so: nobody else was heard meanwhile */
  async #write(
    { record, replaced, dead }: Extract<BeatDecision, { kind: 'heard' }>,
    version: number,
    nowMs: number,
  ): Promise<boolean> {
    if (dead.length > 0) await this.#database.run(REMOVE_DEAD, dead, nowMs - this.#timing.deadMs)
    if (replaced !== undefined) await this.#database.run(REPLACE_WORKER, replaced.incarnation, replaced.beats)
    const written = await this.#database.run(
      WRITE_WORKER,
      version,
      record.incarnation,
      record.owner,
      record.role,
      record.sinceMs,
      record.beats,
      record.heardAtMs,
      record.isLeader,
      JSON.stringify(record.lines),
      JSON.stringify(record.state),
    )
    return written.length > 0
  }
}
