import type { Statement } from '../../../postgres/statement.js'

/**
 * Puts tokens on the list of those that nothing is sent to; no token twice in one statement. What is known already, or was true
 * at an earlier time, is no news. From here until the transaction's end nobody else does so.
 *
 * @returns the positions in the arrays, from 1, of those that are news
 */
export const SUPPRESS_TOKENS: Statement<
  [
    appIds: readonly number[],
    timestamps: readonly number[],
    reasons: readonly string[],
    tokens: readonly Uint8Array[],
  ],
  { position: number }
> = {
  text: `
WITH ends AS (
  UPDATE apns_worker.log_ends SET suppressed = suppressed + cardinality($1::bigint[])
  RETURNING suppressed - cardinality($1::bigint[]) AS before
), dead AS (
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[])
    WITH ORDINALITY AS d (app_id, "timestamp", reason, token, position)
), news AS (
  INSERT INTO apns_worker.suppressed AS s (sequence, app_id, "timestamp", reason, token)
  SELECT ends.before + dead.position, dead.app_id, dead."timestamp", dead.reason, dead.token FROM ends, dead
  ON CONFLICT (app_id, token) DO UPDATE SET "timestamp" = excluded."timestamp", reason = excluded.reason
  WHERE excluded."timestamp" > s."timestamp"
  RETURNING s.app_id, s.token
)
SELECT dead.position FROM dead JOIN news ON news.app_id = dead.app_id AND news.token = dead.token ORDER BY 1`,
}
