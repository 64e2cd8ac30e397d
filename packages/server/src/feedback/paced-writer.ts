import type { ServerResponse } from 'node:http'

/**
 * Writes an answer no faster than the client reads, so that what is written is all that is in memory of it. A client that does
 * not read for a time is cut off.
 */
export class PacedWriter {
  readonly #response: ServerResponse
  readonly #stallMs: number

  /** @param stallMs how long the client may take to read what it was given */
  constructor(response: ServerResponse, stallMs: number) {
    this.#response = response
    this.#stallMs = stallMs
  }

  /** @returns whether more can be written: the client has read it, or has room for it */
  async write(chunk: string): Promise<boolean> {
    if (this.#isOver) return false
    if (!this.#response.write(chunk)) await this.#settled('drain')
    return !this.#isOver
  }

  /** Ends the answer, and resolves when it has gone out or the client has. */
  async end(chunk: string): Promise<void> {
    if (this.#isOver) return
    const settled = this.#settled('finish')
    this.#response.end(chunk)
    await settled
  }

  get #isOver(): boolean {
    return this.#response.destroyed || this.#response.closed
  }

  #settled(event: 'drain' | 'finish'): Promise<void> {
    const response = this.#response
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        response.removeListener(event, done).removeListener('close', done)
        resolve()
      }
      const timer = setTimeout(() => response.destroy(), this.#stallMs)
      response.once(event, done).once('close', done)
    })
  }
}
