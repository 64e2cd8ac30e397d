import type { Statement } from '../../../postgres/statement.js'
import { BATCH, MESSAGE } from '../../states.js'

/**
 * What came back to a message after it was paused waits with the rest of it. The message is locked, so that a resume comes
 * before this or after it, and finds all that it has to wake.
 */
export const HOLD_PAUSED_BATCHES: Statement<[messageIds: readonly number[]]> = {
  text: `
WITH paused AS (
  SELECT id FROM apns_worker.messages WHERE id = ANY($1::bigint[]) AND (paused OR state = ${MESSAGE.purged})
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE apns_worker.batches SET state = ${BATCH.held}
WHERE message_id IN (SELECT id FROM paused) AND state IN (${BATCH.ready}, ${BATCH.waiting})`,
}
