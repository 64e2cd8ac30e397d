import type { Statement } from '../../../postgres/statement.js'

/** In the given order. Their tokens are all in one value, which crosses as it is; the others cross as text. */
export const ADD_BATCHES: Statement<
  [
    messageIds: readonly number[],
    appIds: readonly number[],
    priorities: readonly number[],
    firstIndices: readonly number[],
    counts: readonly number[],
    tokenBytes: readonly number[],
    states: readonly number[],
    dueAt: readonly number[],
    giveUpAt: readonly (number | null)[],
    /** From 1. */
    tokensFrom: readonly number[],
    tokensLength: readonly number[],
    tokens: Uint8Array,
  ]
> = {
  text: `
INSERT INTO apns_worker.batches (message_id, app_id, priority, first_index, count, token_bytes, pending, state, due_at,
  give_up_at, tokens)
SELECT message_id, app_id, priority, first_index, count, token_bytes, count, state, due_at, give_up_at,
  substring($12::bytea FROM tokens_from FOR tokens_length)
FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::integer[], $7::smallint[],
  $8::bigint[], $9::bigint[], $10::integer[], $11::integer[]) WITH ORDINALITY
  AS b (message_id, app_id, priority, first_index, count, token_bytes, state, due_at, give_up_at, tokens_from,
    tokens_length, position)
ORDER BY position`,
}
