import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

/** Of several processes, each has others. */
export const LOCK_PURGED_MESSAGES: Statement<[limit: number], { id: number }> = {
  text: `SELECT id FROM apns_worker.messages WHERE state = ${MESSAGE.purged} ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
}
