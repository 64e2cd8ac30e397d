import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/**
 * The message is locked by then, and whoever has batches locked may wait for it: those are passed over. A claim that meets one of
 * them later sees that its message is paused, and holds it.
 */
export const PAUSE_MESSAGE: Statement<[id: number]> = {
  text: `
WITH paused AS (UPDATE apns_worker.messages SET paused = true WHERE id = $1)
UPDATE apns_worker.batches SET state = ${BATCH.held} WHERE id IN (
  SELECT id FROM apns_worker.batches WHERE message_id = $1 AND state IN (${BATCH.ready}, ${BATCH.waiting})
  FOR UPDATE SKIP LOCKED
)`,
}
