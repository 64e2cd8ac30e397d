import type { ClaimedMessage } from '../../outbox.js'
import { SettledSet } from '../../settled-set.js'
import { REASON } from '../../settling.js'
import { BATCH } from '../../states.js'
import type { ClaimCall, Leased, LeasedBatch } from '../../store-calls.js'
import type { Database, Statement } from '../database.js'
import { type BatchRow, isCancelled, SELECT_BATCH } from './batch-row.js'
import type { Expiry } from './expiry.js'
import type { Leases } from './leases.js'
import type { Settlement } from './settlement.js'
import type { Suppression } from './suppression.js'

/** How many suppressed tokens one claim settles, about, so that it does not take long; the next goes on. */
const SUPPRESSED_AT_ONCE = 10_000
/** How many tokens an app is handed before the others are looked at again: a full batch, or so many small ones. */
const TURN_TOKENS = 1000
/** How many batches that have come due one claim makes ready at most; the others wait for the next. */
const PROMOTED_AT_ONCE = 5000

/** A claim on its way. */
interface Taking {
  readonly call: ClaimCall
  readonly fence: number
  readonly messages: Map<number, ClaimedMessage>
  readonly taken: LeasedBatch[]
  suppressedLeft: number
  /** How many were, by app. */
  readonly suppressed: Record<string, number>
}

interface AppRow {
  readonly id: number
  readonly name: string
  readonly served: number
}

/**
 * Hands out batches. Between apps by start-time fair queueing (Goyal, Vin, Cheng 1996): each app has a virtual time that
 * grows by what it is handed; the lowest is next; one that had nothing to send begins at the time of those that had.
 */
export class Claiming {
  readonly #settlement: Settlement
  readonly #leases: Leases
  readonly #expiry: Expiry
  readonly #suppression: Suppression
  readonly #promote: Statement
  readonly #nextFence: Statement<{ last_fence: number; virtual_time: number; paused: number }>
  readonly #apps: Statement<AppRow>
  readonly #best: Statement<BatchRow>
  readonly #inHand: Statement<{ app_id: number; tokens: number }>
  readonly #lease: Statement
  readonly #message: Statement<ClaimedRow>
  readonly #start: Statement
  readonly #charge: Statement
  readonly #setVirtualTime: Statement
  readonly #nextAt: Statement<{ at: number | null }>

