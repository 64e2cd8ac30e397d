import { MESSAGE } from '../../states.js'

/** A batch with what its message says about it. */
export interface BatchRow {
  readonly id: number
  readonly message_id: number
  readonly app_id: number
  readonly priority: number
  readonly first_index: number
  readonly count: number
  readonly token_bytes: number
  readonly pending: number
  readonly state: number
  readonly in_doubt: boolean
  readonly fence: number
  readonly settled: Uint8Array | null
  readonly message_state: number
  readonly message_paused: boolean
  /** It, its app, or everything. */
  readonly is_paused: boolean
  readonly drop_ambiguous: boolean
  readonly keep_all: boolean
  readonly ignore_suppression: boolean
  readonly uuid: string
}

/** What to select for a {@link BatchRow} from {@link BATCH_TABLES}. Its tokens are long, and seldom needed. */
export const BATCH_COLUMNS = `b.id, b.message_id, b.app_id, b.priority, b.first_index, b.count, b.token_bytes, b.pending,
  b.state, b.in_doubt, b.fence, b.settled, m.state AS message_state, m.paused AS message_paused,
  m.paused OR a.paused OR o.paused AS is_paused, m.drop_ambiguous, m.keep_all, m.ignore_suppression, m.uuid`

export const BATCH_TABLES = `apns_worker.batches b
  JOIN apns_worker.messages m ON m.id = b.message_id
  JOIN apns_worker.apps a ON a.id = b.app_id
  CROSS JOIN apns_worker.outbox o`

export function isCancelled(batch: BatchRow): boolean {
  return batch.message_state === MESSAGE.cancelled
}

export function isPurged(batch: BatchRow): boolean {
  return batch.message_state === MESSAGE.purged
}
