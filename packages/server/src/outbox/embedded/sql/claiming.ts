import type { Claim, ClaimedBatch, ClaimedMessage } from '../../outbox.js'
import { SettledSet } from '../../settled-set.js'
import type { Database, Statement } from '../database.js'
import { type BatchRow, isCancelled, SELECT_BATCH } from './batch-row.js'
import type { Expiry } from './expiry.js'
import type { Leases } from './leases.js'
import { BATCH } from './schema-1.js'
import type { Settlement } from './settlement.js'
import type { Suppression } from './suppression.js'

const SUPPRESSED_REASON = 'Suppressed'
/** How many tokens an app is handed before the others are looked at again: a full batch, or so many small ones. */
const TURN_TOKENS = 1000
/** How many batches that have come due one claim makes ready at most; the others wait for the next. */
const PROMOTED_AT_ONCE = 5000

export interface ClaimCall {
  readonly owner: string
  readonly leaseMs: number
  readonly maxTokens: number
  readonly apps: readonly string[] | undefined
  readonly now: number
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

  claim(call: ClaimCall): Claim {
    const { now } = call
    this.#leases.sweep(now)
    this.#expiry.expire(now)
    this.#suppression.follow()
    this.#promote.run(now)
    const outbox = this.#nextFence.get()
    if (outbox === undefined) throw new Error('the store has lost its first row')
    const batches = outbox.paused === 1 ? [] : this.#take(call, outbox.last_fence, outbox.virtual_time)
    const nextAtMs = batches.length > 0 ? undefined : (this.#nextAt.get()?.at ?? undefined)
    return { batches, nextAtMs }
  }

  #take(call: ClaimCall, fence: number, virtualTime: number): ClaimedBatch[] {
    const taken: ClaimedBatch[] = []
    const messages = new Map<number, ClaimedMessage>()
    const wanted = call.apps === undefined ? undefined : new Set(call.apps)
    const queue = this.#apps.all().filter(({ name }) => wanted?.has(name) ?? true)
    const served = new Map(queue.map((app) => [app, Math.max(app.served, virtualTime)]))
    let now = virtualTime
    for (let left = call.maxTokens; left > 0 && served.size > 0; ) {
      const app = lowest(served)
      now = served.get(app) ?? now
      const handed = this.#takeTurn(app, Math.min(left, TURN_TOKENS), call, fence, messages, taken)
      left -= handed
      this.#charge.run(now + handed, app.id)
      if (handed === 0) served.delete(app)
      else served.set(app, now + handed)
    }
    this.#setVirtualTime.run(now)
    return taken
  }

  /** @returns how many tokens were handed out; 0 when the app has no more */
  #takeTurn(
    app: AppRow,
    maxTokens: number,
    call: ClaimCall,
    fence: number,
    messages: Map<number, ClaimedMessage>,
    taken: ClaimedBatch[],
  ): number {
    let handed = 0
    while (handed < maxTokens) {
      const batch = this.#best.get(app.id)
      if (batch === undefined) break
      if (isCancelled(batch)) {
        // A crash kept its cancellation from reaching all of its batches.
        this.#leases.settleCancelled(batch, call.now)
        continue
      }
      const tokens = this.#settlement.tokensOf(batch)
      const suppressed = this.#suppression.suppressedIn(batch, tokens)
      if (suppressed.length > 0) {
        this.#settleSuppressed(batch, suppressed, call.now)
        continue
      }
      const leaseUntilMs = call.now + call.leaseMs
      this.#lease.run(call.owner, leaseUntilMs, fence, batch.id)
      let message = messages.get(batch.message_id)
      if (message === undefined) {
        message = this.#open(batch.message_id, app.name, call.now)
        messages.set(batch.message_id, message)
      }
      taken.push({
        batchId: batch.id,
        fence,
        leaseUntilMs,
        message,
        firstIndex: batch.first_index,
        tokens,
        pending: new SettledSet(batch.count, batch.settled).missing(),
        isInDoubt: batch.in_doubt === 1,
      })
      handed += batch.pending
    }
    return handed
  }

  /** What is left of the batch, if anything, is looked at again. */
  #settleSuppressed(batch: BatchRow, indices: readonly number[], now: number): void {
    // A worker that died may have sent them.
    const status = batch.in_doubt === 1 ? 'unknown' : 'suppressed'
    this.#settlement.settle(batch, [{ indices, status, reason: SUPPRESSED_REASON }], now)
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
