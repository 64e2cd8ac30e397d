import type { Statement } from '../../../postgres/statement.js'

export const DELETE_OUTCOMES_OF: Statement<
  [messageIds: readonly number[], limit: number],
  { sequence: number }
> = {
  text: `DELETE FROM apns_worker.outcomes WHERE sequence IN (
    SELECT sequence FROM apns_worker.outcomes WHERE message_id = ANY($1::bigint[]) LIMIT $2) RETURNING sequence`,
}
