import type { Statement } from '../../../postgres/statement.js'

export interface SuppressedTokens {
  readonly app_id: number
  /** Of each token. */
  readonly bytes: number
  readonly last: number
  readonly count: number
  /** One after the other. */
  readonly tokens: Uint8Array
}

/** What has come on the list after a position, put together by app and length. */
export const LIST_SUPPRESSED_SINCE: Statement<[after: number, limit: number], SuppressedTokens> = {
  text: `
SELECT app_id, length(token) AS bytes, max(sequence) AS last, count(*) AS count, string_agg(token, ''::bytea) AS tokens
FROM (SELECT sequence, app_id, token FROM apns_worker.suppressed WHERE sequence > $1 ORDER BY sequence LIMIT $2) AS page
GROUP BY 1, 2`,
}
