import type { Session } from '../../postgres/statement.js'
import { OUTCOME_STATUSES, type OutcomeStatus } from '../outbox.js'
import { type PackedTokens, tokenAt } from '../packed-tokens.js'
import { SettledSet } from '../settled-set.js'
import { REASON, type Settling, settle } from '../settling.js'
import { type BatchRow, isCancelled } from './statements/batch-row.js'
import { KEEP_OUTCOMES } from './statements/keep-outcomes.js'
import { LOG_DEAD_TOKENS } from './statements/log-dead-tokens.js'
import { READ_TOKENS } from './statements/read-tokens.js'
import { SETTLE_BATCHES } from './statements/settle-batches.js'
import { SUPPRESS_TOKENS } from './statements/suppress-tokens.js'

interface Changed {
  readonly batch: BatchRow
  readonly pending: number
  readonly set: SettledSet
  readonly kept: readonly Settling[]
  readonly dead: readonly Settling[]
}

/** What Apple has said of one token. */
interface Death {
  readonly appId: number
  readonly token: Uint8Array
  readonly timestampMs: number
  readonly reason: string
  readonly messageUuid: string
}

/**
 * What a transaction settles, of any number of batches that it has locked: put together first, and written in a few
 * statements, so that messages, and the logs, which others write to as well, are locked for a short time.
 */
export class Settlement {
  readonly #changed = new Map<number, Changed>()
  readonly #counts = new Map<number, number[]>()
  readonly #reasons = new Map<number, Map<string, number>>()
  readonly #depths = new Map<number, number>()

