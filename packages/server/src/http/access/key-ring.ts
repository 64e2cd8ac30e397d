import { timingSafeEqual } from 'node:crypto'
import type { AccessScope, ApiKeyConfig } from '../../config/server-config.js'
import type { Caller } from '../caller.js'
import { hashOfKey } from './api-key.js'

const ALL_SCOPES: readonly AccessScope[] = ['send', 'read', 'admin']

/** Who may do everything: whoever asks, where there are no keys. */
export const EVERYBODY: Caller = {
  name: 'everybody',
  scopes: new Set(ALL_SCOPES),
  mayUse: () => true,
  isForAllApps: true,
}
/** Who may do nothing that needs a scope. */
export const NOBODY: Caller = { name: 'nobody', scopes: new Set(), mayUse: () => false }

/** The API keys that are configured. */
export class KeyRing {
  readonly #callers: readonly { readonly hash: Buffer; readonly caller: Caller }[]

  constructor(keys: readonly ApiKeyConfig[]) {
    this.#callers = keys.map((key) => ({ hash: Buffer.from(key.hash, 'hex'), caller: callerOf(key) }))
  }

  /** Takes as long for a key that is nearly right as for any other, and looks at all of them. */
  find(key: string): Caller | undefined {
    const presented = hashOfKey(key)
    let found: Caller | undefined
    for (const { hash, caller } of this.#callers) {
      if (hash.length === presented.length && timingSafeEqual(hash, presented)) found = caller
    }
    return found
  }
}

function callerOf({ name, scopes, apps }: ApiKeyConfig): Caller {
  const allowed = apps === 'all' ? undefined : new Set(apps)
  return {
    name,
    scopes: new Set(scopes.includes('admin') ? ALL_SCOPES : scopes),
    mayUse: (app) => allowed?.has(app) ?? true,
    isForAllApps: allowed === undefined,
  }
}
