import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

export interface AppRow {
  readonly name: string
  readonly paused: boolean
  readonly pending: number
  readonly oldest: number | null
}

/** Since when the oldest may be sent, by an index of its own: by another one, all that is finished might be gone through. */
export const LIST_APPS: Statement<[], AppRow> = {
  text: `
WITH changes AS (SELECT app_id, sum(tokens) AS tokens FROM apns_worker.depth_changes GROUP BY app_id)
SELECT a.name, a.paused, (coalesce(d.pending, 0) + coalesce(c.tokens, 0))::bigint AS pending, (
    SELECT min(greatest(m.created_at, m.deliver_after)) FROM apns_worker.messages m
    WHERE m.app_id = a.id AND m.finished_at IS NULL AND m.state IN (${MESSAGE.queued}, ${MESSAGE.cancelled})
  ) AS oldest
FROM apns_worker.apps a
LEFT JOIN apns_worker.depth d ON d.app_id = a.id LEFT JOIN changes c ON c.app_id = a.id
ORDER BY a.name COLLATE "C"`,
}
