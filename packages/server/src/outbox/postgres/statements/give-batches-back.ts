import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

/** To be handed out again, not before their time. Whether the message is paused is seen when they would be. */
export const GIVE_BATCHES_BACK: Statement<
  [ids: readonly number[], notBefore: readonly number[], inDoubt: readonly boolean[]]
> = {
  text: `
UPDATE apns_worker.batches b SET state = ${BATCH.waiting}, due_at = greatest(b.due_at, g.not_before),
  in_doubt = b.in_doubt OR g.in_doubt, owner = NULL, lease_until = NULL
FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS g (id, not_before, in_doubt) WHERE b.id = g.id`,
}
