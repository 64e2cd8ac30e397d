import type { KeyObject } from 'node:crypto'
import { generateProviderKey } from './certificates.js'
import { identifier } from './identifier.js'

/** What a provider signs its tokens with; fits `ApnsManager`'s `key`, `keyId` and `teamId`. */
export interface ProviderCredentials {
  /** The `.p8` file: PKCS#8 PEM of a P-256 key. */
  readonly key: string
  /** Ten characters. */
  readonly keyId: string
  /** Ten characters. */
  readonly teamId: string
}

/** What a further key may do. Without `environment` and `topics` it is a key for everything in its team. */
export interface ProviderKeyOptions {
  /** Default: a new one. */
  readonly keyId?: string
  /** Default: the team of the simulator's first key. */
  readonly teamId?: string
  /** Makes it a topic-specific key: the bundle ids that it may push to. */
  readonly topics?: readonly string[]
  /** The one environment in which it works; default both. */
  readonly environment?: 'sandbox' | 'production'
  /** Topic-specific keys: the key id that this one may share a connection with. */
  readonly relatedTo?: string
}

/** A key as the server knows it. */
export interface ProviderKey {
  readonly keyId: string
  readonly teamId: string
  readonly publicKey: KeyObject
  readonly topics: ReadonlySet<string> | undefined
  readonly environment: 'sandbox' | 'production' | undefined
  readonly relatedTo: string | undefined
}

/** The provider keys that the simulator's developer account has. */
export class ProviderKeys {
  readonly #keys = new Map<string, ProviderKey>()

  /** Makes a key and returns what its owner needs. */
  add(options: ProviderKeyOptions & { readonly teamId: string }): ProviderCredentials {
    const keyId = options.keyId ?? identifier()
    if (this.#keys.has(keyId)) throw new TypeError(`addKey: there is a key ${keyId} already`)
    this.#checkRelation(keyId, options)
    const { publicKey, pem } = generateProviderKey()
    this.#keys.set(keyId, {
      keyId,
      teamId: options.teamId,
      publicKey,
      topics: options.topics === undefined ? undefined : new Set(options.topics),
      environment: options.environment,
      relatedTo: options.relatedTo,
    })
    return { key: pem, keyId, teamId: options.teamId }
  }

  /** The key with this id, unless there is none or it was revoked. */
  get(keyId: string): ProviderKey | undefined {
    return this.#keys.get(keyId)
  }

  /** Whether this very key is still good. */
  has(key: ProviderKey): boolean {
    return this.#keys.get(key.keyId) === key
  }

  /** Tokens signed with this key are invalid from now on. Returns whether there was such a key. */
  revoke(keyId: string): boolean {
    return this.#keys.delete(keyId)
  }

  /** Apple lets a topic-specific key have one related key. */
  #checkRelation(keyId: string, { topics, relatedTo }: ProviderKeyOptions): void {
    if (relatedTo === undefined) return
    if (topics === undefined) throw new TypeError('addKey: only a key with "topics" has a related key')
    const taken = [...this.#keys.values()].some((key) => key.relatedTo === relatedTo)
    const own = this.#keys.get(relatedTo)?.relatedTo ?? keyId
    if (taken || own !== keyId) throw new TypeError(`addKey: ${relatedTo} has a related key already`)
  }
}
