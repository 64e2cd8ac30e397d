import type { Statement } from '../../../postgres/statement.js'
import { OUTCOME_STATUSES } from '../../outbox.js'
import { MESSAGE } from '../../states.js'

const IS_DONE = `m.total = ${OUTCOME_STATUSES.map((status) => `m.${status}`).join(' + ')}`

/** Marks unfinished messages of a range, of one app or of all; their batches follow. */
export const CANCEL_MESSAGES: Statement<
  [after: number, upTo: number, app: string | null, limit: number, now: number],
  { id: number }
> = {
  text: `
UPDATE apns_worker.messages m SET state = ${MESSAGE.cancelled}, finished_at = CASE WHEN ${IS_DONE} THEN $5::bigint END
FROM (
  SELECT id FROM apns_worker.messages
  WHERE id > $1 AND id <= $2 AND finished_at IS NULL AND state <> ${MESSAGE.purged}
    AND ($3::text IS NULL OR app_id = (SELECT id FROM apns_worker.apps WHERE name = $3))
  ORDER BY id LIMIT $4 FOR NO KEY UPDATE
) c WHERE m.id = c.id RETURNING m.id`,
}
