import type { Scope } from '../../outbox.js'
import { OutboxError } from '../../outbox-error.js'
import { BATCH, MESSAGE } from '../../states.js'
import type { ScopeStep } from '../../store-calls.js'
import type { Database, Statement } from '../database.js'
import { type BatchRow, SELECT_BATCH } from './batch-row.js'
import type { Depth } from './depth.js'
import type { Leases } from './leases.js'
import type { Settlement } from './settlement.js'

/** How many messages one step marks, and how many batches one step settles. A message may have thousands of these. */
const MARKED_AT_ONCE = { cancel: 500, purge: 50 }
const SETTLED_AT_ONCE = 100

interface MarkedRow {
  readonly id: number
  readonly app_id: number
  readonly pending: number
}

/** Pause, resume, cancel; and the first half of purge, of which `CleanUp` is the other. */
export class Control {
  readonly #database: Database
  readonly #depth: Depth
  readonly #leases: Leases
  readonly #settlement: Settlement
  readonly #find: Statement<{ id: number }>
  readonly #last: Statement<{ id: number | null }>
  readonly #mark: Statement
  readonly #withdrawBatches: Statement
  readonly #cancelled: Statement<BatchRow>

  constructor(database: Database, depth: Depth, leases: Leases, settlement: Settlement) {
    this.#database = database
    this.#depth = depth
    this.#leases = leases
    this.#settlement = settlement
    this.#find = database.prepare(`SELECT id FROM messages WHERE uuid = ? AND state <> ${MESSAGE.purged}`)
    this.#last = database.prepare('SELECT max(id) AS id FROM messages')
    this.#mark = database.prepare('UPDATE messages SET state = ? WHERE id = ?')
    this.#withdrawBatches = database.prepare(`
      UPDATE batches SET state = ${BATCH.held}, fence = 0, owner = NULL, lease_until = NULL, give_up_at = NULL
      WHERE message_id = ?`)
    this.#cancelled = database.prepare(`
      ${SELECT_BATCH} WHERE m.state = ${MESSAGE.cancelled} AND m.finished_at IS NULL AND b.state <> ${BATCH.leased}
      LIMIT ${SETTLED_AT_ONCE}`)
  }

  /** Sets or ends the pause of a scope. */
  pause({ scope, isPaused }: { readonly scope: Scope; readonly isPaused: boolean }): void {
    const paused = isPaused ? 1 : 0
    if (scope === 'everything') {
      this.#database.prepare('UPDATE outbox SET paused = ?').run(paused)
    } else if ('app' in scope) {
      this.#database
        .prepare(
          'INSERT INTO apps (name, paused) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused',
        )
        .run(scope.app, paused)
    } else {
      this.#pauseMessage(this.#idOf(scope.messageId), paused)
    }
  }

  /** @returns the range of internal ids that the scope means now, for {@link step} */
  range({ scope }: { readonly scope: Scope }): { after: number; upTo: number } {
    if (typeof scope === 'object' && 'messageId' in scope) {
      const id = this.#idOf(scope.messageId)
      return { after: id - 1, upTo: id }
    }
    return { after: 0, upTo: this.#last.get()?.id ?? 0 }
  }

  /** @returns up to where it has come; undefined when it is through */
  step({ kind, scope, after, upTo, now }: ScopeStep): number | undefined {
    const app = typeof scope === 'object' && 'app' in scope ? scope.app : undefined
    const inScope = app === undefined ? '' : 'AND app_id = (SELECT id FROM apps WHERE name = ?)'
    const concerned = kind === 'cancel' ? 'AND finished_at IS NULL' : `AND state <> ${MESSAGE.purged}`
    const rows = this.#database
      .prepare<MarkedRow>(`
        SELECT id, app_id,
          total - (accepted + refused + expired + unknown + suppressed + cancelled) AS pending
        FROM messages WHERE id > ? AND id <= ? ${concerned} ${inScope} ORDER BY id LIMIT ${MARKED_AT_ONCE[kind]}`)
      .all(after, upTo, ...(app === undefined ? [] : [app]))
    for (const row of rows) {
      this.#mark.run(kind === 'cancel' ? MESSAGE.cancelled : MESSAGE.purged, row.id)
      if (kind === 'purge') this.#withdraw(row)
      else this.#settlement.finishIfDone(row.id, now)
    }
    return rows.length < MARKED_AT_ONCE[kind] ? undefined : rows.at(-1)?.id
  }

  /** Settles some of the batches of cancelled messages. @returns how many; 0 when there are no more */
  settleCancelled({ now }: { readonly now: number }): number {
    const batches = this.#cancelled.all()
    for (const batch of batches) this.#leases.settleCancelled(batch, now)
    return batches.length
  }

  /** From here on no lease of its batches is valid, and none of its tokens counts. */
  #withdraw({ id, app_id: appId, pending }: MarkedRow): void {
    this.#withdrawBatches.run(id)
    this.#depth.add(appId, -pending)
  }

  #pauseMessage(id: number, paused: 0 | 1): void {
    this.#database.prepare('UPDATE messages SET paused = ? WHERE id = ?').run(paused, id)
    const change =
      paused === 1
        ? `SET state = ${BATCH.held} WHERE state IN (${BATCH.ready}, ${BATCH.waiting})`
        : // An open message's batches are held by that.
          `SET state = ${BATCH.waiting} WHERE state = ${BATCH.held}
             AND (SELECT state FROM messages WHERE id = message_id) = ${MESSAGE.queued}`
    this.#database.prepare(`UPDATE batches ${change} AND message_id = ?`).run(id)
  }

  #idOf(uuid: string): number {
    const row = this.#find.get(uuid)
    if (row === undefined) throw new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
    return row.id
  }
}
