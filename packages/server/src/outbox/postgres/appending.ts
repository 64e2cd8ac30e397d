import type { Session } from '../../postgres/statement.js'
import { MAX_MESSAGE_TOKENS } from '../apns-ids.js'
import type { Appended, NewMessage } from '../outbox.js'
import { OutboxError } from '../outbox-error.js'
import type { PackedTokens } from '../packed-tokens.js'
import { BATCH, MESSAGE } from '../states.js'
import type { AddTokensCall, AppendCall } from '../store-calls.js'
import { addBatches, addKeys, addMessages, batchesOf, type Storing } from './new-rows.js'
import { ADD_APPS } from './statements/add-apps.js'
import { ADD_DEPTH_CHANGES } from './statements/add-depth-changes.js'
import { COUNT_PENDING } from './statements/count-pending.js'
import { FIND_APPS } from './statements/find-apps.js'
import { FIND_KEYS } from './statements/find-keys.js'
import { LENGTHEN_MESSAGE } from './statements/lengthen-message.js'
import { LOCK_MESSAGE, type LockedMessage } from './statements/lock-message.js'
import { QUEUE_MESSAGE } from './statements/queue-message.js'
import { READ_SUPPRESSED_END } from './statements/read-suppressed-end.js'
import type { Suppression } from './suppression.js'
import { isUuid } from './uuid.js'

/** An answer to a call; its transaction goes on whatever it is. */
export type AppendReply = Appended | OutboxError

/** New messages, and their tokens. Each method is a transaction's work. */
export class Appending {
  readonly #suppression: Suppression

  constructor(suppression: Suppression) {
    this.#suppression = suppression
  }

  /**
   * Many calls at once, in their order. To do it twice with the same calls is as good as once.
   *
   * @returns for each call, in order
   */
  async append(session: Session, calls: readonly AppendCall[]): Promise<AppendReply[]> {
    const apps = await appIds(session, calls)
    const keys = await this.#usedKeys(session, calls, apps)
    let pending = (await session.run(COUNT_PENDING))[0]?.pending ?? 0
    const storing: Storing[] = []
    const replies = calls.map((call): AppendReply => {
      const appId = apps.get(call.message.app) ?? 0
      const key = keyOf(call.message, appId)
      const used = key === undefined ? undefined : keys.get(key)
      if (used !== undefined) return repeated(used, call)
      const total = countOf(call.batches ?? [])
      if (pending + total > call.maxPending) return full(pending, total, call.maxPending)
      pending += total
      storing.push({ call, appId, total })
      if (key !== undefined) {
        keys.set(key, { digest: call.digest ?? new Uint8Array(), messageId: call.uuid, total })
      }
      return { messageId: call.uuid, total, isRepeated: false }
    })
    if (storing.length > 0) await this.#store(session, storing)
    return replies
  }

