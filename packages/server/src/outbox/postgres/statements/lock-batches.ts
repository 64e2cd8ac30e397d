import type { Statement } from '../../../postgres/statement.js'
import { BATCH_COLUMNS, BATCH_TABLES, type BatchRow } from './batch-row.js'

/** In the order of their ids, so that two workers that want the same ones do not wait for each other. */
export const LOCK_BATCHES: Statement<[ids: readonly number[]], BatchRow> = {
  text: `SELECT ${BATCH_COLUMNS} FROM ${BATCH_TABLES} WHERE b.id = ANY($1::bigint[]) ORDER BY b.id FOR UPDATE OF b`,
}
