/**
 * How many connections a pool may have.
 *
 * The limit that it is made with counts those that take requests: one that is being replaced stays open beside its
 * successor, until its last answer. A limit that is set later is shared with other processes, where one too many is one
 * of somebody else's: from then on every socket counts, until it is gone.
 */
export class ConnectionLimit {
  #count: number
  #isOfSockets = false
  /** Sockets of connections that are over. */
  #closing = 0
  #isMet: (() => void) | undefined

  constructor(count: number) {
    this.#count = count
  }

  /** @param sockets those of connections that are not over */
  allowsAnother(usable: number, sockets: number): boolean {
    return (this.#isOfSockets ? sockets + this.#closing : usable) < this.#count
  }

  /** @returns resolves when `opened` was told of no more than that many, or the limit is changed again */
  change(count: number): Promise<void> {
    this.#count = count
    this.#isOfSockets = true
    this.#isMet?.()
    return new Promise((resolve) => {
      this.#isMet = resolve
    })
  }

  /** So many connections are not over. */
  opened(sockets: number): void {
    if (this.#isMet === undefined || sockets + this.#closing > this.#count) return
    this.#isMet()
    this.#isMet = undefined
  }

  /** A connection is over, and its socket is not gone yet. */
  async untilGone(socketClosed: Promise<void>): Promise<void> {
    this.#closing++
    await socketClosed
    this.#closing--
  }
}
