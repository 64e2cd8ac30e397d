import type { Statement } from '../../../postgres/statement.js'

export const DELETE_MESSAGES: Statement<[ids: readonly number[]]> = {
  text: `WITH reasons AS (DELETE FROM apns_worker.reasons WHERE message_id = ANY($1::bigint[]))
    DELETE FROM apns_worker.messages WHERE id = ANY($1::bigint[])`,
}
