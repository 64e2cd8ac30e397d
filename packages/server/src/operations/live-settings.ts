import { isDeepStrictEqual } from 'node:util'
import { isLocal } from '../config/listen-address.js'
import type { ServerConfig } from '../config/server-config.js'
import { ServerError } from './server-error.js'

/** What only a new start can change: it is open, leased or listened on. */
const FIXED = ['listen', 'role', 'outbox', 'store', 'worker', 'readyFile'] as const
export type FixedKey = (typeof FIXED)[number] | 'tls'

/** The configuration that holds at present. */
export class LiveSettings {
  #config: ServerConfig

  constructor(config: ServerConfig) {
    this.#config = config
  }

  get config(): ServerConfig {
    return this.#config
  }

  /**
   * @throws {ServerError} `CANNOT_RELOAD` when the server would be open to everybody: without keys, on an address that
   *   others reach
   */
  check(next: ServerConfig): void {
    const { listen } = this.#config
    if (next.apiKeys.length > 0 || isLocal(listen)) return
    throw new ServerError(
      'CANNOT_RELOAD',
      'the new configuration has no API keys, and the server listens on an address that others reach; configure keys, or listen on 127.0.0.1 and start again',
    )
  }

  /**
   * Takes a configuration over, but for what only a new start can change, which stays as it is.
   *
   * @returns the keys of what would have changed
   */
  replace(next: ServerConfig): FixedKey[] {
    const present = this.#config
    const fixed: FixedKey[] = FIXED.filter((key) => !isDeepStrictEqual(present[key], next[key]))
    const keepsTls = (present.tls === undefined) !== (next.tls === undefined)
    if (keepsTls) fixed.push('tls')
    const { listen, role, outbox, store, worker, readyFile } = present
    this.#config = {
      ...next,
      listen,
      role,
      outbox,
      store,
      worker,
      readyFile,
      tls: keepsTls ? present.tls : next.tls,
    }
    return fixed
  }
}
