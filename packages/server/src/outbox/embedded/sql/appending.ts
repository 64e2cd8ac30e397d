import { MAX_MESSAGE_TOKENS } from '../../apns-ids.js'
import type { Appended } from '../../outbox.js'
import { OutboxError } from '../../outbox-error.js'
import type { PackedTokens } from '../../packed-tokens.js'
import { BATCH, MESSAGE } from '../../states.js'
import type { AddTokensCall, AppendCall } from '../../store-calls.js'
import type { Database, Statement } from '../database.js'
import type { Depth } from './depth.js'
import type { Settlement } from './settlement.js'
import type { Suppression } from './suppression.js'

interface MessageRow {
  readonly id: number
  readonly app_id: number
  readonly state: number
  readonly paused: number
  readonly priority: number
  readonly deliver_after: number | null
  readonly give_up_after: number | null
  readonly total: number
  readonly registered_at: number | null
}

/** New messages, and their tokens. */
export class Appending {
  readonly #depth: Depth
  readonly #settlement: Settlement
  readonly #suppression: Suppression
  readonly #findApp: Statement<{ id: number }>
  readonly #addApp: Statement<{ id: number }>
  readonly #findKey: Statement<{ digest: Uint8Array; message_uuid: string; total: number }>
  readonly #addKey: Statement
  readonly #addMessage: Statement<MessageRow>
  readonly #find: Statement<MessageRow>
  readonly #addBatch: Statement<{ id: number }>
  readonly #addBytes: Statement
  readonly #addTotal: Statement
  readonly #queue: Statement
  readonly #queueBatches: Statement

