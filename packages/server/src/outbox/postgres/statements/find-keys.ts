import type { Statement } from '../../../postgres/statement.js'

export interface UsedKey {
  readonly app_id: number
  readonly key: string
  readonly digest: Uint8Array
  readonly message_uuid: string
  readonly total: number
}

export const FIND_KEYS: Statement<[appIds: readonly number[], keys: readonly string[]], UsedKey> = {
  text: `SELECT i.app_id, i.key, i.digest, i.message_uuid, i.total
    FROM unnest($1::bigint[], $2::text[]) AS k (app_id, key) JOIN apns_worker.idempotency i USING (app_id, key)`,
}
