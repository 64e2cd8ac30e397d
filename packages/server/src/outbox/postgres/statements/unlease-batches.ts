import type { Statement } from '../../../postgres/statement.js'

/** Takes back leases that nobody has heard of. */
export const UNLEASE_BATCHES: Statement<[ids: readonly number[], state: number]> = {
  text: `UPDATE apns_worker.batches SET state = $2, owner = NULL, lease_until = NULL WHERE id = ANY($1::bigint[])`,
}
