import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'
import { BATCH_COLUMNS, BATCH_TABLES, type BatchRow } from './batch-row.js'

export const LOCK_BATCHES_OF_OWNER: Statement<[owner: string, limit: number], BatchRow> = {
  text: `SELECT ${BATCH_COLUMNS} FROM ${BATCH_TABLES}
    WHERE b.state = ${BATCH.leased} AND b.owner = $1 ORDER BY b.id LIMIT $2 FOR UPDATE OF b`,
}
