import type { BatchProgress, ClaimedBatch } from '../outbox/outbox.js'

/** What a worker was about when the outbox failed. */
export type OutboxCall = 'claim' | 'record' | 'renew' | 'release'

/** How a worker's hold on a batch ended. */
export type BatchEnd = 'settled' | 'given back' | 'lost'

/**
 * Hears what a worker does, batch by batch and group by group: never for a single notification, so that it may cost a little.
 * It is called within the sending, and must not throw.
 */
export interface WorkerObserver {
  /**
   * Batches were leased, and are on their way now.
   *
   * @param suppressed how many tokens were left out on this occasion, by app
   */
  claimed(batches: readonly ClaimedBatch[], suppressed: Readonly<Record<string, number>>): void

  /** Apple has just answered for so many tokens of a batch: accepted or refused them. */
  answered(batch: ClaimedBatch, tokens: number): void

  /** The outbox has written this down. */
  recorded(batch: ClaimedBatch, progress: BatchProgress): void

  /** The worker has a batch no more. */
  ended(batch: ClaimedBatch, how: BatchEnd, isInDoubt: boolean): void

  /** The outbox failed; the worker tries again. */
  failed(call: OutboxCall, error: unknown): void
}