  /** @returns how many of the batch's tokens are not settled then */
  add(batch: BatchRow, settlings: readonly Settling[]): number {
    // What was said of it before in this transaction counts.
    const before = this.#changed.get(batch.id)
    const settled = before?.set.bytes ?? batch.settled
    const result = settle({ count: batch.count, settled, keepsAll: batch.keep_all }, settlings)
    const { set, newly, counts, reasons } = result
    const pending = (before?.pending ?? batch.pending) - newly
    if (newly === 0) return pending
    const kept = [...(before?.kept ?? []), ...result.kept]
    const dead = [...(before?.dead ?? []), ...result.dead]
    this.#changed.set(batch.id, { batch, pending, set, kept, dead })
    const ofMessage = getOrSet(this.#counts, batch.message_id, () => OUTCOME_STATUSES.map(() => 0))
    for (const [status, count] of counts) {
      const index = OUTCOME_STATUSES.indexOf(status)
      ofMessage[index] = (ofMessage[index] ?? 0) + count
    }
    const ofReason = getOrSet(this.#reasons, batch.message_id, () => new Map<string, number>())
    for (const [reason, count] of reasons) ofReason.set(reason, (ofReason.get(reason) ?? 0) + count)
    this.#depths.set(batch.app_id, (this.#depths.get(batch.app_id) ?? 0) - newly)
    return pending
  }

  /** Settles all tokens of a batch that are not. */
  addRest(batch: BatchRow, status: OutcomeStatus, reason: string): void {
    const indices = new SettledSet(batch.count, batch.settled).missing()
    this.add(batch, [{ indices, status, reason }])
  }

  /** Settles what nobody holds of a message that was cancelled. */
  addCancelled(batch: BatchRow): void {
    this.addRest(batch, batch.in_doubt ? 'unknown' : 'cancelled', REASON.cancelled)
  }

  /** Ends a lease. @returns whether the batch is to be given back; otherwise it is settled */
  endLease(batch: BatchRow, isInDoubt: boolean): boolean {
    if (isInDoubt && (batch.drop_ambiguous || isCancelled(batch))) {
      this.addRest(batch, 'unknown', REASON.leaseLost)
      return false
    }
    if (!isCancelled(batch)) return true
    this.addCancelled(batch)
    return false
  }

  /** Whether tokens were declared dead by it. */
  get hasDead(): boolean {
    return this.#all.some(({ dead }) => dead.length > 0)
  }

  /** Writes it, as the last that the transaction does. Does nothing when nothing was settled. */
  async write(session: Session, now: number): Promise<void> {
    if (this.#changed.size === 0) return
    // Before their rows go.
    const tokens = await this.#readTokens(session)
    const left = this.#all.filter(({ pending }) => pending > 0)
    const reasons = [...this.#reasons].flatMap(([id, counts]) =>
      Array.from(counts, ([reason, count]) => ({ id, reason, count })),
    )
    await session.run(
      SETTLE_BATCHES,
      left.map(({ batch }) => batch.id),
      left.map(({ pending }) => pending),
      left.map(({ set }) => set.bytes),
      this.#all.filter(({ pending }) => pending === 0).map(({ batch }) => batch.id),
      [...this.#counts.keys()],
      [...this.#counts.values()].flat(),
      reasons.map(({ id }) => id),
      reasons.map(({ reason }) => reason),
      reasons.map(({ count }) => count),
      [...this.#depths.keys()],
      [...this.#depths.values()],
      now,
    )
    await this.#keep(session, tokens, now)
    await this.#bury(session, tokens, now)
  }

  get #all(): Changed[] {
    return [...this.#changed.values()]
  }

  async #readTokens(session: Session): Promise<ReadonlyMap<number, PackedTokens>> {
    const needed = new Map(
      this.#all
        .filter(({ kept, dead }) => kept.length > 0 || dead.length > 0)
        .map(({ batch }) => [batch.id, batch]),
    )
    if (needed.size === 0) return new Map()
    const rows = await session.run(READ_TOKENS, [...needed.keys()])
    return new Map(
      rows.map(({ id, tokens: bytes }) => {
        const batch = needed.get(id)
        return [id, { count: batch?.count ?? 0, tokenBytes: batch?.token_bytes ?? 0, bytes }]
      }),
    )
  }

  async #keep(session: Session, tokens: ReadonlyMap<number, PackedTokens>, now: number): Promise<void> {
    const rows = this.#all.flatMap(({ batch, kept }) =>
      kept.flatMap(({ indices, status, reason, timestampMs }) =>
        Array.from(indices, (index) => ({ batch, index, status, reason, timestampMs })),
      ),
    )
    if (rows.length === 0) return
    await session.run(
      KEEP_OUTCOMES,
      rows.map(({ batch }) => batch.message_id),
      rows.map(({ batch, index }) => batch.first_index + index),
      rows.map(({ status }) => OUTCOME_STATUSES.indexOf(status)),
      rows.map(({ timestampMs }) => timestampMs ?? null),
      rows.map(({ reason }) => reason ?? null),
      rows.map(({ batch, index }) => tokenIn(tokens, batch, index)),
      now,
    )
  }

  async #bury(session: Session, tokens: ReadonlyMap<number, PackedTokens>, now: number): Promise<void> {
    const deaths = this.#all.flatMap(({ batch, dead }) =>
      dead.flatMap(({ indices, reason = '', timestampMs = now }) =>
        Array.from(indices, (index) => ({
          appId: batch.app_id,
          token: tokenIn(tokens, batch, index),
          timestampMs,
          reason,
          messageUuid: batch.uuid,
        })),
      ),
    )
    for (const round of roundsOf(deaths)) await buryRound(session, round, now)
  }
}

/** In their order, and no token twice in one round. */
function roundsOf(deaths: readonly Death[]): Death[][] {
  const rounds: Death[][] = []
  let round: Death[] = []
  let seen = new Set<string>()
  for (const death of deaths) {
    const key = `${death.appId} ${Buffer.from(death.token).toString('latin1')}`
    if (round.length === 0 || seen.has(key)) {
      round = []
      rounds.push(round)
      seen = new Set()
    }
    round.push(death)
    seen.add(key)
  }
  return rounds
}

async function buryRound(session: Session, deaths: readonly Death[], now: number): Promise<void> {
  const news = await session.run(
    SUPPRESS_TOKENS,
    deaths.map(({ appId }) => appId),
    deaths.map(({ timestampMs }) => timestampMs),
    deaths.map(({ reason }) => reason),
    deaths.map(({ token }) => token),
  )
  const logged = news.flatMap(({ position }) => deaths[position - 1] ?? [])
  if (logged.length === 0) return
  await session.run(
    LOG_DEAD_TOKENS,
    logged.map(({ appId }) => appId),
    logged.map(({ timestampMs }) => timestampMs),
    logged.map(({ reason }) => reason),
    logged.map(({ messageUuid }) => messageUuid),
    logged.map(({ token }) => token),
    now,
  )
}

function tokenIn(tokens: ReadonlyMap<number, PackedTokens>, batch: BatchRow, index: number): Uint8Array {
  const packed = tokens.get(batch.id)
  if (packed === undefined) throw new Error(`batch ${batch.id} has no tokens`)
  return tokenAt(packed, index)
}

function getOrSet<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
