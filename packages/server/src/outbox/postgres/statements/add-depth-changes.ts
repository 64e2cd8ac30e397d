import type { Statement } from '../../../postgres/statement.js'

export const ADD_DEPTH_CHANGES: Statement<[appIds: readonly number[], tokens: readonly number[]]> = {
  text: 'INSERT INTO apns_worker.depth_changes (app_id, tokens) SELECT * FROM unnest($1::bigint[], $2::bigint[])',
}
