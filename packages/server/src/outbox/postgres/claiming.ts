import type { Database } from '../../postgres/database.js'
import type { Session } from '../../postgres/statement.js'
import type { ClaimedMessage, Lease } from '../outbox.js'
import { SettledSet } from '../settled-set.js'
import { REASON } from '../settling.js'
import { BATCH } from '../states.js'
import type { ClaimCall, Leased, LeasedBatch } from '../store-calls.js'
import { type AppTurn, planTurns } from './fair-turns.js'
import type { Housekeeping } from './housekeeping.js'
import { Settlement } from './settlement.js'
import { isCancelled, isPurged } from './statements/batch-row.js'
import { CHARGE_APPS } from './statements/charge-apps.js'
import { COUNT_TOKENS_IN_HAND } from './statements/count-tokens-in-hand.js'
import { FIND_NEXT_MOMENT } from './statements/find-next-moment.js'
import { FIND_READY_APPS, type ReadyApp } from './statements/find-ready-apps.js'
import { HOLD_PAUSED_BATCHES } from './statements/hold-paused-batches.js'
import { LEASE_BATCHES, type LeasedRow } from './statements/lease-batches.js'
import { OPEN_MESSAGES, type OpenedMessage } from './statements/open-messages.js'
import { START_MESSAGES } from './statements/start-messages.js'
import { UNLEASE_BATCHES } from './statements/unlease-batches.js'
import type { Suppression } from './suppression.js'

/** How many suppressed tokens one claim settles, about, so that it does not take long; the next goes on. */
const SUPPRESSED_AT_ONCE = 10_000
/** How many tokens one statement leases, about: they are here before it is known which of them are suppressed. */
const TOKENS_AT_ONCE = 20_000
/** How many batches one statement leases of an app at most. */
const LEASED_AT_ONCE = 2000
/** A batch has no more tokens than that: as long as nothing is known of an app's, no more of them are leased than are wanted. */
const MOST_BATCH_TOKENS = 1000
/** How long until what others have locked may be had. */
const CONTENDED_MS = 10

/** What one transaction has handed out, or done instead. */
interface Taken {
  readonly rows: LeasedRow[]
  readonly messages: ReadonlyMap<number, OpenedMessage>
  /** How many tokens were settled as suppressed, by app. */
  readonly suppressed: Readonly<Record<string, number>>
  /** It has settled as many suppressed tokens as it may, and not come to the end. */
  readonly isCutShort: boolean
  /** Messages that were paused or purged a moment ago, whose batches have to be held. */
  readonly held: readonly number[]
}

/**
 * Hands out batches. Apps share fairly over all workers: each has a virtual time in the database, which grows by what it is
 * handed; an app that had nothing to send begins where service has come to. Workers that claim at the same time see
 * each other's charges a claim later, which evens out.
 */
export class Claiming {
  readonly #database: Database
  readonly #housekeeping: Housekeeping
  readonly #suppression: Suppression
  /** Batches that are leased, as far as anybody knows, and that whoever claimed them was not told of. */
  readonly #unheard: Lease[] = []

  constructor(database: Database, housekeeping: Housekeeping, suppression: Suppression) {
    this.#database = database
    this.#housekeeping = housekeeping
    this.#suppression = suppression
  }

  async claim(call: ClaimCall): Promise<Leased> {
    await this.#giveUnheardBack(call.now)
    const { is_paused: isPaused, last_suppressed: lastSuppressed } = await this.#housekeeping.do(call.now)
    const ready = isPaused ? [] : await this.#readyApps(call)
    if (ready.length === 0) return { batches: [], nextAtMs: await this.#nextMoment() }
    await this.#suppression.follow(this.#database, lastSuppressed)
    const taken = await this.#take(call, ready)
    try {
      await this.#seeTo(taken, call.now)
    } catch (error) {
      this.#unheard.push(...taken.rows.map(leaseOf))
      throw error
    }
    const suppressed = Object.keys(taken.suppressed).length > 0 ? { suppressed: taken.suppressed } : {}
    const batches = leasedBatches(taken, call)
    if (batches.length > 0) return { batches, nextAtMs: undefined, ...suppressed }
    return {
      batches,
      nextAtMs: taken.isCutShort ? call.now : await this.#nextOrContended(call),
      ...suppressed,
    }
  }

  async #readyApps({ apps }: ClaimCall): Promise<ReadyApp[]> {
    const ready = await this.#database.run(FIND_READY_APPS)
    if (apps === undefined) return ready
    const wanted = new Set(apps)
    return ready.filter(({ name }) => wanted.has(name))
  }

  async #nextMoment(): Promise<number | undefined> {
    return (await this.#database.run(FIND_NEXT_MOMENT))[0]?.at ?? undefined
  }

