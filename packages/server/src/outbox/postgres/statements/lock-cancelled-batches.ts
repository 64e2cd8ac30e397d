import type { Statement } from '../../../postgres/statement.js'
import { BATCH, MESSAGE } from '../../states.js'
import { BATCH_COLUMNS, BATCH_TABLES, type BatchRow } from './batch-row.js'

/** Of messages that were cancelled, those that nobody has. */
export const LOCK_CANCELLED_BATCHES: Statement<[limit: number], BatchRow> = {
  text: `SELECT ${BATCH_COLUMNS} FROM ${BATCH_TABLES}
    WHERE m.state = ${MESSAGE.cancelled} AND m.finished_at IS NULL AND b.state <> ${BATCH.leased}
    LIMIT $1 FOR UPDATE OF b SKIP LOCKED`,
}
