import type { Statement } from '../../../postgres/statement.js'
import { BATCH, MESSAGE } from '../../states.js'

/** The message is locked by then. An open one's batches are held by that. */
export const RESUME_MESSAGE: Statement<[id: number, state: number]> = {
  text: `
WITH resumed AS (UPDATE apns_worker.messages SET paused = false WHERE id = $1)
UPDATE apns_worker.batches SET state = ${BATCH.waiting}
WHERE message_id = $1 AND state = ${BATCH.held} AND $2::integer = ${MESSAGE.queued}`,
}
