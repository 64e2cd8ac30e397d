/**
 * What broadcasts and the requests about channels have in common: the app in the path, the ids. The order is our choice.
 */
import type { NotificationRequest } from '../notification-request.js'
import { topicSuffix } from '../push-types.js'
import type { Refusal } from '../refusal.js'
import { type Authenticated, bad, type CheckContext, isRequestId } from '../validation.js'

/** Which apps there are, and how doubts are decided. */
export interface Apps extends CheckContext {
  /** Whether the app has the broadcast capability. */
  mayBroadcast(bundleId: string): boolean
}

/** No limit is published; the headers of a request may have 8,000 bytes together. */
const CHANNEL_ID_LENGTH = 1024
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/
const PUSH_TYPE = 'liveactivity'

/** Whether the app exists, may broadcast, and is the sender's. */
export function refuseApp(bundleId: string, sender: Authenticated, apps: Apps): Refusal | undefined {
  const { topics } = apps
  const exists = topics.areListed ? topics.has(bundleId) : topicSuffix(bundleId) === ''
  if (!exists) return topicSuffix(bundleId) === '' ? MISMATCH : bad('TopicDisallowed')
  const isCovered =
    sender.kind === 'certificate'
      ? sender.certificate.topics.has(bundleId)
      : (sender.key.topics?.has(bundleId) ?? true)
  if (!isCovered || topics.isNewTo(bundleId, sender)) return MISMATCH
  return apps.mayBroadcast(bundleId) ? undefined : bad('FeatureNotEnabled')
}

const MISMATCH: Refusal = { status: 403, reason: 'TopicMismatch' }

/** `apns-request-id` and, since one of Apple's pages has it in an example, `apns-id`. */
export function refuseIds({ headers }: NotificationRequest, { doubts }: CheckContext): Refusal | undefined {
  const isBad = ['apns-request-id', 'apns-id'].some((name) => {
    const id = headers.get(name)
    return id !== undefined && !isRequestId(id, doubts)
  })
  return isBad ? bad('BadMessageId') : undefined
}

export function refuseChannelId(id: string | undefined): Refusal | undefined {
  if (id === undefined || id === '') return bad('MissingChannelId')
  return id.length > CHANNEL_ID_LENGTH || !BASE64.test(id) ? bad('BadChannelId') : undefined
}

/** Apple's pages write the only push type in three ways. */
export function refusePushType(pushType: unknown): Refusal | undefined {
  if (pushType === undefined) return bad('MissingPushType')
  const isKnown = typeof pushType === 'string' && pushType.toLowerCase() === PUSH_TYPE
  return isKnown ? undefined : bad('InvalidPushType')
}

/** The id of a request, from whichever header has it. */
export function requestId(headers: ReadonlyMap<string, string>): string | undefined {
  return headers.get('apns-request-id') ?? headers.get('apns-id')
}
