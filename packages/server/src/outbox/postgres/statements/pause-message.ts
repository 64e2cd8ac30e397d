import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/** The message is locked by then. */
export const PAUSE_MESSAGE: Statement<[id: number]> = {
  text: `
WITH paused AS (UPDATE apns_worker.messages SET paused = true WHERE id = $1)
UPDATE apns_worker.batches SET state = ${BATCH.held}
WHERE message_id = $1 AND state IN (${BATCH.ready}, ${BATCH.waiting})`,
}
