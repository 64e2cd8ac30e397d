import type { Statement } from '../../../postgres/statement.js'

/** Takes tokens off the list that were declared dead before the moment beside them; null: whenever that was. */
export const FREE_TOKENS: Statement<
  [appIds: readonly number[], tokens: readonly Uint8Array[], registeredAt: readonly (number | null)[]],
  { token: Uint8Array }
> = {
  text: `DELETE FROM apns_worker.suppressed s
    USING unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS r (app_id, token, registered_at)
    WHERE s.app_id = r.app_id AND s.token = r.token AND s."timestamp" < coalesce(r.registered_at, s."timestamp" + 1)
    RETURNING s.token`,
}
