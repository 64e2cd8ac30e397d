import type { Statement } from '../../../postgres/statement.js'

/** Says when they were first handed out. By itself: whoever has batches locked does not wait for messages. */
export const START_MESSAGES: Statement<[ids: readonly number[], now: number]> = {
  text: `
UPDATE apns_worker.messages m SET started_at = $2 FROM (
  SELECT id FROM apns_worker.messages WHERE id = ANY($1::bigint[]) AND started_at IS NULL
  ORDER BY id FOR NO KEY UPDATE
) s WHERE m.id = s.id AND m.started_at IS NULL`,
}
