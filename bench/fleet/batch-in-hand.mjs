/** A leased batch that a worker is sending, and what it has not told the outbox yet. */
export class BatchInHand {
  batch
  fence
  /** With which it was handed out. */
  tokens
  /** Grains without an outcome. */
  unanswered
  /** Somebody else's, or settled: nothing more of it is sent. */
  isPutDown = false
  /** @type {{ grain: number, outcome: import('./books.mjs').Outcome }[]} */
  outcomes = []

  /** @param {import('./batch.mjs').Batch} batch */
  constructor(batch) {
    this.batch = batch
    this.fence = batch.fence
    this.tokens = batch.pendingTokens
    this.unanswered = batch.pendingGrains
  }

  /** @returns {import('./outbox.mjs').Progress} */
  takeProgress() {
    const { batch, fence, outcomes } = this
    this.outcomes = []
    return { batch, fence, outcomes }
  }
}
