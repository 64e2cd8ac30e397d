import { MESSAGE } from '../../states.js'

/** A batch with what its message says about it. */
export interface BatchRow {
  readonly id: number
  readonly message_id: number
  readonly app_id: number
  readonly first_index: number
  readonly count: number
  readonly token_bytes: number
  readonly pending: number
  readonly state: number
  readonly in_doubt: number
  readonly fence: number
  readonly settled: Uint8Array | null
  readonly message_state: number
  readonly message_paused: number
  readonly drop_ambiguous: number
  readonly keep_all: number
  readonly ignore_suppression: number
  readonly uuid: string
}

/** What to select for a {@link BatchRow}; `WHERE` and the rest follow. */
export const SELECT_BATCH = `
SELECT b.id, b.message_id, b.app_id, b.first_index, b.count, b.token_bytes, b.pending, b.state, b.in_doubt, b.fence,
  b.settled, m.state AS message_state, m.paused AS message_paused, m.drop_ambiguous, m.keep_all,
  m.ignore_suppression, m.uuid
FROM batches b JOIN messages m ON m.id = b.message_id`

export function isCancelled(batch: BatchRow): boolean {
  return batch.message_state === MESSAGE.cancelled
}