  /** @returns how many tokens the message has then */
  async addTokens(session: Session, call: AddTokensCall): Promise<number> {
    const message = await lockOpen(session, call.uuid)
    const { total } = message
    if (call.offset !== undefined && call.offset !== total) {
      throw new OutboxError('WRONG_OFFSET', `the message has ${total} tokens, not ${call.offset}`, { total })
    }
    const added = countOf(call.batches)
    if (added === 0) return total
    if (total + added > MAX_MESSAGE_TOKENS) {
      throw new OutboxError('BAD_ARGUMENT', `a message has at most ${MAX_MESSAGE_TOKENS} tokens`)
    }
    const pending = (await session.run(COUNT_PENDING))[0]?.pending ?? 0
    if (pending + added > call.maxPending) throw full(pending, added, call.maxPending)
    await this.#register(session, [
      { appId: message.app_id, batches: call.batches, registeredAtMs: message.registered_at ?? undefined },
    ])
    await addBatches(session, [
      {
        messageId: message.id,
        appId: message.app_id,
        priority: message.priority,
        deliverAfter: message.deliver_after,
        giveUpAfter: message.give_up_after,
        firstIndex: total,
        state: BATCH.held,
        batches: call.batches,
      },
    ])
    await session.run(LENGTHEN_MESSAGE, message.id, added)
    await session.run(ADD_DEPTH_CHANGES, [message.app_id], [added])
    return total + added
  }

  async send(
    session: Session,
    { uuid, now }: { readonly uuid: string; readonly now: number },
  ): Promise<void> {
    const message = await lockMessage(session, uuid)
    if (message.state === MESSAGE.queued || message.state === MESSAGE.done) return
    checkOpen(message, uuid)
    await session.run(QUEUE_MESSAGE, message.id, now)
  }

  async #usedKeys(
    session: Session,
    calls: readonly AppendCall[],
    apps: ReadonlyMap<string, number>,
  ): Promise<Map<string, UsedBefore>> {
    const keyed = calls.flatMap(({ message: { app, idempotencyKey: key } }) =>
      key === undefined ? [] : [{ appId: apps.get(app) ?? 0, key }],
    )
    if (keyed.length === 0) return new Map()
    const rows = await session.run(
      FIND_KEYS,
      keyed.map(({ appId }) => appId),
      keyed.map(({ key }) => key),
    )
    return new Map(
      rows.map((row) => [
        `${row.app_id} ${row.key}`,
        { digest: row.digest, messageId: row.message_uuid, total: row.total },
      ]),
    )
  }

  async #store(session: Session, storing: readonly Storing[]): Promise<void> {
    await addKeys(session, storing)
    const added = await addMessages(session, storing)
    // One that is there already was stored by this very call, when the connection failed at its end.
    const fresh = storing.filter(({ call }) => added.has(call.uuid))
    await this.#register(
      session,
      fresh.map(({ appId, call }) => ({
        appId,
        batches: call.batches ?? [],
        registeredAtMs: call.message.registeredAtMs,
      })),
    )
    await addBatches(
      session,
      fresh.map(({ appId, call }) => batchesOf(added.get(call.uuid) ?? 0, appId, call)),
    )
    const depths = new Map<number, number>()
    for (const { appId, total } of fresh) depths.set(appId, (depths.get(appId) ?? 0) + total)
    const changed = [...depths].filter(([, total]) => total > 0)
    if (changed.length === 0) return
    await session.run(
      ADD_DEPTH_CHANGES,
      changed.map(([appId]) => appId),
      changed.map(([, total]) => total),
    )
  }

  async #register(
    session: Session,
    lists: readonly {
      readonly appId: number
      readonly batches: readonly PackedTokens[]
      readonly registeredAtMs: number | undefined
    }[],
  ): Promise<void> {
    const registered = lists.flatMap(({ appId, batches, registeredAtMs }) =>
      batches
        .filter((tokens) => registeredAtMs !== undefined || tokens.registeredAtMs !== undefined)
        .map((tokens) => ({ appId, tokens, registeredAtMs })),
    )
    if (registered.length === 0) return
    const last = (await session.run(READ_SUPPRESSED_END))[0]?.last ?? 0
    await this.#suppression.follow(session, last)
    await this.#suppression.registered(session, registered)
  }
}

/** What an idempotency key was used for. */
interface UsedBefore {
  readonly digest: Uint8Array
  readonly messageId: string
  readonly total: number
}

function keyOf({ idempotencyKey: key }: NewMessage, appId: number): string | undefined {
  return key === undefined ? undefined : `${appId} ${key}`
}

function repeated({ digest, messageId, total }: UsedBefore, call: AppendCall): AppendReply {
  // Its own, from before the connection failed.
  if (messageId === call.uuid) return { messageId, total, isRepeated: false }
  if (call.digest !== undefined && Buffer.compare(digest, call.digest) === 0) {
    return { messageId, total, isRepeated: true }
  }
  return new OutboxError('IDEMPOTENCY_CONFLICT', 'the idempotency key was used for another request')
}

function full(pending: number, added: number, limit: number): OutboxError {
  return new OutboxError(
    'OUTBOX_FULL',
    `${pending} tokens wait to be sent, and ${limit} is the limit: no room for ${added} more`,
  )
}

function countOf(batches: readonly PackedTokens[]): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}

async function appIds(session: Session, calls: readonly AppendCall[]): Promise<Map<string, number>> {
  const names = [...new Set(calls.map(({ message }) => message.app))]
  let apps = await session.run(FIND_APPS, names)
  if (apps.length < names.length) {
    await session.run(ADD_APPS, names)
    apps = await session.run(FIND_APPS, names)
  }
  return new Map(apps.map(({ id, name }) => [name, id]))
}

async function lockMessage(session: Session, uuid: string): Promise<LockedMessage> {
  const message = isUuid(uuid) ? (await session.run(LOCK_MESSAGE, uuid))[0] : undefined
  if (message === undefined) throw new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
  return message
}

async function lockOpen(session: Session, uuid: string): Promise<LockedMessage> {
  const message = await lockMessage(session, uuid)
  checkOpen(message, uuid)
  return message
}

function checkOpen({ state }: LockedMessage, uuid: string): void {
  if (state === MESSAGE.open) return
  throw new OutboxError('NOT_OPEN', `the message ${uuid} was sent or cancelled, and takes no more`)
}
