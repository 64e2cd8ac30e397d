import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'
import type { BatchRow } from './batch-row.js'

export interface LeasedRow extends BatchRow {
  readonly tokens: Uint8Array
}

/**
 * Leases the next batches of each app, and passes over those that another process is about to have: by the message's priority,
 * then the oldest. What is of a message that was paused or cancelled a moment ago is leased too, and not to be handed out.
 *
 * The fence is the time, and higher than the one before: so it is also another one where a fail-over has forgotten that.
 *
 * @returns them in no order
 */
export const LEASE_BATCHES: Statement<
  [appIds: readonly number[], limits: readonly number[], owner: string, leaseUntil: number, now: number],
  LeasedRow
> = {
  text: `
WITH next AS (
  SELECT b.id FROM unnest($1::bigint[], $2::integer[]) AS w (app_id, batches)
  CROSS JOIN LATERAL (
    SELECT id FROM apns_worker.batches WHERE state = ${BATCH.ready} AND app_id = w.app_id
    ORDER BY priority DESC, message_id, id LIMIT w.batches FOR UPDATE SKIP LOCKED
  ) b
)
UPDATE apns_worker.batches b SET state = ${BATCH.leased}, owner = $3, lease_until = $4,
  fence = greatest(b.fence + 1, $5)
FROM next, apns_worker.messages m, apns_worker.apps a, apns_worker.outbox o
WHERE b.id = next.id AND m.id = b.message_id AND a.id = b.app_id
RETURNING b.id, b.message_id, b.app_id, b.priority, b.first_index, b.count, b.token_bytes, b.pending, b.state, b.in_doubt,
  b.fence, b.settled, b.tokens, m.state AS message_state, m.paused AS message_paused,
  m.paused OR a.paused OR o.paused AS is_paused, m.drop_ambiguous, m.keep_all, m.ignore_suppression, m.uuid`,
}
