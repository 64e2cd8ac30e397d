import type { Statement } from '../../../postgres/statement.js'
import type { FeedbackRow } from '../../stored-rows.js'

const SELECT = `
SELECT f.position, a.name AS app, f."timestamp", f.recorded_at, f.reason, f.message_uuid, f.token
FROM apns_worker.feedback f JOIN apns_worker.apps a ON a.id = f.app_id`

/** In the order in which it was learnt, after a position. */
export const LIST_FEEDBACK: Statement<[after: number, limit: number], FeedbackRow> = {
  text: `${SELECT} WHERE f.position > $1 ORDER BY f.position LIMIT $2`,
}

/** Each app by its index: one with few entries among millions does not read these. */
export const LIST_FEEDBACK_OF_APPS: Statement<
  [after: number, limit: number, apps: readonly string[]],
  FeedbackRow
> = {
  text: `
SELECT f.position, w.name AS app, f."timestamp", f.recorded_at, f.reason, f.message_uuid, f.token
FROM (SELECT id, name FROM apns_worker.apps WHERE name = ANY($3::text[])) w CROSS JOIN LATERAL (
  SELECT * FROM apns_worker.feedback WHERE app_id = w.id AND position > $1 ORDER BY position LIMIT $2
) f ORDER BY f.position LIMIT $2`,
}
