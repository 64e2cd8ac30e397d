import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

/** With less the next burst fills the disk; SQLite's journal alone may have as much. */
const LEAST_FREE_BYTES = 8 * 1024 * 1024
/** Nobody's name: to take over what it has is a transaction that changes nothing. */
const PROBE_OWNER = 'readiness probe'

export interface StoreHealth {
  readonly state: 'writable' | 'failed'
  /** An `OutboxError`'s code, or `DISK_NEARLY_FULL`. */
  readonly code?: string
}

/** Whether the store takes a write: its lock is to be had, its file can be written to, and the disk has room. */
export async function probeStore(outbox: Pick<Outbox, 'takeOver'>, path: string): Promise<StoreHealth> {
  try {
    await outbox.takeOver(PROBE_OWNER)
    const { bavail, bsize } = await statfs(dirname(path))
    return bavail * bsize < LEAST_FREE_BYTES
      ? { state: 'failed', code: 'DISK_NEARLY_FULL' }
      : { state: 'writable' }
  } catch (error) {
    return { state: 'failed', code: error instanceof OutboxError ? error.code : 'STORE_UNAVAILABLE' }
  }
}
