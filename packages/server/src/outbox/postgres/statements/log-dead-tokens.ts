import type { Statement } from '../../../postgres/statement.js'

/** From here until the transaction's end nobody else logs any: positions become visible in their order. */
export const LOG_DEAD_TOKENS: Statement<
  [
    appIds: readonly number[],
    timestamps: readonly number[],
    reasons: readonly string[],
    messageUuids: readonly string[],
    tokens: readonly Uint8Array[],
    now: number,
  ]
> = {
  text: `
WITH ends AS (
  UPDATE apns_worker.log_ends SET feedback = feedback + cardinality($1::bigint[])
  RETURNING feedback - cardinality($1::bigint[]) AS before
)
INSERT INTO apns_worker.feedback (position, app_id, "timestamp", recorded_at, reason, message_uuid, token)
SELECT ends.before + d.position, d.app_id, d."timestamp", $6, d.reason, d.message_uuid, d.token
FROM ends, unnest($1::bigint[], $2::bigint[], $3::text[], $4::uuid[], $5::bytea[])
  WITH ORDINALITY AS d (app_id, "timestamp", reason, message_uuid, token, position)`,
}
