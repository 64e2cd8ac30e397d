import { ConnectionRecord } from '../../diagnostics/connection-record.js'
import type { ConnectionStats, Traffic } from '../../diagnostics/traffic.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import { TlsConnection } from '../../net/tls-connection.js'
import { type ErrorResponse, ErrorResponseParser } from '../../protocol/gateway/error-response.js'

/** How a connection to the gateway ended: by its one response, or without a word. */
export interface GatewayEnd {
  readonly response: ErrorResponse | undefined
  /** What went wrong, where it did not end by a response or in order. */
  readonly cause: Error | undefined
}

export interface GatewayConnectionOwner {
  readonly traffic: Traffic
  /** It is connected, or has room again: what was written before has left. */
  ready(): void
  /** Called once. */
  ended(connection: GatewayConnection, end: GatewayEnd): void
}

export interface GatewayTimeouts {
  /** For TCP, a proxy's tunnel, and TLS, in milliseconds. */
  readonly connectMs: number
  /** For what was written to leave, in milliseconds. */
  readonly writeMs: number
}

/**
 * One connection to the gateway. It says nothing while all is well; its first word is its last.
 *
 *     connecting ──taken in──▶ open ──error response, end, error, silence of a writer──▶ ended
 */
export class GatewayConnection {
  readonly record: ConnectionRecord
  readonly #owner: GatewayConnectionOwner
  readonly #socket: TlsConnection
  readonly #parser = new ErrorResponseParser()
  readonly #timeouts: GatewayTimeouts
  readonly #startedMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  #phase: 'connecting' | 'open' | 'ended' = 'connecting'
  #isReferenced = true
  #frameCount = 0

  constructor(target: TlsTarget, timeouts: GatewayTimeouts, owner: GatewayConnectionOwner) {
    this.#owner = owner
    this.#timeouts = timeouts
    this.record = new ConnectionRecord(owner.traffic, 'gateway', target)
    this.#socket = this.#connect(target)
    this.#limit(timeouts.connectMs, () => `no TLS connection to ${this.#socket.place}`)
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** Whether it takes frames: it is connected, and what was written before has left. */
  get hasRoom(): boolean {
    return this.#phase === 'open' && !this.#socket.needsDrain
  }

  get stats(): ConnectionStats {
    return this.record.stats(this.#phase === 'connecting' ? 'connecting' : 'open', 0)
  }

  /** How many frames were written so far. */
  get frameCount(): number {
    return this.#frameCount
  }

  /**
   * Writes so many frames; there must be room.
   *
   * @param written called when the bytes are not needed any more
   */
  write(frames: Uint8Array, count: number, written: () => void): void {
    this.#frameCount += count
    const isRoomLeft = this.#socket.write(frames, (error) => {
      if (!error) written()
    })
    if (!isRoomLeft) this.#limit(this.#timeouts.writeMs, () => 'the gateway does not read')
  }

  /** Whether it keeps the process alive. */
  setReferenced(referenced: boolean): void {
    if (referenced === this.#isReferenced) return
    this.#isReferenced = referenced
    this.#socket.setReferenced(referenced)
  }

  /** Ends it. What was written leaves before, if the gateway takes it soon. Resolves when the socket is gone. */
  close(): Promise<void> {
    const closed = this.#socket.whenClosed()
    this.#socket.end()
    this.#finish({ response: undefined, cause: undefined })
    return closed
  }

  #connect(target: TlsTarget): TlsConnection {
    return new TlsConnection(target, 'gateway', {
      secured: (version) => this.#connected(version),
      ticketed: () => this.#takenIn(),
      drained: () => {
        clearTimeout(this.#timer)
        this.#owner.ready()
      },
      received: (chunk) => this.#receive(chunk),
      ended: () => this.#end({ response: undefined, cause: undefined }),
      failed: (cause) => this.#end({ response: undefined, cause }),
      closed: () => this.#end({ response: undefined, cause: undefined }),
    })
  }

  /**
   * With TLS 1.3 the client is done before the server has looked at its certificate: what is written then is lost with a
   * refusal, and nobody knows that it was. A session ticket says that the server is content (RFC 8446, section 4.6.1). It
   * may give none; but its refusal takes one trip, and the handshake took more.
   */
  #connected(version: string | null): void {
    if (this.#phase !== 'connecting') return
    if (version !== 'TLSv1.3') {
      this.#takenIn()
      return
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#takenIn(), performance.now() - this.#startedMs)
  }

  #takenIn(): void {
    if (this.#phase !== 'connecting') return
    this.#phase = 'open'
    clearTimeout(this.#timer)
    this.record.opened()
    this.#owner.ready()
  }

  #receive(chunk: Buffer): void {
    const response = this.#parser.receive(chunk)
    if (response === undefined) return
    if (response === 'garbage') {
      this.#end({ response: undefined, cause: new Error('the gateway sent what is no error response') })
    } else {
      this.#end({ response, cause: undefined })
    }
  }

  #limit(ms: number, what: () => string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#end({ response: undefined, cause: new Error(`${what()} within ${ms / 1000} s`) })
    }, ms)
  }

  #end(end: GatewayEnd): void {
    this.#socket.destroy()
    this.#finish(end)
  }

  #finish(end: GatewayEnd): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    clearTimeout(this.#timer)
    this.#owner.ended(this, end)
  }
}
