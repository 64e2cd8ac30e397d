import { checkedTopic } from '../message-checks.js'
import type { MessageError, MessageErrorCode } from '../message-error.js'

/** How Apple answers. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

const BAD_TOKEN: Refusal = { status: 400, reason: 'BadDeviceToken' }
const MISSING_TOKEN: Refusal = { status: 400, reason: 'MissingDeviceToken' }

/** What Apple answers for what is no device token. */
export function tokenRefusal(device: unknown): Refusal {
  return device === '' ? MISSING_TOKEN : BAD_TOKEN
}

const REFUSALS: Readonly<Partial<Record<MessageErrorCode, Refusal>>> = {
  BAD_TOKEN,
  PAYLOAD_TOO_LARGE: { status: 413, reason: 'PayloadTooLarge' },
  BAD_EXPIRATION: { status: 400, reason: 'BadExpirationDate' },
  BAD_PRIORITY: { status: 400, reason: 'BadPriority' },
  BAD_PUSH_TYPE: { status: 400, reason: 'InvalidPushType' },
  BAD_COLLAPSE_ID: { status: 400, reason: 'BadCollapseId' },
  BAD_APNS_ID: { status: 400, reason: 'BadMessageId' },
}

/**
 * What Apple would answer to what the library does not send; the error itself where Apple has no word for it.
 *
 * @param isMade whether there is a message, and only this sender can not send it
 */
export function refusalOf(
  error: MessageError,
  topic: string | undefined,
  isMade: boolean,
): Refusal | MessageError {
  if (error.code !== 'BAD_TOPIC') return REFUSALS[error.code] ?? error
  if (topic === undefined) return { status: 400, reason: 'MissingTopic' }
  if (isMade) return { status: 400, reason: 'TopicDisallowed' }
  return { status: 400, reason: isTopic(topic) ? 'InvalidPushType' : 'BadTopic' }
}

/** The same for a broadcast, or a request about channels. */
export function channelRefusalOf(
  error: MessageError,
  bundleId: unknown,
  channelId: string | undefined,
): Refusal | MessageError {
  switch (error.code) {
    case 'BAD_CHANNEL':
      return { status: 400, reason: channelId ? 'BadChannelId' : 'MissingChannelId' }
    case 'BAD_OPTION':
      return { status: 400, reason: 'BadRequestParams' }
    case 'BAD_TOPIC':
      return isTopic(bundleId)
        ? { status: 400, reason: 'TopicDisallowed' }
        : { status: 404, reason: 'BadPath' }
    default:
      return REFUSALS[error.code] ?? error
  }
}

function isTopic(topic: unknown): boolean {
  try {
    return checkedTopic(topic) !== undefined
  } catch {
    return false
  }
}
