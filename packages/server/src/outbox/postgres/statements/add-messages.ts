import type { Statement } from '../../../postgres/statement.js'

export interface AddedMessage {
  readonly id: number
  readonly uuid: string
}

/** In the given order. @returns those that were not there by then */
export const ADD_MESSAGES: Statement<
  [
    uuids: readonly string[],
    appIds: readonly number[],
    states: readonly number[],
    priorities: readonly number[],
    dropAmbiguous: readonly boolean[],
    keepAll: readonly boolean[],
    ignoreSuppression: readonly boolean[],
    registeredAt: readonly (number | null)[],
    deliverAfter: readonly (number | null)[],
    giveUpAfter: readonly (number | null)[],
    createdAt: readonly number[],
    finishedAt: readonly (number | null)[],
    totals: readonly number[],
    contents: readonly string[],
  ],
  AddedMessage
> = {
  text: `
INSERT INTO apns_worker.messages (uuid, app_id, state, priority, drop_ambiguous, keep_all, ignore_suppression, registered_at,
  deliver_after, give_up_after, created_at, finished_at, total, content)
SELECT uuid, app_id, state, priority, drop_ambiguous, keep_all, ignore_suppression, registered_at, deliver_after,
  give_up_after, created_at, finished_at, total, content
FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::integer[], $5::boolean[], $6::boolean[], $7::boolean[],
  $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[]) WITH ORDINALITY
  AS n (uuid, app_id, state, priority, drop_ambiguous, keep_all, ignore_suppression, registered_at, deliver_after,
    give_up_after, created_at, finished_at, total, content, position)
ORDER BY position
ON CONFLICT (uuid) DO NOTHING RETURNING id, uuid`,
}
