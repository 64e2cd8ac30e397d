import type { Session } from '../../postgres/statement.js'
import { type PackedTokens, tokenAt } from '../packed-tokens.js'
import { allUpTo, SettledSet } from '../settled-set.js'
import { TokenFilter } from '../token-filter.js'
import { FIND_SUPPRESSED } from './statements/find-suppressed.js'
import { FREE_TOKENS } from './statements/free-tokens.js'
import type { LeasedRow } from './statements/lease-batches.js'
import { LIST_SUPPRESSED_SINCE } from './statements/list-suppressed-since.js'

/** As many are learnt at once. */
const LEARNT_AT_ONCE = 20_000
/** How many times that before tokens are looked up instead, and the rest is learnt the next time. */
const ROUNDS = 5

/** Tokens of an app, of which some may be on the list. */
interface Candidates {
  readonly appId: number
  readonly tokens: PackedTokens
  readonly indices: readonly number[]
}

/**
 * Which tokens are on the list of those that nothing is sent to. The list may be long, and mostly has none of a batch's: a
 * filter in memory answers for nearly all of them. It follows the list by its positions, whichever process adds to it; until
 * all of a long list is known, each token is looked up.
 */
export class Suppression {
  #filter = new TokenFilter()
  #seen = 0
  #isBehind = false

  /**
   * Learns what has come on the list.
   *
   * @param last the last position on it
   */
  async follow(session: Session, last: number): Promise<void> {
    if (last < this.#seen) {
      // The database is another, or was put back: what it has to say begins anew.
      this.#filter = new TokenFilter()
      this.#seen = 0
    }
    this.#isBehind = last > this.#seen
    for (let round = 0; this.#isBehind && round < ROUNDS; round++) await this.#learn(session, last)
  }

  async #learn(session: Session, last: number): Promise<void> {
    let learnt = 0
    let seen = this.#seen
    for (const row of await session.run(LIST_SUPPRESSED_SINCE, this.#seen, LEARNT_AT_ONCE)) {
      for (let end = row.bytes; end <= row.tokens.length; end += row.bytes) {
        this.#filter.add(row.app_id, row.tokens, end - row.bytes, end)
      }
      seen = Math.max(seen, row.last)
      learnt += row.count
    }
    this.#isBehind = learnt === LEARNT_AT_ONCE
    this.#seen = this.#isBehind ? seen : Math.max(seen, last)
  }

  /** Of each batch, the indices of its tokens without an outcome that are on the list; only of those that have any. */
  async suppressedIn(
    session: Session,
    batches: readonly LeasedRow[],
  ): Promise<ReadonlyMap<LeasedRow, readonly number[]>> {
    const candidates = batches
      .filter((batch) => !batch.ignore_suppression)
      .map((batch) => {
        const { app_id: appId, count, token_bytes: tokenBytes, tokens: bytes } = batch
        const set = new SettledSet(count, batch.settled)
        const tokens = { count, tokenBytes, bytes }
        return {
          batch,
          appId,
          tokens,
          indices: this.#candidates(appId, tokens).filter((index) => !set.has(index)),
        }
      })
    const found = await lookUp(session, candidates)
    const suppressed = new Map<LeasedRow, readonly number[]>()
    for (const [position, { batch }] of candidates.entries()) {
      const indices = found[position] ?? []
      if (indices.length > 0) suppressed.set(batch, indices)
    }
    return suppressed
  }

  /** Takes tokens off the list that were registered after they had been declared dead. */
  async registered(
    session: Session,
    lists: readonly {
      readonly appId: number
      readonly tokens: PackedTokens
      readonly registeredAtMs: number | undefined
    }[],
  ): Promise<void> {
    const freed = lists.flatMap(({ appId, tokens, registeredAtMs }) => {
      if (tokens.registeredAtMs === undefined && registeredAtMs === undefined) return []
      return this.#candidates(appId, tokens).flatMap((index) => {
        const moment = tokens.registeredAtMs?.[index] || registeredAtMs
        return moment === undefined ? [] : [{ appId, token: tokenAt(tokens, index), moment }]
      })
    })
    if (freed.length === 0) return
    await session.run(
      FREE_TOKENS,
      freed.map(({ appId }) => appId),
      freed.map(({ token }) => token),
      freed.map(({ moment }) => moment),
    )
  }

  #candidates(appId: number, tokens: PackedTokens): readonly number[] {
    if (this.#isBehind) return allUpTo(tokens.count)
    return this.#filter.isEmpty ? [] : this.#filter.candidates(appId, tokens)
  }
}

async function lookUp(session: Session, candidates: readonly Candidates[]): Promise<number[][]> {
  const wanted = candidates.flatMap(({ appId, tokens, indices }, position) =>
    indices.map((index) => ({ appId, position, index, token: tokenAt(tokens, index) })),
  )
  const found: number[][] = candidates.map(() => [])
  if (wanted.length === 0) return found
  const rows = await session.run(
    FIND_SUPPRESSED,
    wanted.map(({ appId }) => appId),
    wanted.map(({ token }) => token),
  )
  for (const row of rows) {
    const each = wanted[row.position - 1]
    if (each !== undefined) found[each.position]?.push(each.index)
  }
  for (const indices of found) indices.sort((left, right) => left - right)
  return found
}
