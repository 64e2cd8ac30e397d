import type { Statement } from '../../../postgres/statement.js'
import { OUTCOME_STATUSES } from '../../outbox.js'
import { BATCH, MESSAGE } from '../../states.js'

const PENDING = `m.total - (${OUTCOME_STATUSES.map((status) => `m.${status}`).join(' + ')})`

/**
 * Marks messages of a range, of one app or of all: from here on no lease of their batches is valid, and none of their tokens
 * counts. Their rows are removed in their time.
 */
export const PURGE_MESSAGES: Statement<
  [after: number, upTo: number, app: string | null, limit: number],
  { id: number }
> = {
  text: `
WITH purged AS (
  UPDATE apns_worker.messages m SET state = ${MESSAGE.purged} FROM (
    SELECT id FROM apns_worker.messages
    WHERE id > $1 AND id <= $2 AND state <> ${MESSAGE.purged}
      AND ($3::text IS NULL OR app_id = (SELECT id FROM apns_worker.apps WHERE name = $3))
    ORDER BY id LIMIT $4 FOR NO KEY UPDATE
  ) p WHERE m.id = p.id RETURNING m.id, m.app_id, ${PENDING} AS pending
), withdrawn AS (
  UPDATE apns_worker.batches b SET state = ${BATCH.held}, fence = 0, owner = NULL, lease_until = NULL, give_up_at = NULL
  FROM purged p WHERE b.message_id = p.id
), shallower AS (
  INSERT INTO apns_worker.depth_changes (app_id, tokens)
  SELECT app_id, -sum(pending) FROM purged WHERE pending > 0 GROUP BY app_id
)
SELECT id FROM purged`,
}
