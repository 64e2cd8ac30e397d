/**
 * How the backends use the network. Every duration is in seconds, fractions allowed. `BinaryBackend` has a single
 * connection and no PING, so that `maxConnections`, `pingInterval`, `pingTimeout`, `maxConnectionAge`,
 * `maxConnectionRequests`, `idleTimeout`, `idleConnections` and `badTokenLimit` mean nothing to it; `retryDelay` is for
 * connecting again, not for each notification.
 */
export interface NetworkOptions {
  /**
   * How many connections at most. Another is opened only when the streams of the present ones are used up. Default: 8. One
   * that is being replaced stays open beside its successor until its last answer, unless `setMaxConnections` was called.
   */
  readonly maxConnections?: number | undefined
  /**
   * Seconds for a connection to be usable: DNS, TCP, a proxy's tunnel, TLS and, over HTTP/2, the server's first SETTINGS.
   * Also how long a server may take no requests at all. Default: 10.
   */
  readonly connectTimeout?: number | undefined
  /**
   * Seconds for an answer, counted from when the request was sent, not from when it was queued; for `BinaryBackend`,
   * whose gateway gives none, for what was written to leave. Default: 20.
   */
  readonly requestTimeout?: number | undefined
  /** How often a notification is sent at most, when Apple answers "later" or its fate is unknown. Default: 10. */
  readonly maxAttempts?: number | undefined
  /** Seconds before the first retry, doubled each time, then drawn at random up to that ("full jitter"). Default: 1. */
  readonly retryDelay?: number | undefined
  /** The longest delay between retries, in seconds. Default: 900, the quarter of an hour that Apple asks for after a 5xx. */
  readonly maxRetryDelay?: number | undefined
  /** Seconds after the first failure during which a notification is retried. Default: 3600. */
  readonly maxRetryTime?: number | undefined
  /** Seconds of silence after which an open connection is checked by a PING. Default: 600. */
  readonly pingInterval?: number | undefined
  /** Seconds for the answer to a PING; a connection that does not answer is given up. Default: 10. */
  readonly pingTimeout?: number | undefined
  /**
   * Seconds after which a connection takes no more notifications, and another takes its place, so that load and changes
   * of addresses spread. Default: 86,400, a day; Infinity never.
   */
  readonly maxConnectionAge?: number | undefined
  /** The same after so many requests; HTTP/2 ends at 1,073,741,824 (RFC 9113, section 5.1.1). Default: 500,000,000. */
  readonly maxConnectionRequests?: number | undefined
  /** Seconds without work after which connections are closed, all but `idleConnections`. Default: 60. */
  readonly idleTimeout?: number | undefined
  /** How many connections stay open while there is nothing to send. Default: 1. */
  readonly idleConnections?: number | undefined
  /**
   * How many device tokens may be refused as `BadDeviceToken`, with none accepted, before that is taken for a wrong
   * environment and sending stops. Default: 20; Infinity never stops.
   */
  readonly badTokenLimit?: number | undefined
}

export type ResolvedNetworkOptions = Required<{ readonly [K in keyof NetworkOptions]: number }>

const DEFAULTS: ResolvedNetworkOptions = {
  maxConnections: 8,
  connectTimeout: 10,
  requestTimeout: 20,
  maxAttempts: 10,
  retryDelay: 1,
  maxRetryDelay: 900,
  maxRetryTime: 3600,
  pingInterval: 600,
  pingTimeout: 10,
  maxConnectionAge: 86_400,
  maxConnectionRequests: 500_000_000,
  idleTimeout: 60,
  idleConnections: 1,
  badTokenLimit: 20,
}

/** The smallest value that makes sense; 0 for those that may be switched off. */
const MINIMA: ResolvedNetworkOptions = {
  maxConnections: 1,
  connectTimeout: 0.001,
  requestTimeout: 0.001,
  maxAttempts: 1,
  retryDelay: 0,
  maxRetryDelay: 0,
  maxRetryTime: 0,
  pingInterval: 0.001,
  pingTimeout: 0.001,
  maxConnectionAge: 0.001,
  maxConnectionRequests: 1,
  idleTimeout: 0,
  idleConnections: 0,
  badTokenLimit: 1,
}

/** Those that are no durations. */
const NUMBERS: ReadonlySet<string> = new Set([
  'maxConnections',
  'maxConnectionRequests',
  'idleConnections',
  'maxAttempts',
  'badTokenLimit',
])
/** The longest that `setTimeout` can wait, in seconds: a longer wait would be over at once. */
const LONGEST_DURATION = (2 ** 31 - 1) / 1000

/**
 * Fills in the defaults. Durations are cut to what a timer can wait, some 24 days, so that Infinity is as good as no limit.
 *
 * @throws {TypeError} for a value that makes no sense
 */
export function resolveNetworkOptions(options: Readonly<Record<string, unknown>>): ResolvedNetworkOptions {
  const resolved: Record<string, number> = { ...DEFAULTS }
  for (const name of Object.keys(DEFAULTS) as (keyof ResolvedNetworkOptions)[]) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || Number.isNaN(value) || value < MINIMA[name]) {
      throw new TypeError(`${name} is ${String(value)}; give a number of at least ${MINIMA[name]}`)
    }
    resolved[name] = NUMBERS.has(name) ? value : Math.min(value, LONGEST_DURATION)
  }
  // Every key of the defaults is there.
  return resolved as ResolvedNetworkOptions
}
