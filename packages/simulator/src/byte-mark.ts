/** A position in one direction of a connection, in bytes from its start, where something is to happen. */
export class ByteMark {
  #left = Number.POSITIVE_INFINITY
  #reached: () => void = () => {}

  /** Calls back once when so many bytes have passed. */
  set(bytes: number, reached: () => void): void {
    this.#left = bytes
    this.#reached = reached
  }

  /** How many of the next bytes stand before the mark. They have passed with this. */
  take(length: number): number {
    const before = Math.min(length, this.#left)
    this.#left -= before
    return before
  }

  /** Nothing may pass any more before what is to happen has happened. */
  get isReached(): boolean {
    return this.#left === 0
  }

  /** It happens, once. */
  fire(): void {
    const reached = this.#reached
    this.#left = Number.POSITIVE_INFINITY
    this.#reached = () => {}
    reached()
  }
}
