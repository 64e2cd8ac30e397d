import type { Statement } from '../../../postgres/statement.js'

export const DELETE_BATCHES_OF: Statement<[messageIds: readonly number[], limit: number], { id: number }> = {
  text: `DELETE FROM apns_worker.batches WHERE id IN (
    SELECT id FROM apns_worker.batches WHERE message_id = ANY($1::bigint[]) LIMIT $2) RETURNING id`,
}