  constructor(database: Database, depth: Depth, settlement: Settlement, suppression: Suppression) {
    this.#depth = depth
    this.#settlement = settlement
    this.#suppression = suppression
    const columns = 'id, app_id, state, paused, priority, deliver_after, give_up_after, total, registered_at'
    this.#findApp = database.prepare('SELECT id FROM apps WHERE name = ?')
    this.#addApp = database.prepare('INSERT INTO apps (name) VALUES (?) RETURNING id')
    this.#findKey = database.prepare(
      'SELECT digest, message_uuid, total FROM idempotency WHERE app_id = ? AND key = ?',
    )
    this.#addKey = database.prepare(`
      INSERT INTO idempotency (app_id, key, digest, message_uuid, total, created_at) VALUES (?, ?, ?, ?, ?, ?)`)
    this.#addMessage = database.prepare(`
      INSERT INTO messages (uuid, app_id, state, priority, drop_ambiguous, keep_all, deliver_after, give_up_after,
        ignore_suppression, registered_at, created_at, finished_at, total, content)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ${columns}`)
    this.#find = database.prepare(
      `SELECT ${columns} FROM messages WHERE uuid = ? AND state <> ${MESSAGE.purged}`,
    )
    this.#addBatch = database.prepare(`
      INSERT INTO batches (message_id, app_id, priority, first_index, count, token_bytes, pending, state, due_at,
        give_up_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`)
    this.#addBytes = database.prepare('INSERT INTO tokens (batch_id, bytes) VALUES (?, ?)')
    this.#addTotal = database.prepare('UPDATE messages SET total = total + ? WHERE id = ?')
    this.#queue = database.prepare(`UPDATE messages SET state = ${MESSAGE.queued} WHERE id = ?`)
    // What is due already becomes ready at the next claim.
    this.#queueBatches = database.prepare(`
      UPDATE batches SET state = ${BATCH.waiting} WHERE message_id = ? AND state = ${BATCH.held}`)
  }

  append(call: AppendCall): Appended {
    const { uuid, message, digest, batches, maxPending, now } = call
    const appId = this.#appId(message.app)
    const { idempotencyKey: key } = message
    const before = key === undefined ? undefined : this.#findKey.get(appId, key)
    if (before !== undefined) return repeated(before, digest)
    const total = countOf(batches ?? [])
    this.#checkRoom(total, maxPending)
    const row = this.#insert(call, appId, total)
    if (key !== undefined) this.#addKey.run(appId, key, digest ?? new Uint8Array(), uuid, total, now)
    const isDue = (message.deliverAfterMs ?? 0) <= now
    this.#addBatches(row, batches ?? [], 0, isDue ? BATCH.ready : BATCH.waiting)
    this.#depth.add(appId, total)
    return { messageId: uuid, total, isRepeated: false }
  }

  /** @returns how many tokens it has then */
  addTokens({ uuid, batches, offset, maxPending }: AddTokensCall): number {
    const row = this.#open(uuid)
    if (offset !== undefined && offset !== row.total) {
      throw new OutboxError('WRONG_OFFSET', `the message has ${row.total} tokens, not ${offset}`, {
        total: row.total,
      })
    }
    const added = countOf(batches)
    if (row.total + added > MAX_MESSAGE_TOKENS) {
      throw new OutboxError('BAD_ARGUMENT', `a message has at most ${MAX_MESSAGE_TOKENS} tokens`)
    }
    this.#checkRoom(added, maxPending)
    this.#addBatches(row, batches, row.total, BATCH.held)
    this.#addTotal.run(added, row.id)
    this.#depth.add(row.app_id, added)
    return row.total + added
  }

  send({ uuid, now }: { readonly uuid: string; readonly now: number }): void {
    const row = this.#find.get(uuid)
    if (row?.state === MESSAGE.queued || row?.state === MESSAGE.done) return
    const { id, paused } = this.#open(uuid)
    this.#queue.run(id)
    if (paused === 0) this.#queueBatches.run(id)
    this.#settlement.finishIfDone(id, now)
  }

  #open(uuid: string): MessageRow {
    const row = this.#find.get(uuid)
    if (row === undefined) throw new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
    if (row.state !== MESSAGE.open) {
      throw new OutboxError('NOT_OPEN', `the message ${uuid} was sent or cancelled, and takes no more`)
    }
    return row
  }

  #appId(name: string): number {
    const row = this.#findApp.get(name) ?? this.#addApp.get(name)
    if (row === undefined) throw new Error('no app was made')
    return row.id
  }

  #insert({ uuid, message, batches, now }: AppendCall, appId: number, total: number): MessageRow {
    const isOpen = batches === undefined
    const isDone = !isOpen && total === 0
    const row = this.#addMessage.get(
      uuid,
      appId,
      isOpen ? MESSAGE.open : isDone ? MESSAGE.done : MESSAGE.queued,
      message.priority ?? 0,
      message.ambiguous === 'drop' ? 1 : 0,
      message.keep === 'all' ? 1 : 0,
      message.deliverAfterMs ?? null,
      message.giveUpAfterMs ?? null,
      message.suppression === 'ignore' ? 1 : 0,
      message.registeredAtMs ?? null,
      now,
      isDone ? now : null,
      total,
      message.content,
    )
    if (row === undefined) throw new Error('no message was made')
    return row
  }

  #addBatches(row: MessageRow, batches: readonly PackedTokens[], offset: number, state: number): void {
    let firstIndex = offset
    for (const packed of batches) {
      const { count, tokenBytes, bytes } = packed
      this.#suppression.registered(row.app_id, packed, row.registered_at ?? undefined)
      const batch = this.#addBatch.get(
        row.id,
        row.app_id,
        row.priority,
        firstIndex,
        count,
        tokenBytes,
        count,
        state,
        row.deliver_after ?? 0,
        row.give_up_after,
      )
      if (batch === undefined) throw new Error('no batch was made')
      this.#addBytes.run(batch.id, bytes)
      firstIndex += count
    }
  }

  #checkRoom(added: number, maxPending: number): void {
    const { pending } = this.#depth
    if (pending + added <= maxPending) return
    throw new OutboxError(
      'OUTBOX_FULL',
      `${pending} tokens wait to be sent, and ${maxPending} is the limit: no room for ${added} more`,
    )
  }
}

function countOf(batches: readonly PackedTokens[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

function repeated(
  before: { digest: Uint8Array; message_uuid: string; total: number },
  digest: Uint8Array | undefined,
): Appended {
  if (digest === undefined || Buffer.compare(before.digest, digest) !== 0) {
    throw new OutboxError('IDEMPOTENCY_CONFLICT', 'the idempotency key was used for another request')
  }
  return { messageId: before.message_uuid, total: before.total, isRepeated: true }
}
