import type { Statement } from '../../../postgres/statement.js'

export const FORGET_FEEDBACK: Statement<[recordedBefore: number, limit: number], { position: number }> = {
  text: `DELETE FROM apns_worker.feedback WHERE position IN (
    SELECT position FROM apns_worker.feedback WHERE recorded_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING position`,
}
