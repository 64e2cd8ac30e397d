import type { Statement } from '../../../postgres/statement.js'

/** Adds changes of the depth up, unless another process does so: `outbox`'s row is its lock. */
export const ADD_UP_DEPTH: Statement<[limit: number]> = {
  text: `
WITH turn AS (
  SELECT 1 FROM apns_worker.outbox FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM apns_worker.depth_changes WHERE id IN (
    SELECT id FROM apns_worker.depth_changes WHERE EXISTS (SELECT 1 FROM turn) LIMIT $1)
  RETURNING app_id, tokens
)
INSERT INTO apns_worker.depth AS d (app_id, pending)
SELECT app_id, sum(tokens) FROM gone GROUP BY app_id ORDER BY app_id
ON CONFLICT (app_id) DO UPDATE SET pending = d.pending + excluded.pending`,
}
