import type { Statement } from '../../../postgres/statement.js'

/** How many tokens have no outcome. */
export const COUNT_PENDING: Statement<[], { pending: number }> = {
  text: `SELECT (coalesce((SELECT sum(pending) FROM apns_worker.depth), 0)
    + coalesce((SELECT sum(tokens) FROM apns_worker.depth_changes), 0))::bigint AS pending`,
}