  constructor(
    database: Database,
    settlement: Settlement,
    leases: Leases,
    expiry: Expiry,
    suppression: Suppression,
  ) {
    this.#settlement = settlement
    this.#leases = leases
    this.#expiry = expiry
    this.#suppression = suppression
    this.#promote = database.prepare(`
      UPDATE batches SET state = ${BATCH.ready} WHERE id IN (
        SELECT id FROM batches WHERE state = ${BATCH.waiting} AND due_at <= ? ORDER BY due_at LIMIT ${PROMOTED_AT_ONCE})`)
    this.#nextFence = database.prepare(
      'UPDATE outbox SET last_fence = last_fence + 1 RETURNING last_fence, virtual_time, paused',
    )
    this.#apps = database.prepare(`
      SELECT id, name, served FROM apps
      WHERE paused = 0 AND EXISTS (SELECT 1 FROM batches WHERE state = ${BATCH.ready} AND app_id = apps.id)`)
    this.#best = database.prepare(`
      ${SELECT_BATCH} WHERE b.state = ${BATCH.ready} AND b.app_id = ?
      ORDER BY b.priority DESC, b.message_id, b.id LIMIT 1`)
    this.#inHand = database.prepare(`
      SELECT app_id, sum(pending) AS tokens FROM batches WHERE state = ${BATCH.leased} AND owner = ? GROUP BY app_id`)
    this.#lease = database.prepare(
      `UPDATE batches SET state = ${BATCH.leased}, owner = ?, lease_until = ?, fence = ? WHERE id = ?`,
    )
    this.#message = database.prepare(`
      SELECT uuid, content, give_up_after, drop_ambiguous, created_at, started_at FROM messages WHERE id = ?`)
    this.#start = database.prepare('UPDATE messages SET started_at = ? WHERE id = ?')
    this.#charge = database.prepare('UPDATE apps SET served = ? WHERE id = ?')
    this.#setVirtualTime = database.prepare('UPDATE outbox SET virtual_time = ?')
    this.#nextAt = database.prepare(`
      SELECT min(at) AS at FROM (
        SELECT min(due_at) AS at FROM batches WHERE state = ${BATCH.waiting}
        UNION ALL SELECT min(lease_until) FROM batches WHERE state = ${BATCH.leased}
        UNION ALL SELECT min(give_up_at) FROM batches WHERE give_up_at IS NOT NULL AND state <> ${BATCH.leased})`)
  }

  claim(call: ClaimCall): Leased {
    const { now } = call
    this.#leases.sweep(now)
    this.#expiry.expire(now)
    this.#promote.run(now)
    const outbox = this.#nextFence.get()
    if (outbox === undefined) throw new Error('the store has lost its first row')
    const taking: Taking = {
      call,
      fence: outbox.last_fence,
      messages: new Map(),
      taken: [],
      suppressedLeft: SUPPRESSED_AT_ONCE,
      suppressed: {},
    }
    if (outbox.paused === 0) this.#take(taking, outbox.virtual_time)
    const { taken: batches, suppressed: counts } = taking
    const suppressed = Object.keys(counts).length > 0 ? { suppressed: counts } : {}
    if (batches.length > 0) return { batches, nextAtMs: undefined, ...suppressed }
    const nextAtMs = taking.suppressedLeft > 0 ? (this.#nextAt.get()?.at ?? undefined) : now
    return { batches, nextAtMs, ...suppressed }
  }

  #take(taking: Taking, virtualTime: number): void {
    const { call } = taking
    const wanted = call.apps === undefined ? undefined : new Set(call.apps)
    const queue = this.#apps.all().filter(({ name }) => wanted?.has(name) ?? true)
    const served = new Map(queue.map((app) => [app, Math.max(app.served, virtualTime)]))
    const inHand = this.#inHandOf(call)
    let now = virtualTime
    for (let left = call.maxTokens; left > 0 && served.size > 0 && taking.suppressedLeft > 0; ) {
      const app = lowest(served)
      now = served.get(app) ?? now
      const room = (call.maxTokensPerApp ?? left) - (inHand.get(app.id) ?? 0)
      const handed = this.#takeTurn(app, Math.min(left, room, TURN_TOKENS), taking)
      left -= handed
      if (call.maxTokensPerApp !== undefined) inHand.set(app.id, (inHand.get(app.id) ?? 0) + handed)
      this.#charge.run(now + handed, app.id)
      if (handed === 0) served.delete(app)
      else served.set(app, now + handed)
    }
    this.#setVirtualTime.run(now)
  }

  /** How many tokens the owner has of each app, where that matters. */
  #inHandOf({ owner, maxTokensPerApp }: ClaimCall): Map<number, number> {
    if (maxTokensPerApp === undefined) return new Map()
    return new Map(this.#inHand.all(owner).map(({ app_id: appId, tokens }) => [appId, tokens]))
  }

  /** @returns how many tokens were handed out; 0 when the app has no more */
  #takeTurn(app: AppRow, maxTokens: number, taking: Taking): number {
    const { call } = taking
    let handed = 0
    while (handed < maxTokens && taking.suppressedLeft > 0) {
      const batch = this.#best.get(app.id)
      if (batch === undefined) break
      if (isCancelled(batch)) {
        // A crash kept its cancellation from reaching all of its batches.
        this.#leases.settleCancelled(batch, call.now)
        continue
      }
      handed += this.#handOut(batch, app.name, taking)
    }
    return handed
  }

  /** @returns how many of its tokens were; 0 where all that it had left are suppressed */
  #handOut(batch: BatchRow, app: string, taking: Taking): number {
    const { call, fence, messages, taken } = taking
    const tokens = this.#settlement.tokensOf(batch)
    const settled = new SettledSet(batch.count, batch.settled)
    const suppressed = this.#suppression.suppressedIn(batch, tokens, settled)
    if (suppressed.length > 0) {
      taking.suppressedLeft -= suppressed.length
      const isCounted = this.#settleSuppressed(batch, suppressed, call.now)
      if (isCounted) taking.suppressed[app] = (taking.suppressed[app] ?? 0) + suppressed.length
      for (const index of suppressed) settled.add(index)
    }
    const unsettled = batch.pending - suppressed.length
    if (unsettled === 0) return 0
    const leaseUntilMs = call.now + call.leaseMs
    this.#lease.run(call.owner, leaseUntilMs, fence, batch.id)
    let message = messages.get(batch.message_id)
    if (message === undefined) {
      message = this.#open(batch.message_id, app, call.now)
      messages.set(batch.message_id, message)
    }
    taken.push({
      batchId: batch.id,
      fence,
      leaseUntilMs,
      message,
      firstIndex: batch.first_index,
      tokens,
      pending: unsettled === batch.count ? undefined : settled.missing(),
      isInDoubt: batch.in_doubt === 1,
    })
    return unsettled
  }

  /** @returns whether they count as suppressed */
  #settleSuppressed(batch: BatchRow, indices: readonly number[], now: number): boolean {
    // A worker that died may have sent them.
    const status = batch.in_doubt === 1 ? 'unknown' : 'suppressed'
    this.#settlement.settle(batch, [{ indices, status, reason: REASON.suppressed }], now)
    return status === 'suppressed'
  }

  #open(messageId: number, app: string, now: number): ClaimedMessage {
    const row = this.#message.get(messageId)
    if (row === undefined) throw new Error(`there is no message ${messageId}`)
    if (row.started_at === null) this.#start.run(now, messageId)
    return {
      id: row.uuid,
      app,
      content: row.content,
      giveUpAfterMs: row.give_up_after ?? undefined,
      ambiguous: row.drop_ambiguous === 1 ? 'drop' : 'resend',
      createdAtMs: row.created_at,
    }
  }
}

interface ClaimedRow {
  readonly uuid: string
  readonly content: string
  readonly give_up_after: number | null
  readonly drop_ambiguous: number
  readonly created_at: number
  readonly started_at: number | null
}

function lowest(served: ReadonlyMap<AppRow, number>): AppRow {
  let found: AppRow | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [app, time] of served) {
    if (time < least) {
      found = app
      least = time
    }
  }
  if (found === undefined) throw new Error('no app to choose from')
  return found
}
