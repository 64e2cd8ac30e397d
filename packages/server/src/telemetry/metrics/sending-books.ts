import type { Histogram } from '@opentelemetry/sdk-metrics'
import type { BatchProgress, ClaimedBatch, OutcomeStatus } from '../../outbox/outbox.js'
import type { BatchEnd, OutboxCall, WorkerObserver } from '../../worker/worker-observer.js'
import { reasonLabel } from './known-reasons.js'
import { WeightedHistogram } from './weighted-histogram.js'

const MINUTE = 60
/** Seconds: from a round trip to Apple to an hour in the queue. */
export const ANSWER_BOUNDARIES: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  60 * MINUTE,
]

/** What was counted for a lane. */
export interface LaneBooks {
  readonly statuses: Readonly<Record<CountedStatus, number>>
  readonly reasons: ReadonlyMap<string, number>
  readonly dead: number
  readonly claimed: number
  readonly returned: number
  readonly answers: Histogram
}

/** What was cancelled is the operator's doing, and not settled by the worker. */
type CountedStatus = Exclude<OutcomeStatus, 'cancelled'>

/** Counts what the worker does, in a few additions for a batch, and one for each token that was not accepted. */
export class SendingBooks implements WorkerObserver {
  readonly #lanes = new Map<string, Lane>()
  readonly #storeErrors: Record<OutboxCall, number> = { claim: 0, record: 0, renew: 0, release: 0 }
  readonly #now: () => number

  /**
   * @param now Unix milliseconds
   */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get storeErrors(): Readonly<Record<OutboxCall, number>> {
    return this.#storeErrors
  }

  *lanes(): Generator<[name: string, books: LaneBooks]> {
    for (const [name, { answers, ...books }] of this.#lanes) {
      yield [name, { ...books, answers: answers.snapshot() }]
    }
  }

  /** Begins at zero with a lane, so that its first failure is seen as a rise. */
  open(lane: string): void {
    this.#of(lane)
  }

  claimed(batches: readonly ClaimedBatch[], suppressed: Readonly<Record<string, number>>): void {
    for (const { message } of batches) this.#of(message.app).claimed++
    for (const [lane, count] of Object.entries(suppressed)) this.#of(lane).statuses.suppressed += count
  }

  answered({ message }: ClaimedBatch, tokens: number): void {
    // Clocks are set back at times.
    const seconds = Math.max(0, this.#now() - message.createdAtMs) / 1000
    this.#of(message.app).answers.record(seconds, tokens)
  }

  recorded({ message }: ClaimedBatch, { accepted = [], others = [] }: BatchProgress): void {
    const lane = this.#of(message.app)
    lane.statuses.accepted += accepted.length
    for (const { status, reason, isDead } of others) {
      if (status === 'cancelled') continue
      lane.statuses[status]++
      if (isDead === true) lane.dead++
      if (status !== 'refused') continue
      const label = reasonLabel(reason)
      lane.reasons.set(label, (lane.reasons.get(label) ?? 0) + 1)
    }
  }

  ended({ message }: ClaimedBatch, how: BatchEnd): void {
    if (how !== 'settled') this.#of(message.app).returned++
  }

  failed(call: OutboxCall): void {
    this.#storeErrors[call]++
  }

  #of(name: string): Lane {
    const present = this.#lanes.get(name)
    if (present !== undefined) return present
    const lane: Lane = {
      statuses: { accepted: 0, refused: 0, expired: 0, unknown: 0, suppressed: 0 },
      reasons: new Map(),
      dead: 0,
      claimed: 0,
      returned: 0,
      answers: new WeightedHistogram(ANSWER_BOUNDARIES),
    }
    this.#lanes.set(name, lane)
    return lane
  }
}

interface Lane {
  readonly statuses: Record<CountedStatus, number>
  readonly reasons: Map<string, number>
  dead: number
  claimed: number
  returned: number
  readonly answers: WeightedHistogram
}
