import type { ConnectionStats } from '../../diagnostics/traffic.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import type { ResolvedNetworkOptions } from '../network-options.js'
import type { RetryPolicy } from '../retry-policy.js'
import { Connection } from './connection.js'
import { ConnectionLimit } from './connection-limit.js'
import type { ConnectionEnd, ConnectionOwner } from './connection-owner.js'

/** Failed attempts come back no slower than this, so that a restored network is noticed soon. */
const MAX_BACK_OFF_MS = 60_000
/** How often idle connections are looked for. */
const SHRINK_INTERVAL_MS = 1000

/**
 * A backend's connections: none while there is nothing to send, then one, then another only when the streams of those
 * that are there are used up. They are opened one at a time, and after a failure not before a back-off with jitter:
 * Apple takes fast opening and closing for an attack.
 */
export class ConnectionPool {
  readonly #target: TlsTarget
  readonly #options: ResolvedNetworkOptions
  readonly #policy: RetryPolicy
  readonly #owner: ConnectionOwner
  readonly #connections = new Set<Connection>()
  readonly #limit: ConnectionLimit
  /** Connections in a row that failed, or were turned away before they served. */
  #failures = 0
  /** The one that was opened last. */
  #newest: Connection | undefined
  /** The back-off for these failures is over. */
  #hasBackedOff = false
  #shrinkTimer: NodeJS.Timeout | undefined
  #backOffTimer: NodeJS.Timeout | undefined
  #backOffEndsAtMs = 0
  #cutTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    target: TlsTarget,
    options: ResolvedNetworkOptions,
    policy: RetryPolicy,
    owner: ConnectionOwner,
  ) {
    this.#target = target
    this.#options = options
    this.#policy = policy
    this.#owner = owner
    this.#limit = new ConnectionLimit(options.maxConnections)
  }

  get connections(): Iterable<Connection> {
    return this.#connections
  }

  /** How many are connected. */
  get connectedCount(): number {
    let count = 0
    for (const connection of this.#connections) if (connection.isConnected) count++
    return count
  }

  /** How each of them is. */
  get stats(): ConnectionStats[] {
    return [...this.#connections].flatMap(({ stats }) => stats ?? [])
  }

  /** How long the next attempt is put off, in seconds; 0 when it is not. */
  get backOff(): number {
    if (this.#backOffTimer === undefined) return 0
    return Math.max(0, this.#backOffEndsAtMs - performance.now()) / 1000
  }

  /**
   * There is more to send than the present connections take: opens another, if that helps and is allowed.
   *
   * @param retry called when a back-off is over
   */
  grow(retry: () => void): void {
    if (this.#closed || this.#backOffTimer !== undefined) return
    let usable = 0
    for (const connection of this.#connections) {
      if (!connection.isUsable) continue
      if (connection.isWarmingUp || !connection.isFull) return
      usable++
    }
    if (!this.#limit.allowsAnother(usable, this.#connections.size)) return
    if (this.#failures === 0 || this.#hasBackedOff) {
      this.#hasBackedOff = false
      this.#open()
      return
    }
    const delayMs = Math.min(this.#policy.backOffMs(this.#failures), MAX_BACK_OFF_MS)
    this.#backOffEndsAtMs = performance.now() + delayMs
    this.#backOffTimer = setTimeout(() => {
      this.#backOffTimer = undefined
      this.#hasBackedOff = true
      retry()
    }, delayMs)
  }

  /** A connection serves. If it is the newest, opening another is no longer a risk, whatever failed before. */
  succeeded(connection: Connection): void {
    if (connection === this.#newest) this.#failures = 0
  }

  /**
   * Changes how many there may be. Those that are too many take no more requests, the least busy first, and close when what
   * they have is answered, or after `timeoutMs` at most.
   *
   * @returns resolves when no more than that many sockets are open, or the limit was changed again
   */
  setLimit(count: number, timeoutMs: number | undefined): Promise<void> {
    const isMet = this.#limit.change(count)
    clearTimeout(this.#cutTimer)
    const usable = [...this.#connections].filter((connection) => connection.isUsable)
    const leastBusyFirst = usable.sort((one, other) => burdenOf(one) - burdenOf(other))
    for (const connection of leastBusyFirst.slice(0, Math.max(0, usable.length - count))) connection.retire()
    this.#limit.opened(this.#connections.size)
    if (timeoutMs !== undefined && this.#connections.size > count)
      this.#cutTimer = setTimeout(() => this.#cut(), timeoutMs).unref()
    return isMet
  }

  /** Takes note of a connection's end. */
  remove(connection: Connection, end: ConnectionEnd): void {
    this.#connections.delete(connection)
    void this.#limit.untilGone(connection.whenClosed()).then(() => {
      this.#limit.opened(this.#connections.size)
      // Its place is free only now, where the limit is of sockets.
      if (!this.#closed) this.#owner.changed(connection)
    })
    if (end.failed) this.#failures++
    if (this.#connections.size === 0) {
      clearInterval(this.#shrinkTimer)
      this.#shrinkTimer = undefined
    }
  }

  /** Closes connections that had nothing to do for a while, all but those that are to stay. */
  #shrink(): void {
    const nowMs = performance.now()
    const { idleConnections } = this.#options
    const idleTimeoutMs = this.#options.idleTimeout * 1000
    for (const connection of [...this.#connections]) {
      if (this.#connections.size <= idleConnections) return
      if (connection.isConnected && connection.idleMs(nowMs) > idleTimeoutMs) connection.retire()
    }
  }

  /** Replaces all connections: they take no more requests. */
  retireAll(): void {
    for (const connection of [...this.#connections]) connection.retire()
    clearTimeout(this.#backOffTimer)
    this.#backOffTimer = undefined
    this.#failures = 0
  }

  /** Ends those that take no more requests, answered or not. */
  #cut(): void {
    for (const connection of [...this.#connections]) if (!connection.isUsable) void connection.close()
  }

  /** Ends all connections, and opens no more. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#cutTimer)
    clearTimeout(this.#backOffTimer)
    this.#backOffTimer = undefined
    await Promise.all(Array.from(this.#connections, (connection) => connection.close()))
  }

  #open(): void {
    this.#newest = new Connection(this.#target, this.#options, this.#owner)
    this.#connections.add(this.#newest)
    this.#shrinkTimer ??= setInterval(() => this.#shrink(), SHRINK_INTERVAL_MS).unref()
  }
}

/** One that does not serve yet is no loss at all. */
function burdenOf(connection: Connection): number {
  return connection.isConnected ? connection.openStreams : -1
}
