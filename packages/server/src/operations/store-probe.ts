import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Outbox } from '../outbox/outbox.js'
import { OutboxError } from '../outbox/outbox-error.js'

/** With less the next burst fills the disk; SQLite's journal alone may have as much. */
const LEAST_FREE_BYTES = 8 * 1024 * 1024
/** Nobody's name: to take over what it has is a transaction that changes nothing. */
const PROBE_OWNER = 'readiness probe'
/** Whoever asks gives two seconds, at least; a store that takes longer is of no use to anybody. */
const LIMIT_MS = 1500

export interface StoreHealth {
  readonly state: 'writable' | 'failed'
  /** An `OutboxError`'s code, `DISK_NEARLY_FULL`, or `STORE_SILENT`: it has not answered in time. */
  readonly code?: string
}

/** Asks whether a store takes a write: its lock is to be had, and where it is a file, that can be written to, and the disk has room. */
export class StoreProbe {
  readonly #outbox: Pick<Outbox, 'takeOver'>
  readonly #path: string | undefined
  readonly #limitMs: number
  #asking: Promise<StoreHealth> | undefined

  /** @param path of its file, where it is one */
  constructor(outbox: Pick<Outbox, 'takeOver'>, path: string | undefined, limitMs: number = LIMIT_MS) {
    this.#outbox = outbox
    this.#path = path
    this.#limitMs = limitMs
  }

  /** In bounded time. One that was not answered is waited for, and not asked again beside. */
  async ask(): Promise<StoreHealth> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    let timer: NodeJS.Timeout | undefined
    const silent = new Promise<StoreHealth>((resolve) => {
      timer = setTimeout(() => resolve({ state: 'failed', code: 'STORE_SILENT' }), this.#limitMs)
    })
    try {
      return await Promise.race([this.#asking, silent])
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(): Promise<StoreHealth> {
    try {
      await this.#outbox.takeOver(PROBE_OWNER)
      if (this.#path === undefined) return { state: 'writable' }
      const { bavail, bsize } = await statfs(dirname(this.#path))
      return bavail * bsize < LEAST_FREE_BYTES
        ? { state: 'failed', code: 'DISK_NEARLY_FULL' }
        : { state: 'writable' }
    } catch (error) {
      return { state: 'failed', code: error instanceof OutboxError ? error.code : 'STORE_UNAVAILABLE' }
    }
  }
}
