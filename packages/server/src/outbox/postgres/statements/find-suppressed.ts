import type { Statement } from '../../../postgres/statement.js'

/** Which of these are on the list, by their positions in the arrays, from 1. */
export const FIND_SUPPRESSED: Statement<
  [appIds: readonly number[], tokens: readonly Uint8Array[]],
  { position: number }
> = {
  text: `SELECT w.position FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS w (app_id, token, position)
    WHERE EXISTS (SELECT 1 FROM apns_worker.suppressed s WHERE s.app_id = w.app_id AND s.token = w.token)`,
}
