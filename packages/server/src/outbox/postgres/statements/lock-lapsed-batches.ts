import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'
import { BATCH_COLUMNS, BATCH_TABLES, type BatchRow } from './batch-row.js'

/** Those whose leases are over. What another process has locked is its to end, or is being recorded. */
export const LOCK_LAPSED_BATCHES: Statement<[now: number, limit: number], BatchRow> = {
  text: `SELECT ${BATCH_COLUMNS} FROM ${BATCH_TABLES}
    WHERE b.state = ${BATCH.leased} AND b.lease_until <= $1 LIMIT $2 FOR UPDATE OF b SKIP LOCKED`,
}
