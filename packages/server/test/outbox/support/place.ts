import type { Outbox } from '@apns-worker/server'

export interface OpenOptions {
  readonly now: () => number
  readonly maxPendingTokens?: number
}

/** A store of its own, for one test. */
export interface Place {
  /** Opens it: the same store at each call, as another process would. */
  open(options: OpenOptions): Promise<Outbox>
  remove(): Promise<void>
}

export type MakePlace = () => Promise<Place>

/** What one test of the contract works with. */
export interface Bench {
  readonly outbox: Outbox
  /** The time that the outbox is told, which the test moves. */
  readonly clock: { nowMs: number }
  /** Another worker's view of the same store. */
  another(): Promise<Outbox>
}

const START_MS = 1_800_000_000_000

/** A test's body, with an outbox that is closed and removed after it. */
export function on(
  make: MakePlace,
  work: (bench: Bench) => Promise<void>,
  options: Omit<OpenOptions, 'now'> = {},
): () => Promise<void> {
  return async () => {
    const place = await make()
    const clock = { nowMs: START_MS }
    const opened: Outbox[] = []
    const another = async (): Promise<Outbox> => {
      const outbox = await place.open({ ...options, now: () => clock.nowMs })
      opened.push(outbox)
      return outbox
    }
    try {
      await work({ outbox: await another(), clock, another })
    } finally {
      for (const outbox of opened) await outbox.close()
      await place.remove()
    }
  }
}
