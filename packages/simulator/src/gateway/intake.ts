import type { TLSSocket } from 'node:tls'
import type { Conduct } from './rules.js'

/** Reads a connection: all of it at once, slowly, up to a byte, or not at all. */
export class Intake {
  readonly #socket: TLSSocket
  readonly #receive: (bytes: Buffer) => void
  readonly #cutAt: number
  readonly #bytesPerSecond: number
  #stopAt: number
  /** Bytes read. */
  #position = 0
  #paused = false
  #resting: NodeJS.Timeout | undefined

  constructor(socket: TLSSocket, conduct: Conduct, receive: (bytes: Buffer) => void) {
    this.#socket = socket
    this.#receive = receive
    this.#cutAt = conduct.disconnectAtByte ?? Number.POSITIVE_INFINITY
    this.#stopAt = conduct.stopReadingAtByte ?? Number.POSITIVE_INFINITY
    this.#bytesPerSecond = conduct.bytesPerSecond ?? Number.POSITIVE_INFINITY
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.once('close', () => clearTimeout(this.#resting))
    this.#obeyPosition()
  }

  /** Reads nothing until `resume()`. What has come since waits in the buffers of both sides. */
  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#resting === undefined) this.#socket.resume()
  }

  #onData(chunk: Buffer): void {
    const room = Math.min(this.#cutAt, this.#stopAt) - this.#position
    const bytes = chunk.length <= room ? chunk : chunk.subarray(0, room)
    this.#position += bytes.length
    this.#receive(bytes)
    if (this.#socket.destroyed) return
    this.#obeyPosition()
    if (this.#bytesPerSecond !== Number.POSITIVE_INFINITY) this.#restFor(bytes.length)
    if (bytes.length < chunk.length && !this.#socket.destroyed) {
      this.#socket.unshift(chunk.subarray(bytes.length))
    }
  }

  #obeyPosition(): void {
    if (this.#position >= this.#cutAt) this.#socket.destroy()
    if (this.#position >= this.#stopAt) {
      this.#stopAt = Number.POSITIVE_INFINITY
      this.pause()
    }
  }

  #restFor(bytes: number): void {
    this.#socket.pause()
    this.#resting = setTimeout(
      () => {
        this.#resting = undefined
        if (!this.#paused) this.#socket.resume()
      },
      (bytes / this.#bytesPerSecond) * 1000,
    )
  }
}
