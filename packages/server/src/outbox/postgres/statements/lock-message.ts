import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

export interface LockedMessage {
  readonly id: number
  readonly app_id: number
  readonly state: number
  readonly paused: boolean
  readonly priority: number
  readonly deliver_after: number | null
  readonly give_up_after: number | null
  readonly total: number
  readonly registered_at: number | null
}

export const LOCK_MESSAGE: Statement<[uuid: string], LockedMessage> = {
  text: `SELECT id, app_id, state, paused, priority, deliver_after, give_up_after, total, registered_at
    FROM apns_worker.messages WHERE uuid = $1 AND state <> ${MESSAGE.purged} FOR NO KEY UPDATE`,
}
