import type { Statement } from '../../../postgres/statement.js'

/** In the order of the keys. Waits for whoever adds the same one. @returns those that were not used by then */
export const ADD_KEYS: Statement<
  [
    appIds: readonly number[],
    keys: readonly string[],
    digests: readonly Uint8Array[],
    messageUuids: readonly string[],
    totals: readonly number[],
    now: number,
  ],
  { message_uuid: string }
> = {
  text: `INSERT INTO apns_worker.idempotency (app_id, key, digest, message_uuid, total, created_at)
    SELECT k.*, $6 FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[]) AS k (app_id, key)
    ORDER BY k.app_id, k.key
    ON CONFLICT (app_id, key) DO NOTHING RETURNING message_uuid`,
}
