import type { BatchProgress, OutcomeStatus } from './outbox.js'
import { SettledSet } from './settled-set.js'

/** Reasons that are ours, for what becomes of tokens without an answer of Apple's. */
export const REASON = {
  /** It was handed out, not answered for, and is not to be handed out again. */
  leaseLost: 'LeaseLost',
  cancelled: 'Cancelled',
  expired: 'Expired',
  suppressed: 'Suppressed',
} as const

/** One outcome, or that of many tokens alike. */
export interface Settling {
  /** In the batch. */
  readonly indices: readonly number[] | Uint32Array
  readonly status: OutcomeStatus
  readonly reason?: string | undefined
  readonly timestampMs?: number | undefined
  readonly isDead?: boolean | undefined
}

/** What settling does to a batch, to be written by whoever stores it. */
export interface Settled {
  readonly set: SettledSet
  /** How many of its tokens were not settled before. */
  readonly newly: number
  readonly counts: ReadonlyMap<OutcomeStatus, number>
  readonly reasons: ReadonlyMap<string, number>
  /** Those that are kept one by one, in the order in which they were said. */
  readonly kept: readonly Settling[]
  /** Those that Apple has declared dead. */
  readonly dead: readonly Settling[]
}

/** As much of a batch as settling depends on. */
export interface SettledBatch {
  readonly count: number
  /** As {@link SettledSet} stores it. */
  readonly settled: Uint8Array | null
  readonly keepsAll: boolean
}

/** These are kept one by one, whatever the message says: somebody has to do something about them. */
const KEPT: ReadonlySet<OutcomeStatus> = new Set<OutcomeStatus>(['refused', 'unknown'])

/** Settles tokens of a batch; those that are settled are left as they are, as is what is none of its tokens. */
export function settle(batch: SettledBatch, settlings: readonly Settling[]): Settled {
  const set = new SettledSet(batch.count, batch.settled)
  const counts = new Map<OutcomeStatus, number>()
  const reasons = new Map<string, number>()
  const kept: Settling[] = []
  const dead: Settling[] = []
  let newly = 0
  for (const settling of settlings) {
    const { status, reason } = settling
    const indices = settling.indices.filter((index) => set.add(index))
    if (indices.length === 0) continue
    newly += indices.length
    counts.set(status, (counts.get(status) ?? 0) + indices.length)
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + indices.length)
    if (settling.isDead === true) dead.push({ ...settling, indices })
    if (batch.keepsAll || KEPT.has(status)) kept.push({ ...settling, indices })
  }
  return { set, newly, counts, reasons, kept, dead }
}

/** What a worker says of a batch. Accepted goes last, so that what it says twice in one call is what it knows best. */
export function settlingsOf({ accepted, others }: BatchProgress): Settling[] {
  const settlings: Settling[] = (others ?? []).map(({ index, ...outcome }) => ({
    indices: [index],
    ...outcome,
  }))
  if (accepted !== undefined) settlings.push({ indices: accepted, status: 'accepted' })
  return settlings
}
