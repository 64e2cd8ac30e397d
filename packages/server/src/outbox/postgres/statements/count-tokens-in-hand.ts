import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

export const COUNT_TOKENS_IN_HAND: Statement<[owner: string], { app_id: number; tokens: number }> = {
  text: `SELECT app_id, sum(pending)::bigint AS tokens FROM apns_worker.batches
    WHERE state = ${BATCH.leased} AND owner = $1 GROUP BY app_id`,
}
