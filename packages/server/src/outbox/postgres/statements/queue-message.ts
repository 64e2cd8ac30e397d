import type { Statement } from '../../../postgres/statement.js'
import { OUTCOME_STATUSES } from '../../outbox.js'
import { BATCH, MESSAGE } from '../../states.js'

const IS_DONE = `m.total = ${OUTCOME_STATUSES.map((status) => `m.${status}`).join(' + ')}`

/** An open message is to be sent. What is due already becomes ready at the next claim. */
export const QUEUE_MESSAGE: Statement<[id: number, now: number]> = {
  text: `
WITH queued AS (
  UPDATE apns_worker.messages m SET
    state = CASE WHEN ${IS_DONE} THEN ${MESSAGE.done} ELSE ${MESSAGE.queued} END,
    finished_at = CASE WHEN ${IS_DONE} THEN $2::bigint END
  WHERE id = $1 RETURNING m.id, m.paused
)
UPDATE apns_worker.batches b SET state = ${BATCH.waiting} FROM queued q
WHERE b.message_id = q.id AND b.state = ${BATCH.held} AND NOT q.paused`,
}
