import type { Session } from '../../postgres/statement.js'
import type { PackedTokens } from '../packed-tokens.js'
import { BATCH, MESSAGE } from '../states.js'
import type { AppendCall } from '../store-calls.js'
import { ADD_BATCHES } from './statements/add-batches.js'
import { ADD_KEYS } from './statements/add-keys.js'
import { ADD_MESSAGES } from './statements/add-messages.js'

/** A call that is to be stored. */
export interface Storing {
  readonly call: AppendCall
  readonly appId: number
  readonly total: number
}

/** As much of a message as its batches have from it. */
export interface BatchesOf {
  readonly messageId: number
  readonly appId: number
  readonly priority: number
  readonly deliverAfter: number | null
  readonly giveUpAfter: number | null
  readonly firstIndex: number
  readonly state: number
  readonly batches: readonly PackedTokens[]
}

/** Another process has used an idempotency key since it was looked up: from the beginning, it is found. */
export class KeyTaken extends Error {}

/** @throws {KeyTaken} */
export async function addKeys(session: Session, storing: readonly Storing[]): Promise<void> {
  const keyed = storing.flatMap(({ call, appId, total }) => {
    const { idempotencyKey: key } = call.message
    return key === undefined ? [] : [{ call, appId, total, key }]
  })
  if (keyed.length === 0) return
  const added = await session.run(
    ADD_KEYS,
    keyed.map(({ appId }) => appId),
    keyed.map(({ key }) => key),
    keyed.map(({ call }) => call.digest ?? new Uint8Array()),
    keyed.map(({ call }) => call.uuid),
    keyed.map(({ total }) => total),
    keyed[0]?.call.now ?? 0,
  )
  if (added.length < keyed.length) throw new KeyTaken()
}

/** @returns the internal ids of those that were not there by then, by their ids */
export async function addMessages(
  session: Session,
  storing: readonly Storing[],
): Promise<Map<string, number>> {
  const states = storing.map(({ call, total }) => {
    if (call.batches === undefined) return MESSAGE.open
    return total === 0 ? MESSAGE.done : MESSAGE.queued
  })
  const messages = storing.map(({ call }) => call.message)
  const rows = await session.run(
    ADD_MESSAGES,
    storing.map(({ call }) => call.uuid),
    storing.map(({ appId }) => appId),
    states,
    messages.map(({ priority }) => priority ?? 0),
    messages.map(({ ambiguous }) => ambiguous === 'drop'),
    messages.map(({ keep }) => keep === 'all'),
    messages.map(({ suppression }) => suppression === 'ignore'),
    messages.map(({ registeredAtMs }) => registeredAtMs ?? null),
    messages.map(({ deliverAfterMs }) => deliverAfterMs ?? null),
    messages.map(({ giveUpAfterMs }) => giveUpAfterMs ?? null),
    storing.map(({ call }) => call.now),
    storing.map(({ call }, index) => (states[index] === MESSAGE.done ? call.now : null)),
    storing.map(({ total }) => total),
    messages.map(({ content }) => content),
  )
  return new Map(rows.map(({ uuid, id }) => [uuid, id]))
}

export function batchesOf(
  messageId: number,
  appId: number,
  { message, batches, now }: AppendCall,
): BatchesOf {
  return {
    messageId,
    appId,
    priority: message.priority ?? 0,
    deliverAfter: message.deliverAfterMs ?? null,
    giveUpAfter: message.giveUpAfterMs ?? null,
    firstIndex: 0,
    state: (message.deliverAfterMs ?? 0) <= now ? BATCH.ready : BATCH.waiting,
    batches: batches ?? [],
  }
}

/** In one statement, whatever their number. */
export async function addBatches(session: Session, lists: readonly BatchesOf[]): Promise<void> {
  let end = 1
  const rows = lists.flatMap((list) => {
    let { firstIndex } = list
    return list.batches.map((tokens) => {
      const row = { list, tokens, firstIndex, from: end }
      firstIndex += tokens.count
      end += tokens.bytes.length
      return row
    })
  })
  if (rows.length === 0) return
  await session.run(
    ADD_BATCHES,
    rows.map(({ list }) => list.messageId),
    rows.map(({ list }) => list.appId),
    rows.map(({ list }) => list.priority),
    rows.map(({ firstIndex }) => firstIndex),
    rows.map(({ tokens }) => tokens.count),
    rows.map(({ tokens }) => tokens.tokenBytes),
    rows.map(({ list }) => list.state),
    rows.map(({ list }) => list.deliverAfter ?? 0),
    rows.map(({ list }) => list.giveUpAfter),
    rows.map(({ from }) => from),
    rows.map(({ tokens }) => tokens.bytes.length),
    Buffer.concat(rows.map(({ tokens }) => tokens.bytes)),
  )
}
