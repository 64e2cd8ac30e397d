/** Where the database is, and how much of it one process takes. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Others, tried in order when the one before cannot be reached, or takes no writes. */
  readonly failoverUrls?: readonly string[] | undefined
  /** The authority that signed the database's certificate, in PEM; TLS is used where this, or the url's `sslmode`, says so. */
  readonly ca?: string | undefined
  /** Connections of this process, beside one that listens. Default: 5. */
  readonly maxConnections?: number | undefined
  /** For one of them to be usable, in milliseconds. Default: 5000. */
  readonly connectTimeoutMs?: number | undefined
  /** For a statement; then it has failed. Default: 30,000. */
  readonly statementTimeoutMs?: number | undefined
}

export const DEFAULT_MAX_CONNECTIONS = 5
export const DEFAULT_CONNECT_TIMEOUT_MS = 5000
export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000
