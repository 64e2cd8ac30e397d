import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'
import { BATCH_COLUMNS, BATCH_TABLES, type BatchRow } from './batch-row.js'

/** Those that nobody has, and nobody may be handed any more. */
export const LOCK_LATE_BATCHES: Statement<[now: number, limit: number], BatchRow> = {
  text: `SELECT ${BATCH_COLUMNS} FROM ${BATCH_TABLES}
    WHERE b.give_up_at IS NOT NULL AND b.state <> ${BATCH.leased} AND b.give_up_at <= $1
    LIMIT $2 FOR UPDATE OF b SKIP LOCKED`,
}
