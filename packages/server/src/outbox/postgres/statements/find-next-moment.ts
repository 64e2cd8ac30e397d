import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/** When something may be handed out, by the passing of time alone; null when nothing will be. */
export const FIND_NEXT_MOMENT: Statement<[], { at: number | null }> = {
  text: `
SELECT least(
  (SELECT min(due_at) FROM apns_worker.batches WHERE state = ${BATCH.waiting}),
  (SELECT min(lease_until) FROM apns_worker.batches WHERE state = ${BATCH.leased}),
  (SELECT min(give_up_at) FROM apns_worker.batches WHERE give_up_at IS NOT NULL AND state <> ${BATCH.leased})
) AS at`,
}
