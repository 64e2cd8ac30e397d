import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

export const READ_TOTALS: Statement<[], { is_paused: boolean; leased: number; bytes: number }> = {
  text: `SELECT paused AS is_paused,
    (SELECT count(*) FROM apns_worker.batches WHERE state = ${BATCH.leased}) AS leased,
    (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
      WHERE c.relnamespace = 'apns_worker'::regnamespace AND c.relkind = 'r') AS bytes
  FROM apns_worker.outbox`,
}
