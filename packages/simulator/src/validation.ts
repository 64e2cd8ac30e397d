/**
 * The checks of a notification in the order in which the simulator makes them. That authentication comes before
 * everything about the device is known of the service; the rest of the order is our choice.
 */
import type { PresentedCertificate } from './client-certificate.js'
import type { Doubts } from './doubts.js'
import { DEVICE_PATH, type NotificationRequest } from './notification-request.js'
import type { ProviderKey } from './provider-keys.js'
import { inferredPushType, PUSH_TYPES, type PushType, topicSuffix } from './push-types.js'
import type { Refusal } from './refusal.js'
import type { Topics } from './topics.js'

export const PRIORITIES: ReadonlySet<string> = new Set(['10', '5', '1'])
const DEFAULT_PRIORITY = '10'
const LOWEST_PRIORITY = '1'
const COLLAPSE_ID_BYTES = 64
/** Seconds since 1970 fitted 32 bits in the retired protocol; a larger number is milliseconds by mistake. */
const LATEST_EXPIRATION = 0xffff_ffff

const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const HEX_BYTES = /^(?:[0-9a-f]{2})+$/i
const CAPITALS = /[A-F]/

/** Who sent a request: the holder of a provider key or of a client certificate. */
export type Authenticated =
  | {
      readonly kind: 'token'
      readonly key: ProviderKey
      /** `Topics.version` at the first push of its connection. */
      readonly topicsVersion: number
    }
  | { readonly kind: 'certificate'; readonly certificate: PresentedCertificate }

/** What checks depend on besides the request. */
export interface CheckContext {
  readonly topics: Topics
  readonly doubts: Doubts
}

/** Method, path and headers as such: what comes before authentication. */
export function refuseRequest(request: NotificationRequest): Refusal | undefined {
  if (request.method !== 'POST') return { status: 405, reason: 'MethodNotAllowed' }
  if (!`${request.path}/`.startsWith(DEVICE_PATH)) return { status: 404, reason: 'BadPath' }
  if (request.hasDuplicates) return bad('DuplicateHeaders')
  return undefined
}

/** Everything about the notification itself: what comes after authentication. Returns its push type, or what is wrong. */
export function checkNotification(
  request: NotificationRequest,
  payloadBytes: number,
  sender: Authenticated,
  context: CheckContext,
): PushType | Refusal {
  const { headers } = request
  const { topics, doubts } = context
  const topic = headers.get('apns-topic') ?? impliedTopic(sender)
  if (topic === undefined) return bad('MissingTopic')
  if (!TOPIC.test(topic)) return bad('BadTopic')
  const suffix = topics.areListed && topics.has(topic) ? '' : topicSuffix(topic)
  const type = refuseTopic(topic, suffix, sender, context) ?? pushTypeOf(headers, suffix, doubts)
  if (isRefusal(type)) return type
  if (sender.kind === 'certificate' && doubts.tokenOnlyTypes.includes(type.name))
    return bad('TopicDisallowed')
  return (
    refuseDetails(headers, type, doubts) ??
    refusePayload(payloadBytes, type) ??
    refuseToken(request.path, doubts) ??
    type
  )
}

/** Whether this is the answer of a check, and not what the check was for. */
export function isRefusal(value: object): value is Refusal {
  return 'reason' in value
}

/** With a certificate for one topic, APNs knows the topic without being told. */
function impliedTopic(sender: Authenticated): string | undefined {
  if (sender.kind === 'token' || sender.certificate.topics.size > 1) return undefined
  return sender.certificate.subjectTopic
}

/** Whether the sender may push to the topic. */
function refuseTopic(
  topic: string,
  suffix: string,
  sender: Authenticated,
  { topics, doubts }: CheckContext,
): Refusal | undefined {
  if (sender.kind === 'certificate') {
    return sender.certificate.topics.has(topic) ? undefined : bad('TopicDisallowed')
  }
  const bundleId = topic.slice(0, topic.length - suffix.length)
  if (!topics.has(bundleId)) return bad('TopicDisallowed')
  if (topics.isNewTo(bundleId, sender)) return denied(doubts.addedTopic)
  return sender.key.topics?.has(bundleId) === false ? denied(doubts.unassociatedTopic) : undefined
}

/** A reason that is in doubt, with the status that Apple's pages give it. */
function denied(reason: Doubts['addedTopic'] | Doubts['unassociatedTopic']): Refusal {
  const isForbidden = reason === 'Forbidden' || reason === 'InvalidProviderToken'
  return { status: isForbidden ? 403 : 400, reason }
}

function pushTypeOf(
  headers: ReadonlyMap<string, string>,
  suffix: string,
  { missingPushType }: Doubts,
): PushType | Refusal {
  const name = headers.get('apns-push-type')
  if (name === undefined) return missingPushType === 'infer' ? inferredPushType(suffix) : bad(missingPushType)
  const type = PUSH_TYPES.get(name)
  return type === undefined || type.suffix !== suffix ? bad('InvalidPushType') : type
}

function refuseDetails(
  headers: ReadonlyMap<string, string>,
  type: PushType,
  doubts: Doubts,
): Refusal | undefined {
  const priority = headers.get('apns-priority') ?? DEFAULT_PRIORITY
  if (!PRIORITIES.has(priority) || !takesPriority(type, priority, doubts)) return bad('BadPriority')
  const expiration = headers.get('apns-expiration')
  if (expiration !== undefined && !isExpiration(expiration)) return bad('BadExpirationDate')
  const id = headers.get('apns-id')
  if (id !== undefined && !isRequestId(id, doubts)) return bad('BadMessageId')
  // Node decodes header values as Latin-1, so the string's length is the number of bytes sent.
  if ((headers.get('apns-collapse-id')?.length ?? 0) > COLLAPSE_ID_BYTES) return bad('BadCollapseId')
  return undefined
}

function takesPriority({ name, priorities }: PushType, priority: string, doubts: Doubts): boolean {
  if (priorities === undefined || priorities.has(priority)) return true
  if (name !== 'background') return doubts.lowestPriority === 'accept'
  return priority !== LOWEST_PRIORITY && doubts.backgroundAtPriority10 === 'accept'
}

/** Whether it is a time in seconds. */
export function isExpiration(value: string): boolean {
  return /^\d+$/.test(value) && Number(value) <= LATEST_EXPIRATION
}

function refusePayload(payloadBytes: number, type: PushType): Refusal | undefined {
  if (payloadBytes === 0) return bad('PayloadEmpty')
  if (payloadBytes > type.payloadBytes) return { status: 413, reason: 'PayloadTooLarge' }
  return undefined
}

function refuseToken(path: string, { longestToken, capitalTokens }: Doubts): Refusal | undefined {
  const token = path.slice(DEVICE_PATH.length)
  if (token === '') return bad('MissingDeviceToken')
  if (token.length > 2 * longestToken || !HEX_BYTES.test(token)) return bad('BadDeviceToken')
  return capitalTokens !== 'accept' && CAPITALS.test(token) ? bad('BadDeviceToken') : undefined
}

/** Whether it has the form of `apns-id` and `apns-request-id`. */
export function isRequestId(id: string, { capitalIds }: Doubts): boolean {
  return CANONICAL_UUID.test(capitalIds === 'accept' ? id.toLowerCase() : id)
}

export function bad(reason: string): Refusal {
  return { status: 400, reason }
}
