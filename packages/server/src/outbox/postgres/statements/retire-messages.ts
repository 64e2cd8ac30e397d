import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

/** Marks messages that were finished by then as purged. */
export const RETIRE_MESSAGES: Statement<[finishedBefore: number, limit: number], { id: number }> = {
  text: `
UPDATE apns_worker.messages m SET state = ${MESSAGE.purged} FROM (
  SELECT id FROM apns_worker.messages
  WHERE finished_at IS NOT NULL AND finished_at <= $1 AND state <> ${MESSAGE.purged}
  ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
) old WHERE m.id = old.id RETURNING m.id`,
}
