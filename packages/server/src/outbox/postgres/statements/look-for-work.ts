import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/** What there is to do before batches are handed out. Each is one look at an index. */
export interface WorkToDo {
  readonly is_paused: boolean
  /** Leases are over. */
  readonly has_lapsed: boolean
  /** Something may not be handed out any more. */
  readonly has_late: boolean
  /** Something may be handed out from now on. */
  readonly has_due: boolean
  /** How many changes of the depth wait to be added up, up to some hundred. */
  readonly depth_changes: number
  /** The last position on the list of suppressed tokens. */
  readonly last_suppressed: number
}

export const LOOK_FOR_WORK: Statement<[now: number], WorkToDo> = {
  text: `
SELECT o.paused AS is_paused,
  EXISTS (SELECT 1 FROM apns_worker.batches WHERE state = ${BATCH.leased} AND lease_until <= $1) AS has_lapsed,
  EXISTS (SELECT 1 FROM apns_worker.batches
    WHERE give_up_at IS NOT NULL AND state <> ${BATCH.leased} AND give_up_at <= $1) AS has_late,
  EXISTS (SELECT 1 FROM apns_worker.batches WHERE state = ${BATCH.waiting} AND due_at <= $1) AS has_due,
  (SELECT count(*) FROM (SELECT 1 FROM apns_worker.depth_changes LIMIT 500) AS page) AS depth_changes,
  e.suppressed AS last_suppressed
FROM apns_worker.outbox o CROSS JOIN apns_worker.log_ends e`,
}
