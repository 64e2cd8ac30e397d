import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'
import type { OutcomeRow } from '../../stored-rows.js'

const SELECT = `
SELECT kept.sequence, m.uuid, kept.token_index, kept.status, kept.recorded_at, kept."timestamp", kept.reason, kept.token
FROM apns_worker.outcomes kept JOIN apns_worker.messages m ON m.id = kept.message_id
WHERE m.state <> ${MESSAGE.purged}`

/** In the order in which they were recorded, after a position. */
export const LIST_OUTCOMES: Statement<[after: number, limit: number], OutcomeRow> = {
  text: `${SELECT} AND kept.sequence > $1 ORDER BY kept.sequence LIMIT $2`,
}

export const LIST_OUTCOMES_OF_MESSAGE: Statement<
  [after: number, limit: number, messageId: number],
  OutcomeRow
> = {
  text: `${SELECT} AND kept.message_id = $3 AND kept.sequence > $1 ORDER BY kept.sequence LIMIT $2`,
}
