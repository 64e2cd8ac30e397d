import type { Statement } from '../../../postgres/statement.js'
import { OUTCOME_STATUSES } from '../../outbox.js'
import { RECENT_COLUMNS } from '../../recent-span.js'
import type { MessageRow } from '../../stored-rows.js'

export interface StatusRow extends MessageRow {
  readonly id: number
  readonly is_paused: boolean
}

export const READ_MESSAGES: Statement<[ids: readonly number[]], StatusRow> = {
  text: `
SELECT m.id, m.uuid, a.name AS app, m.state, m.paused OR a.paused OR o.paused AS is_paused, m.priority, m.created_at,
  m.started_at, m.finished_at, m.total, ${[...OUTCOME_STATUSES, ...RECENT_COLUMNS].map((column) => `m.${column}`).join(', ')}
FROM apns_worker.messages m JOIN apns_worker.apps a ON a.id = m.app_id CROSS JOIN apns_worker.outbox o
WHERE m.id = ANY($1::bigint[]) ORDER BY m.id DESC`,
}
