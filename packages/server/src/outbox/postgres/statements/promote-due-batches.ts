import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/** What has come due may be handed out. */
export const PROMOTE_DUE_BATCHES: Statement<[now: number, limit: number]> = {
  text: `
UPDATE apns_worker.batches SET state = ${BATCH.ready} WHERE id IN (
  SELECT id FROM apns_worker.batches WHERE state = ${BATCH.waiting} AND due_at <= $1
  ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
}