  /** There were apps with something to hand out, and nothing was to be had: others had it locked, or have it now. */
  async #nextOrContended(call: ClaimCall): Promise<number | undefined> {
    const isContended = (await this.#readyApps(call)).length > 0
    const next = await this.#nextMoment()
    return isContended ? Math.min(next ?? Number.POSITIVE_INFINITY, call.now + CONTENDED_MS) : next
  }

  async #take(call: ClaimCall, ready: readonly ReadyApp[]): Promise<Taken> {
    const leased: LeasedRow[] = []
    try {
      return await this.#database.transaction(async (session) => {
        leased.length = 0
        return new Taking(call, ready, this.#suppression, leased).run(session)
      })
    } catch (error) {
      // It may have been committed all the same, if the connection failed then.
      this.#unheard.push(...leased.map(leaseOf))
      throw error
    }
  }

  /** What need not be in the transaction that hands out, where it would be in others' way. */
  async #seeTo({ held, messages }: Taken, now: number): Promise<void> {
    if (held.length > 0) await this.#database.run(HOLD_PAUSED_BATCHES, held)
    const unstarted = [...messages.values()].filter(({ started_at: startedAt }) => startedAt === null)
    if (unstarted.length === 0) return
    await this.#database.run(
      START_MESSAGES,
      unstarted.map(({ id }) => id),
      now,
    )
  }

  async #giveUnheardBack(now: number): Promise<void> {
    if (this.#unheard.length === 0) return
    const releases = [...this.#unheard]
    await this.#housekeeping.release({ releases, now })
    this.#unheard.splice(0, releases.length)
  }
}

/** A claim's transaction. */
class Taking {
  readonly #call: ClaimCall
  readonly #ready: readonly ReadyApp[]
  readonly #suppression: Suppression
  /** Everything that it leased. */
  readonly #leased: LeasedRow[]
  readonly #settlement = new Settlement()
  readonly #suppressed: Record<string, number> = {}
  readonly #held = new Set<number>()
  #suppressedLeft = SUPPRESSED_AT_ONCE

  constructor(call: ClaimCall, ready: readonly ReadyApp[], suppression: Suppression, leased: LeasedRow[]) {
    this.#call = call
    this.#ready = ready
    this.#suppression = suppression
    this.#leased = leased
  }

