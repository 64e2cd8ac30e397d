import type { Statement } from '../../../postgres/statement.js'

/** Charges apps for what they were handed, from where service had come to for those that had nothing to send before. */
export const CHARGE_APPS: Statement<
  [ids: readonly number[], handed: readonly number[], startTags: readonly number[], virtualTime: number]
> = {
  text: `
UPDATE apns_worker.apps a SET served = greatest(a.served, $4) + c.handed, start_tag = greatest(a.start_tag, c.start_tag)
FROM (
  SELECT c.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, handed, start_tag)
  JOIN apns_worker.apps USING (id) ORDER BY id FOR NO KEY UPDATE OF apps
) c WHERE a.id = c.id`,
}
