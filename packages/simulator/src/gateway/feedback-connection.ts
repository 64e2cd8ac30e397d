import type { TLSSocket } from 'node:tls'
import type { GatewayContext } from './gateway-connection.js'
import { writeInPieces } from './pieces.js'
import type { Conduct } from './rules.js'

/** Tuples that are taken off the list before they have left, at most. */
const TUPLES_AT_ONCE = 400

/** One reader of the feedback list: it is sent what there is, and then the end. What it sends is ignored. */
export class FeedbackConnection {
  readonly #socket: TLSSocket
  readonly #context: GatewayContext
  readonly #cutAt: number
  readonly #keepOpen: boolean
  #sentBytes = 0
  #isSending = false

  constructor(socket: TLSSocket, conduct: Conduct, context: GatewayContext) {
    this.#socket = socket
    this.#context = context
    this.#cutAt = conduct.disconnectAtByte ?? Number.POSITIVE_INFINITY
    this.#keepOpen = conduct.keepOpen === true
    socket.resume()
    this.send()
  }

  /** Sends what is on the list. Called when something was added, too, for connections that are kept open. */
  send(): void {
    if (this.#isSending || this.#socket.destroyed || this.#socket.writableEnded) return
    this.#isSending = true
    void this.#sendAll()
  }

  /** Cuts the connection. */
  disconnect(): void {
    this.#socket.destroy()
  }

  async #sendAll(): Promise<void> {
    const { feedback, options, changed } = this.#context
    while (!this.#socket.destroyed) {
      if (this.#sentBytes >= this.#cutAt) {
        this.disconnect()
        return
      }
      const tuples = feedback.take(TUPLES_AT_ONCE)
      changed()
      if (tuples.length === 0) {
        if (!this.#keepOpen) this.#socket.end()
        this.#isSending = false
        return
      }
      const bytes = tuples.subarray(0, this.#cutAt - this.#sentBytes)
      this.#sentBytes += bytes.length
      await writeInPieces(this.#socket, bytes, options.chunkBytes)
    }
  }
}