  async run(session: Session): Promise<Taken> {
    const virtualTime = this.#ready[0]?.virtual_time ?? 0
    const apps = await this.#turns(session, virtualTime)
    const open = new Set(apps.values())
    const rows: LeasedRow[] = []
    for (let left = this.#call.maxTokens; left > 0 && open.size > 0 && this.#suppressedLeft > 0; ) {
      const planned = planTurns(open, Math.min(left, TOKENS_AT_ONCE))
      if (planned.size === 0) break
      const limits = new Map(Array.from(planned, ([app, tokens]) => [app, limitOf(app, tokens)]))
      const found = await this.#lease(session, limits)
      const handed = await this.#handOut(session, found, left, apps)
      rows.push(...handed)
      for (const app of planned.keys()) {
        const own = found.filter(({ app_id: appId }) => appId === app.id)
        if (own.length < (limits.get(app) ?? 0)) open.delete(app)
        if (own.length > 0) {
          const pending = own.reduce((sum, row) => sum + row.pending, 0)
          app.batchTokens = Math.max(1, pending / own.length)
        }
      }
      left -= handed.reduce((sum, row) => sum + row.pending, 0)
    }
    await this.#charge(session, apps.values(), virtualTime)
    const messages = await this.#openMessages(session, rows)
    await this.#settlement.write(session, this.#call.now)
    return {
      rows,
      messages,
      suppressed: this.#suppressed,
      isCutShort: this.#suppressedLeft <= 0,
      held: [...this.#held],
    }
  }

  async #turns(session: Session, virtualTime: number): Promise<Map<number, AppTurn>> {
    const { maxTokensPerApp, owner } = this.#call
    const inHand = new Map<number, number>()
    if (maxTokensPerApp !== undefined) {
      for (const row of await session.run(COUNT_TOKENS_IN_HAND, owner)) inHand.set(row.app_id, row.tokens)
    }
    return new Map(
      this.#ready.map(({ id, served }) => [
        id,
        {
          id,
          served: Math.max(served, virtualTime),
          room: (maxTokensPerApp ?? Number.POSITIVE_INFINITY) - (inHand.get(id) ?? 0),
          startTag: 0,
          handed: 0,
          batchTokens: MOST_BATCH_TOKENS,
        },
      ]),
    )
  }

  async #lease(session: Session, limits: ReadonlyMap<AppTurn, number>): Promise<LeasedRow[]> {
    const { owner, now, leaseMs } = this.#call
    const ids = Array.from(limits.keys(), ({ id }) => id)
    const rows = await session.run(LEASE_BATCHES, ids, [...limits.values()], owner, now + leaseMs, now)
    this.#leased.push(...rows)
    return rows.sort(inOrder)
  }

  /** @returns those that are the owner's now: the others go back, or have nothing left to send */
  async #handOut(
    session: Session,
    found: readonly LeasedRow[],
    maxTokens: number,
    apps: ReadonlyMap<number, AppTurn>,
  ): Promise<LeasedRow[]> {
    const sendable = found.filter((batch) => this.#isSendable(batch))
    const suppressed = await this.#suppression.suppressedIn(session, sendable)
    const handed: LeasedRow[] = []
    const back: LeasedRow[] = []
    let left = maxTokens
    for (const batch of sendable) {
      const app = apps.get(batch.app_id)
      if (left <= 0 || app === undefined || app.room <= 0 || this.#suppressedLeft <= 0) {
        back.push(batch)
        continue
      }
      const rest = this.#settleSuppressed(batch, suppressed.get(batch) ?? [])
      if (rest.pending === 0) continue
      handed.push(rest)
      left -= rest.pending
      app.startTag = app.served
      app.served += rest.pending
      app.handed += rest.pending
      app.room -= rest.pending
    }
    await unlease(session, back, BATCH.ready)
    // They are not looked at again in this claim, and held after it.
    const held = found.filter((batch) => this.#held.has(batch.message_id))
    await unlease(session, held, BATCH.waiting)
    return handed
  }

  /** What was paused, cancelled or purged while it came back is not handed out. */
  #isSendable(batch: LeasedRow): boolean {
    if (isCancelled(batch)) this.#settlement.addCancelled(batch)
    else if (batch.message_paused || isPurged(batch)) this.#held.add(batch.message_id)
    else return true
    return false
  }

  #settleSuppressed(batch: LeasedRow, indices: readonly number[]): LeasedRow {
    if (indices.length === 0) return batch
    this.#suppressedLeft -= indices.length
    // A worker that died may have sent them.
    const status = batch.in_doubt ? 'unknown' : 'suppressed'
    const pending = this.#settlement.add(batch, [{ indices, status, reason: REASON.suppressed }])
    const app = this.#ready.find(({ id }) => id === batch.app_id)?.name ?? ''
    if (status === 'suppressed') this.#suppressed[app] = (this.#suppressed[app] ?? 0) + indices.length
    const settled = new SettledSet(batch.count, batch.settled)
    for (const index of indices) settled.add(index)
    return { ...batch, pending, settled: settled.bytes }
  }

  async #charge(session: Session, apps: Iterable<AppTurn>, virtualTime: number): Promise<void> {
    const charged = [...apps].filter(({ handed }) => handed > 0)
    if (charged.length === 0) return
    await session.run(
      CHARGE_APPS,
      charged.map(({ id }) => id),
      charged.map(({ handed }) => handed),
      charged.map(({ startTag }) => startTag),
      virtualTime,
    )
  }

  async #openMessages(session: Session, rows: readonly LeasedRow[]): Promise<Map<number, OpenedMessage>> {
    const ids = [...new Set(rows.map(({ message_id: id }) => id))]
    if (ids.length === 0) return new Map()
    return new Map((await session.run(OPEN_MESSAGES, ids)).map((row) => [row.id, row]))
  }
}

function leaseOf({ id, fence }: LeasedRow): Lease {
  return { batchId: id, fence }
}

async function unlease(session: Session, batches: readonly LeasedRow[], state: number): Promise<void> {
  if (batches.length === 0) return
  await session.run(
    UNLEASE_BATCHES,
    batches.map(({ id }) => id),
    state,
  )
}

function limitOf(app: AppTurn, tokens: number): number {
  return Math.min(LEASED_AT_ONCE, Math.ceil(tokens / app.batchTokens))
}

/** The one of the message with the highest priority first, then the oldest. */
function inOrder(left: LeasedRow, right: LeasedRow): number {
  return right.priority - left.priority || left.message_id - right.message_id || left.id - right.id
}

function leasedBatches({ rows, messages }: Taken, { now, leaseMs }: ClaimCall): LeasedBatch[] {
  const claimed = new Map(Array.from(messages, ([id, message]) => [id, claimedMessage(message)]))
  return rows.map((row) => {
    const message = claimed.get(row.message_id)
    if (message === undefined) throw new Error(`there is no message ${row.message_id}`)
    return {
      batchId: row.id,
      fence: row.fence,
      leaseUntilMs: now + leaseMs,
      message,
      firstIndex: row.first_index,
      tokens: { count: row.count, tokenBytes: row.token_bytes, bytes: row.tokens },
      pending: row.pending === row.count ? undefined : new SettledSet(row.count, row.settled).missing(),
      isInDoubt: row.in_doubt,
    }
  })
}

function claimedMessage(row: OpenedMessage): ClaimedMessage {
  return {
    id: row.uuid,
    app: row.app,
    content: row.content,
    giveUpAfterMs: row.give_up_after ?? undefined,
    ambiguous: row.drop_ambiguous ? 'drop' : 'resend',
    createdAtMs: row.created_at,
  }
}
