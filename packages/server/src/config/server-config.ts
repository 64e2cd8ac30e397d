import type { ApnsManagerOptions } from 'apns-worker'

/** The server's configuration, read and checked, with a value for everything that has a default. */
export interface ServerConfig {
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string }
  /** The API's own certificate and key, in PEM; without them it speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** What this process does: takes messages (`api`), sends them (`worker`), or both. */
  readonly role: ServerRole
  /** Where messages are kept that several servers share; undefined: in {@link store}, which counts for nothing otherwise. */
  readonly outbox: PostgresOutboxConfig | undefined
  readonly store: {
    readonly path: string
    /** Whether a commit waits for the disk (`power-loss`), or only survives the process (`crash`). */
    readonly durability: 'power-loss' | 'crash'
  }
  readonly apps: readonly AppConfig[]
  /** Who may use the API. Empty: everybody who can reach it, which is why it has to be a loopback address or a socket then. */
  readonly apiKeys: readonly ApiKeyConfig[]
  readonly limits: LimitsConfig
  readonly worker: {
    /** Who it is in the outbox: the same after a restart. Default: `worker`; with a shared outbox, the host's name. */
    readonly owner: string
    readonly leaseMs: number
    readonly windowTokens: number
  }
  readonly retention: {
    /** How long a finished message is kept, with its outcomes. */
    readonly finishedMs: number
    readonly idempotencyMs: number
  }
  readonly webhook: WebhookConfig | undefined
  /** How long a stop waits for what is in flight. */
  readonly drainTimeoutMs: number
  readonly log: { readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' }
  /** A file that is there for as long as the server is ready. */
  readonly readyFile: string | undefined
}

export type ServerRole = 'all' | 'api' | 'worker'

/** A database of PostgreSQL. */
export interface PostgresOutboxConfig {
  readonly url: string
  /** Other addresses of the same database, tried in order when the first is not to be had, or is read-only. */
  readonly failoverUrls: readonly string[]
  /** The authority of its certificate, in PEM; undefined: as the URL says. */
  readonly ca: string | undefined
  /** Of this process. */
  readonly maxConnections: number
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
}

export interface AppConfig {
  /** 1 to 64 letters, digits, `.`, `_` and `-`. */
  readonly name: string
  /** Credentials, topic, environment, proxy and the network options of its manager; files are read already. */
  readonly options: Omit<ApnsManagerOptions, 'name' | 'logger' | 'errorHandler'>
  /** How many connections all workers on the outbox may have together, over each of its lines; default: no such limit. */
  readonly fleetConnections?: number
}

export type AccessScope = 'send' | 'read' | 'admin'

export interface ApiKeyConfig {
  /** For logs: who it was given to. */
  readonly name: string
  /** The SHA-256 of the key, in hex. */
  readonly hash: string
  /** `admin` has the others in it. */
  readonly scopes: readonly AccessScope[]
  readonly apps: readonly string[] | 'all'
}

export interface LimitsConfig {
  /** Of a request that is not a streamed list. */
  readonly bodyBytes: number
  /** In the JSON of one request. */
  readonly tokensPerRequest: number
  /** Tokens without an outcome in the outbox, above which nothing is accepted. */
  readonly pendingTokens: number
  /** Of the store, above which nothing is accepted. */
  readonly storeBytes: number
  /** Of the API, at a time. */
  readonly connections: number
  /** Until a request has to be there, head and body; streamed lists only have to go on. */
  readonly requestTimeoutMs: number
}

export interface WebhookConfig {
  readonly url: string
  /** For the signature. */
  readonly secret: string
  /** Whether it may be on a private network, or this very machine. */
  readonly allowPrivateAddresses: boolean
  /** Dead tokens in one request. */
  readonly batchSize: number
  readonly timeoutMs: number
}
