import type { Traffic } from '../../diagnostics/traffic.js'
import type { StreamReset } from '../../protocol/http2/session-events.js'
import type { Connection } from './connection.js'
import type { Exchange } from './exchange.js'

/** Why a request got no answer: the stream or its connection ended, or it took too long. */
export type NoAnswer = StreamReset | { readonly cause: 'timeout'; readonly unprocessed: false }

/** How a connection ended. */
export interface ConnectionEnd {
  /** What went wrong; undefined for an orderly end. */
  readonly cause: Error | undefined
  /** Whether it ever got as far as SETTINGS. */
  readonly connected: boolean
  /** Whether another one would fail as well, for all we know: it broke, or the server wanted its end before it served. */
  readonly failed: boolean
}

/** Who decides what a connection's news mean. */
export interface ConnectionOwner {
  readonly traffic: Traffic
  answered(connection: Connection, exchange: Exchange): void
  unanswered(connection: Connection, exchange: Exchange, why: NoAnswer): void
  /** It can take more, or fewer, requests than before; or has something to write. */
  changed(connection: Connection): void
  /** The server named a reason for closing it. */
  goingAway(connection: Connection, reason: string): void
  closed(connection: Connection, end: ConnectionEnd): void
}
