import type { Statement } from '../../../postgres/statement.js'
import type { SuppressedRow } from '../../stored-rows.js'

const SELECT = `SELECT sequence, "timestamp", reason, token FROM apns_worker.suppressed
  WHERE app_id = (SELECT id FROM apns_worker.apps WHERE name = $1) AND sequence > $2`

export const LIST_SUPPRESSED: Statement<[app: string, after: number, limit: number], SuppressedRow> = {
  text: `${SELECT} ORDER BY sequence LIMIT $3`,
}

export const FIND_SUPPRESSED_TOKEN: Statement<
  [app: string, after: number, limit: number, token: Uint8Array],
  SuppressedRow
> = {
  text: `${SELECT} AND token = $4 ORDER BY sequence LIMIT $3`,
}
