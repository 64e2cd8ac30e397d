import {
  type AppStats,
  type MessageStatus,
  OUTCOME_STATUSES,
  type OutboxStats,
  type OutcomePage,
} from '../../outbox.js'
import { OutboxError } from '../../outbox-error.js'
import { RECENT_COLUMNS } from '../../recent-span.js'
import { BATCH, MESSAGE } from '../../states.js'
import type { ListCall, OutcomesCall } from '../../store-calls.js'
import { type MessageRow, type OutcomeRow, outcomePageOf, statusOf } from '../../stored-rows.js'
import type { Database, SqlValue } from '../database.js'

interface StatusRow extends MessageRow {
  readonly id: number
  readonly paused: number
}

const SELECT_STATUS = `
SELECT m.id, m.uuid, a.name AS app, m.state, m.paused OR a.paused OR o.paused AS paused, m.priority, m.created_at,
  m.started_at, m.finished_at, m.total, ${[...OUTCOME_STATUSES, ...RECENT_COLUMNS].map((column) => `m.${column}`).join(', ')}
FROM messages m CROSS JOIN apps a ON a.id = m.app_id CROSS JOIN outbox o`

/** What is asked of the outbox without changing it. Statements are prepared when they are asked for: that is seldom. */
export class Reports {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  message(uuid: string): MessageStatus {
    const row = this.#database
      .prepare<StatusRow>(`${SELECT_STATUS} WHERE m.uuid = ? AND m.state <> ${MESSAGE.purged}`)
      .get(uuid)
    if (row === undefined) throw new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
    return this.#statusOf(row)
  }

  messages({ app, isUnfinished, before, limit }: ListCall): MessageStatus[] {
    const conditions = [`state <> ${MESSAGE.purged}`]
    const parameters: SqlValue[] = []
    if (app !== undefined) {
      conditions.push('app_id = (SELECT id FROM apps WHERE name = ?)')
      parameters.push(app)
    }
    if (before !== undefined) {
      conditions.push('id < (SELECT id FROM messages WHERE uuid = ?)')
      parameters.push(before)
    }
    if (isUnfinished) conditions.push('finished_at IS NULL')
    // The page is found first: what is sorted where no index has the order is ids, and no contents.
    const page = `SELECT id FROM messages WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`
    return this.#database
      .prepare<StatusRow>(`${SELECT_STATUS} WHERE m.id IN (${page}) ORDER BY m.id DESC`)
      .all(...parameters, limit)
      .map((row) => this.#statusOf(row))
  }

  outcomes({ uuid, after, limit }: OutcomesCall): OutcomePage {
    const ofMessage = uuid === undefined ? '' : 'AND m.uuid = ?'
    const rows = this.#database
      .prepare<OutcomeRow>(`
        SELECT kept.sequence, m.uuid, kept.token_index, kept.status, kept.recorded_at, kept.timestamp, kept.reason, kept.token
        FROM outcomes kept JOIN messages m ON m.id = kept.message_id
        WHERE kept.sequence > ? AND m.state <> ${MESSAGE.purged} ${ofMessage} ORDER BY kept.sequence LIMIT ?`)
      .all(after, ...(uuid === undefined ? [] : [uuid]), limit)
    return outcomePageOf(rows, after)
  }

  stats(): OutboxStats {
    const outbox = this.#database
      .prepare<{ pending: number; paused: number; leased: number; bytes: number }>(`
        SELECT pending, paused, (SELECT count(*) FROM batches WHERE state = ${BATCH.leased}) AS leased,
          (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes FROM outbox`)
      .get()
    return {
      pending: outbox?.pending ?? 0,
      leasedBatches: outbox?.leased ?? 0,
      isPaused: outbox?.paused === 1,
      apps: this.#apps(),
      storeBytes: outbox?.bytes ?? 0,
    }
  }

  #apps(): AppStats[] {
    return this.#database
      .prepare<{ name: string; paused: number; pending: number; oldest: number | null }>(`
        SELECT name, paused, pending, (SELECT max(created_at, coalesce(deliver_after, 0)) FROM messages
          WHERE app_id = apps.id AND finished_at IS NULL AND state IN (${MESSAGE.queued}, ${MESSAGE.cancelled})
          ORDER BY max(created_at, coalesce(deliver_after, 0)) LIMIT 1) AS oldest FROM apps ORDER BY name`)
      .all()
      .map(({ name, paused, pending, oldest }) => ({
        app: name,
        isPaused: paused === 1,
        pending,
        oldestAtMs: oldest ?? undefined,
      }))
  }

  #statusOf(row: StatusRow): MessageStatus {
    const reasons = this.#database
      .prepare<{ reason: string; count: number }>(
        'SELECT reason, count FROM reasons WHERE message_id = ? ORDER BY count DESC, reason',
      )
      .all(row.id)
    return statusOf(row, row.paused === 1, reasons)
  }
}
