import type { NetworkOptions } from 'apns-worker'
import type { AccessScope } from './server-config.js'

/** The configuration as it is written, with the defaults filled in; paths are absolute, durations in seconds. */
export interface ConfigFile {
  readonly listen: string
  readonly tls?: TlsFile
  readonly store: { readonly path: string; readonly durability: 'power-loss' | 'crash' }
  readonly outbox?: OutboxFile
  readonly role: 'all' | 'api' | 'worker'
  readonly apps: readonly AppFile[]
  readonly apiKeys: readonly ApiKeyFile[]
  readonly limits: LimitsFile
  readonly worker: { readonly owner?: string; readonly lease: number; readonly windowTokens: number }
  readonly retention: { readonly finished: number; readonly idempotency: number }
  readonly webhook?: WebhookFile
  readonly drainTimeout: number
  readonly log: { readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' }
  readonly readyFile?: string
}

export interface OutboxFile {
  readonly urlPath?: string
  readonly url?: string
  readonly failoverUrls?: readonly string[]
  readonly caPath?: string
  readonly ca?: string
  readonly maxConnections: number
  readonly statementTimeout: number
  readonly connectTimeout: number
}

export interface TlsFile {
  readonly certPath?: string
  readonly cert?: string
  readonly keyPath?: string
  readonly key?: string
}

export interface AppFile extends CredentialsFile, Required<{ [Name in keyof NetworkOptions]: number }> {
  readonly name: string
  readonly topic?: string
  readonly environment: 'sandbox' | 'production' | HostFile
  readonly broadcastHost?: 'api-broadcast' | 'api'
  readonly fleetConnections?: number
  readonly proxy?: { readonly url: string; readonly caPath?: string; readonly ca?: string }
}

/** Contents, and paths of files with them. */
export interface CredentialsFile {
  readonly keyPath?: string
  readonly key?: string
  readonly keyId?: string
  readonly teamId?: string
  readonly certPath?: string
  readonly cert?: string
  readonly pfxPath?: string
  readonly pfx?: string
  readonly passphrasePath?: string
  readonly passphrase?: string
}

export interface HostFile {
  readonly host: string
  readonly port: number
  readonly channelPort?: number
  readonly caPath?: string
  readonly ca?: string
  readonly servername?: string
}

export interface ApiKeyFile {
  readonly name: string
  readonly hash: string
  readonly scopes: readonly AccessScope[]
  readonly apps: 'all' | readonly string[]
}

export interface LimitsFile {
  readonly bodySize: number
  readonly tokensPerRequest: number
  readonly pendingTokens: number
  readonly storeSize: number
  readonly connections: number
  readonly requestTimeout: number
}

export interface WebhookFile {
  readonly url: string
  readonly secretPath?: string
  readonly secret?: string
  readonly allowPrivateAddresses: boolean
  readonly batchSize: number
  readonly timeout: number
}
