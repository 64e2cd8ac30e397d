import { checkInteger } from '../checks.js'
import type { Outbox } from '../outbox.js'
import { DEFAULT_MAX_PENDING_TOKENS, StoreOutbox } from '../store-outbox.js'
import type { DriverName } from './database.js'
import { StoreClient } from './store-client.js'

export interface EmbeddedOutboxOptions {
  /** The store's file, made where there is none. Beside it lie `-wal` and `-shm`, which belong to it. */
  readonly path: string
  /**
   * What a resolved promise outlives: `power-loss` (default: each group of calls waits for the disk), or a `crash` of the
   * process alone, which is faster: a crash of the machine then loses the last moments, and leaves the store whole.
   */
  readonly durability?: 'power-loss' | 'crash' | undefined
  /** How many tokens may wait, of all apps together. Default: 100,000,000. */
  readonly maxPendingTokens?: number | undefined
  /** How large the file may become; its journal comes on top. Default: as large as the disk. */
  readonly maxFileBytes?: number | undefined
  /** How long a call waits while another process writes, in milliseconds. Default: 5000; 0 and more. */
  readonly busyTimeoutMs?: number | undefined
  /** Unix time in milliseconds. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Default: Node's own SQLite where it has one, else libsql. */
  readonly driver?: DriverName | undefined
}

const DEFAULT_BUSY_TIMEOUT_MS = 5000

/**
 * Opens an outbox in one file (SQLite, write-ahead log), in a thread of its own. Any number of processes may have the same
 * file open, on one machine.
 *
 * @throws {OutboxError} with one of the `STORE_` codes
 */
export async function openEmbeddedOutbox(options: EmbeddedOutboxOptions): Promise<Outbox> {
  const { path, durability = 'power-loss', busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options
  const { maxFileBytes, driver } = options
  checkInteger('busyTimeoutMs', busyTimeoutMs, 0)
  const maxPending = options.maxPendingTokens ?? DEFAULT_MAX_PENDING_TOKENS
  checkInteger('maxPendingTokens', maxPending, 0)
  const client = await StoreClient.open({ path, durability, busyTimeoutMs, maxFileBytes, driver })
  return new StoreOutbox(client, options.now ?? Date.now, maxPending)
}
