import type { Statement } from '../../../postgres/statement.js'
import { OUTCOME_STATUSES } from '../../outbox.js'
import { RECENT_SPAN_MS } from '../../recent-span.js'
import { MESSAGE } from '../../states.js'

const SETTLED = OUTCOME_STATUSES.map((status) => `m.${status}`).join(' + ')
const ADDED = OUTCOME_STATUSES.map((status) => `c.${status}`).join(' + ')
const IS_DONE = `m.total = ${SETTLED} + ${ADDED} AND m.state <> ${MESSAGE.open}`
const IS_OVER = `$12 - m.span_since >= ${RECENT_SPAN_MS}`
/** After a rest, what was before it says nothing of now. */
const IS_STALE = `$12 - m.span_since >= ${2 * RECENT_SPAN_MS}`

/**
 * Writes what was settled: the batches' sets, and no row any more for those without a token left; the messages' counts, reasons
 * and recent progress, and their end; and how much less waits. The messages are locked in the order of their ids, and nothing
 * that others want is locked before them.
 */
export const SETTLE_BATCHES: Statement<
  [
    changedIds: readonly number[],
    changedPending: readonly number[],
    changedSettled: readonly Uint8Array[],
    goneIds: readonly number[],
    messageIds: readonly number[],
    /** Six for each message, in the order of `OUTCOME_STATUSES`. */
    counts: readonly number[],
    reasonMessageIds: readonly number[],
    reasons: readonly string[],
    reasonCounts: readonly number[],
    apps: readonly number[],
    depths: readonly number[],
    now: number,
  ]
> = {
  text: `
WITH changed AS (
  UPDATE apns_worker.batches b SET pending = c.pending, settled = c.settled
  FROM unnest($1::bigint[], $2::integer[], $3::bytea[]) AS c (id, pending, settled) WHERE b.id = c.id
), gone AS (
  DELETE FROM apns_worker.batches WHERE id = ANY($4::bigint[])
), given AS (
  INSERT INTO apns_worker.reasons (message_id, reason, count)
  SELECT * FROM unnest($7::bigint[], $8::text[], $9::bigint[]) AS r (message_id, reason, count) ORDER BY 1, 2
  ON CONFLICT (message_id, reason) DO UPDATE SET count = reasons.count + excluded.count
), shallower AS (
  INSERT INTO apns_worker.depth_changes (app_id, tokens)
  SELECT * FROM unnest($10::bigint[], $11::bigint[])
), counted AS (
  SELECT id, ${OUTCOME_STATUSES.map((status, index) => `($6::bigint[])[(position - 1) * ${OUTCOME_STATUSES.length} + ${index + 1}] AS ${status}`).join(', ')}
  FROM unnest($5::bigint[]) WITH ORDINALITY AS c (id, position)
), locked AS (
  SELECT c.* FROM counted c JOIN apns_worker.messages m ON m.id = c.id ORDER BY c.id FOR NO KEY UPDATE OF m
)
UPDATE apns_worker.messages m SET
  ${OUTCOME_STATUSES.map((status) => `${status} = m.${status} + c.${status}`).join(', ')},
  span_before_since = CASE WHEN ${IS_STALE} THEN NULL WHEN ${IS_OVER} THEN m.span_since ELSE m.span_before_since END,
  span_before_settled = CASE WHEN ${IS_STALE} THEN 0 WHEN ${IS_OVER} THEN m.span_settled ELSE m.span_before_settled END,
  span_settled = CASE WHEN ${IS_OVER} THEN ${ADDED} ELSE m.span_settled + ${ADDED} END,
  span_since = CASE WHEN ${IS_OVER} THEN $12 ELSE coalesce(m.span_since, m.started_at, $12) END,
  finished_at = CASE WHEN ${IS_DONE} THEN $12 END,
  state = CASE WHEN ${IS_DONE} AND m.state = ${MESSAGE.queued} THEN ${MESSAGE.done} ELSE m.state END
FROM locked c WHERE m.id = c.id`,
}
