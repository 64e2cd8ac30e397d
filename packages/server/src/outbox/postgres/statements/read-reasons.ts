import type { Statement } from '../../../postgres/statement.js'

/** The most frequent first. */
export const READ_REASONS: Statement<
  [messageIds: readonly number[]],
  { message_id: number; reason: string; count: number }
> = {
  text: `SELECT message_id, reason, count FROM apns_worker.reasons WHERE message_id = ANY($1::bigint[])
    ORDER BY message_id, count DESC, reason COLLATE "C"`,
}
