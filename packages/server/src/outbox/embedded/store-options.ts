import type { DriverName } from './database.js'

/** How the store's thread opens its file. A plain object: it crosses from one thread to another. */
export interface StoreOptions {
  readonly path: string
  readonly durability: 'power-loss' | 'crash'
  readonly busyTimeoutMs: number
  readonly maxFileBytes: number | undefined
  readonly driver: DriverName | undefined
}
