import type { StoragePolicy } from '../broadcast/channel.js'
import { policyNumber } from '../broadcast/channel-answer.js'
import type { ChannelManager, ChannelScope } from '../broadcast/channel-manager.js'
import { MessageError } from '../message-error.js'
import { isDictionary } from '../payload/value-checks.js'
import type { BroadcastResponse } from './broadcast-responses.js'

export type ChannelAction = 'create' | 'read' | 'readAll' | 'delete'

/** What the answer says besides ids. */
type Answer = Pick<BroadcastResponse, 'apns-channel-id' | 'message-storage-policy' | 'push-type' | 'channels'>

const ACTIONS: ReadonlySet<unknown> = new Set(['create', 'read', 'readAll', 'delete'])
const ATTRIBUTES: ReadonlySet<string> = new Set(['message-storage-policy', 'push-type'])
const POLICIES: ReadonlyMap<unknown, StoragePolicy> = new Map<unknown, StoragePolicy>([
  [0, 'none'],
  ['0', 'none'],
  [1, 'latest'],
  ['1', 'latest'],
])
const PUSH_TYPE = 'LiveActivity'

export function isChannelAction(action: unknown): action is ChannelAction {
  return ACTIONS.has(action)
}

/**
 * @param body of the notification, in JSON: what a new channel is to be
 * @throws {MessageError} for what can only be refused
 * @throws {ChannelError}
 */
export async function performAction(
  channels: ChannelManager,
  action: ChannelAction,
  channelId: string | undefined,
  body: string,
  scope: ChannelScope,
): Promise<Answer> {
  switch (action) {
    case 'create': {
      const { id } = await channels.create({ ...scope, storagePolicy: newPolicy(body) })
      return { 'apns-channel-id': id }
    }
    case 'read': {
      const { storagePolicy } = await channels.read(channelId ?? '', scope)
      return { 'message-storage-policy': policyNumber(storagePolicy), 'push-type': PUSH_TYPE }
    }
    case 'readAll':
      return { channels: await channels.list(scope) }
    case 'delete':
      await channels.delete(channelId ?? '', scope)
      return {}
    default:
      return action satisfies never
  }
}

/**
 * What Apple calls 1 and 0, and node-apn's own pages '1'.
 *
 * @throws {MessageError}
 */
function newPolicy(body: string): StoragePolicy {
  const parsed: unknown = JSON.parse(body)
  const attributes: Readonly<Record<string, unknown>> = isDictionary(parsed) ? parsed : {}
  const { 'message-storage-policy': policy, 'push-type': pushType = PUSH_TYPE } = attributes
  const known = POLICIES.get(policy)
  if (known === undefined || Object.keys(attributes).some((name) => !ATTRIBUTES.has(name)))
    throw new MessageError(
      'BAD_OPTION',
      "a new channel has a 'message-storage-policy', 0 or 1, and a 'push-type', and nothing else",
    )
  if (String(pushType).toLowerCase() !== PUSH_TYPE.toLowerCase())
    throw new MessageError('BAD_PUSH_TYPE', `the push type of a channel is ${PUSH_TYPE}`)
  return known
}
