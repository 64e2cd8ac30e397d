import type { Statement } from '../../../postgres/statement.js'
import { BATCH, MESSAGE } from '../../states.js'

/** One that is over, and seen to be, waits to be claimed anew, by whomever. */
export const RENEW_LEASES: Statement<
  [ids: readonly number[], fences: readonly number[], leaseUntil: number],
  { id: number; is_stopped: boolean }
> = {
  text: `
WITH wanted AS (
  SELECT b.id FROM unnest($1::bigint[], $2::bigint[]) AS w (id, fence)
  JOIN apns_worker.batches b ON b.id = w.id AND b.fence = w.fence AND b.state = ${BATCH.leased}
  ORDER BY b.id FOR UPDATE OF b
)
UPDATE apns_worker.batches b SET lease_until = $3
FROM wanted w, apns_worker.messages m, apns_worker.apps a, apns_worker.outbox o
WHERE b.id = w.id AND b.state = ${BATCH.leased} AND m.id = b.message_id AND a.id = b.app_id
RETURNING b.id, (m.state IN (${MESSAGE.cancelled}, ${MESSAGE.purged}) OR m.paused OR a.paused OR o.paused) AS is_stopped`,
}
