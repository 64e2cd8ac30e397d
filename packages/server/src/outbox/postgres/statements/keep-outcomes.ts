import type { Statement } from '../../../postgres/statement.js'

/** From here until the transaction's end nobody else keeps any: positions become visible in their order. */
export const KEEP_OUTCOMES: Statement<
  [
    messageIds: readonly number[],
    tokenIndices: readonly number[],
    statuses: readonly number[],
    timestamps: readonly (number | null)[],
    reasons: readonly (string | null)[],
    tokens: readonly Uint8Array[],
    now: number,
  ]
> = {
  text: `
WITH ends AS (
  UPDATE apns_worker.log_ends SET outcomes = outcomes + cardinality($1::bigint[])
  RETURNING outcomes - cardinality($1::bigint[]) AS before
)
INSERT INTO apns_worker.outcomes (sequence, message_id, token_index, status, recorded_at, "timestamp", reason, token)
SELECT ends.before + o.position, o.message_id, o.token_index, o.status, $7, o."timestamp", o.reason, o.token
FROM ends, unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::text[], $6::bytea[])
  WITH ORDINALITY AS o (message_id, token_index, status, "timestamp", reason, token, position)`,
}
