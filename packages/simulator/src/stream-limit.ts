import type { ServerHttp2Session } from 'node:http2'
import { markedStreamLimit } from './settings-rewriter.js'

const SHRUNK_LIMIT = 1

/** Whether Apple counts an answer as the client's error; a dead token is none. */
export function isError(status: number): boolean {
  return status >= 400 && status < 500 && status !== 410
}

/** The limit at the start of a connection, and what it becomes. */
export interface StreamLimitStart {
  /** The limit until the client is known, where the other one is not lower still. */
  readonly initial: number
  /** The limit once the client is known. */
  readonly full: number
  /** It is known already, by its certificate. */
  readonly known: boolean
}

/**
 * Which stream limit a connection advertises. At most one change is on its way: what is wanted meanwhile
 * follows when the client has acknowledged, so that a row of refusals does not become a flood of SETTINGS.
 */
export class StreamLimit {
  readonly #session: ServerHttp2Session
  readonly #initial: number
  #full: number
  #known: boolean
  #wanted: number
  #sent: number
  #awaitingAcknowledgement = false

  constructor(session: ServerHttp2Session, start: StreamLimitStart) {
    this.#session = session
    this.#initial = start.initial
    this.#full = start.full
    this.#known = start.known
    this.#sent = StreamLimit.first(start)
    this.#wanted = this.#sent
  }

  /** The limit in the first SETTINGS frame. */
  static first({ initial, full, known }: StreamLimitStart): number {
    return known ? full : Math.min(initial, full)
  }

  /** The setting, as Node is to be told. */
  static settings(limit: number): { maxConcurrentStreams: number } {
    return { maxConcurrentStreams: markedStreamLimit(limit) }
  }

  /** The client has sent a provider token that is good. */
  authenticated(): void {
    if (this.#known) return
    this.#known = true
    this.#want(this.#full)
  }

  /** Another limit for clients that are known; others have no more either. */
  setFull(limit: number): void {
    this.#full = limit
    this.#want(this.#known ? limit : Math.min(this.#initial, limit))
  }

  /** Refusals lower the limit, except 410, which Apple does not count as an error; 200 restores it. */
  afterAnswer(status: number): void {
    if (!this.#known) return
    if (status === 200) this.#want(this.#full)
    else if (isError(status)) this.#want(Math.min(SHRUNK_LIMIT, this.#full))
  }

  #want(limit: number): void {
    this.#wanted = limit
    if (this.#awaitingAcknowledgement || limit === this.#sent || this.#session.destroyed) return
    this.#sent = limit
    this.#awaitingAcknowledgement = true
    this.#session.settings(StreamLimit.settings(limit), () => {
      this.#awaitingAcknowledgement = false
      this.#want(this.#wanted)
    })
  }
}
