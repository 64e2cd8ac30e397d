import type { ClientStream } from './client-stream.js'
import type { Http2Error } from './http2-error.js'

/** Why a stream ended without a complete response. */
export interface StreamReset {
  /** Error code of RFC 9113 section 7: the peer's for `peer`, else the one that we gave. */
  readonly code: number
  /**
   * `peer`: it sent RST_STREAM. `goaway`: the stream's id is above the last one that the peer's GOAWAY names.
   * `protocol`: the response broke the rules or a limit, we reset the stream. `failed`: the whole connection broke the
   * rules. `lost`: the transport is gone.
   */
  readonly cause: 'peer' | 'goaway' | 'protocol' | 'failed' | 'lost'
  /**
   * True when the peer surely did nothing with the request (RFC 9113 section 8.7): REFUSED_STREAM, an id above GOAWAY's
   * last stream id, or a request that never left our buffers. Sending it again is safe. False: nobody knows.
   */
  readonly unprocessed: boolean
}

/**
 * What a session tells its owner, synchronously, from within `receive` (and `lost`). Handlers may call any method of the
 * session but `receive`. They must not throw; an error that they throw breaks the connection and comes out of `receive`.
 */
export interface SessionEvents<S extends ClientStream> {
  /** One field of the response's head or trailers; only names in `SessionOptions.responseFields`. */
  field(stream: S, name: string, value: string): void
  /** A piece of the response's body: a view that is valid only during the call, copy it to keep it. */
  data(stream: S, chunk: Uint8Array): void
  /** The response is complete, `stream.status` is set; the stream is closed and forgotten. */
  end(stream: S): void
  /** The stream ended in any other way; it is closed and forgotten. */
  reset(stream: S, reset: StreamReset): void
  /** The peer's SETTINGS were applied: the first time and on each change. Look at `capacity` again. */
  settings(): void
  /** The peer sent GOAWAY. Streams above `lastStreamId` have been reported by `reset` already. `debugData` is a view. */
  goaway(lastStreamId: number, code: number, debugData: Uint8Array): void
  /** The peer answered our `ping()`. */
  pong(): void
  /**
   * The connection broke the rules and is dead. Every stream has been reported by `reset`. The output holds our GOAWAY:
   * take it, write it, close the transport.
   */
  failed(error: Http2Error): void
}
