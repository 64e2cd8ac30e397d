import type { ApnsManager } from 'apns-worker'
import type { Outbox } from '../outbox/outbox.js'
import type { WorkerObserver } from './worker-observer.js'

export interface OutboxWorkerOptions {
  readonly outbox: Outbox
  /** Who it is: the same after a restart, and no other worker's of this outbox at a time. */
  readonly owner: string
  /** Who sends for each app, by its name. Whoever made them closes them, after the worker has stopped. */
  readonly managers: ReadonlyMap<string, ApnsManager>
  /** Whether messages of an app may be claimed at present. Default: all that have a manager whose line is not stopped. */
  readonly mayClaim?: ((app: string) => boolean) | undefined
  /** How long its crash goes unnoticed by others, in milliseconds. Default: 60,000; 1000 and more. */
  readonly leaseMs?: number | undefined
  /** How many tokens it has in hand at a time, about. Default: 20,000. */
  readonly windowTokens?: number | undefined
  /** How often it looks for what other processes have appended, in milliseconds. Default: 1000. See {@link OutboxWorker.wake}. */
  readonly pollMs?: number | undefined
  /**
   * How long apart two writes of progress begin at least, in milliseconds: what is answered meanwhile is written together. The
   * first after a rest is not put off. Default: 0.
   */
  readonly recordIntervalMs?: number | undefined
  /** Called with what goes wrong: the outbox's errors, after which it tries again, and messages that cannot be sent. */
  readonly onError?: ((error: unknown) => void) | undefined
  readonly observer?: WorkerObserver | undefined
}

/** What a worker gave back to the outbox for as long as it ran: because it was stopped, or the message paused or cancelled. */
export interface StopReport {
  readonly batches: number
  /** Of these, how many had requests that Apple has not answered; they are sent again, with the same apns-ids. */
  readonly inDoubt: number
}
