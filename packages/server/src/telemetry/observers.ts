import type { WorkerObserver } from '../worker/worker-observer.js'

/** Several observers as one. */
export function allOf(observers: readonly WorkerObserver[]): WorkerObserver {
  return {
    claimed: (batches, suppressed) => {
      for (const each of observers) each.claimed(batches, suppressed)
    },
    answered: (batch, tokens) => {
      for (const each of observers) each.answered(batch, tokens)
    },
    recorded: (batch, progress) => {
      for (const each of observers) each.recorded(batch, progress)
    },
    ended: (batch, how, isInDoubt) => {
      for (const each of observers) each.ended(batch, how, isInDoubt)
    },
    failed: (call, error) => {
      for (const each of observers) each.failed(call, error)
    },
  }
}
