import type { Statement } from '../../../postgres/statement.js'

export const FORGET_KEYS: Statement<[createdBefore: number, limit: number], { key: string }> = {
  text: `
DELETE FROM apns_worker.idempotency WHERE (app_id, key) IN (
  SELECT app_id, key FROM apns_worker.idempotency WHERE created_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING key`,
}
