/**
 * The checks of a notification in the order in which the simulator makes them. That authentication comes before
 * everything about the device is known of the service; the rest of the order is our choice.
 */
import type { PresentedCertificate } from './client-certificate.js'
import { DEVICE_PATH, type NotificationRequest } from './notification-request.js'
import type { ProviderKey } from './provider-keys.js'
import { inferredPushType, PUSH_TYPES, type PushType, topicSuffix } from './push-types.js'
import type { Refusal } from './refusal.js'

export const PRIORITIES: ReadonlySet<string> = new Set(['10', '5', '1'])
const DEFAULT_PRIORITY = '10'
const COLLAPSE_ID_BYTES = 64
/** Apple's device tokens had at most 100 bytes in the retired protocol; no newer limit is published. */
const DEVICE_TOKEN_DIGITS = 200
/** Seconds since 1970 fitted 32 bits in the retired protocol; a larger number is milliseconds by mistake. */
const LATEST_EXPIRATION = 0xffff_ffff

const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const HEX_BYTES = /^(?:[0-9a-f]{2})+$/i

/** Who sent a request: the holder of a provider key or of a client certificate. */
export type Authenticated =
  | { readonly kind: 'token'; readonly key: ProviderKey }
  | { readonly kind: 'certificate'; readonly certificate: PresentedCertificate }

/** Method, path and headers as such: what comes before authentication. */
export function refuseRequest(request: NotificationRequest): Refusal | undefined {
  if (request.method !== 'POST') return { status: 405, reason: 'MethodNotAllowed' }
  if (!`${request.path}/`.startsWith(DEVICE_PATH)) return { status: 404, reason: 'BadPath' }
  if (request.hasDuplicates) return bad('DuplicateHeaders')
  return undefined
}

/** Everything about the notification itself: what comes after authentication. */
export function refuseNotification(
  request: NotificationRequest,
  payloadBytes: number,
  sender: Authenticated,
  bundleIds: ReadonlySet<string> | undefined,
): Refusal | undefined {
  const { headers } = request
  const topic = headers.get('apns-topic') ?? impliedTopic(sender)
  if (topic === undefined) return bad('MissingTopic')
  if (!TOPIC.test(topic)) return bad('BadTopic')
  const suffix = bundleIds?.has(topic) === true ? '' : topicSuffix(topic)
  if (!mayPushTo(topic, suffix, sender, bundleIds)) return bad('TopicDisallowed')

  const typeName = headers.get('apns-push-type')
  const type = typeName === undefined ? inferredPushType(suffix) : PUSH_TYPES.get(typeName)
  if (type === undefined || type.suffix !== suffix) return bad('InvalidPushType')
  if (type.tokenOnly === true && sender.kind === 'certificate') return bad('TopicDisallowed')

  return refuseDetails(headers, type) ?? refusePayload(payloadBytes, type) ?? refuseToken(request.path)
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

function mayPushTo(
  topic: string,
  suffix: string,
  sender: Authenticated,
  bundleIds: ReadonlySet<string> | undefined,
): boolean {
  if (sender.kind === 'certificate') return sender.certificate.topics.has(topic)
  const bundleId = topic.slice(0, topic.length - suffix.length)
  return (bundleIds?.has(bundleId) ?? true) && (sender.key.topics?.has(bundleId) ?? true)
}

function refuseDetails(headers: ReadonlyMap<string, string>, type: PushType): Refusal | undefined {
  const priority = headers.get('apns-priority') ?? DEFAULT_PRIORITY
  if (!PRIORITIES.has(priority)) return bad('BadPriority')
  if (type.onlyPriority !== undefined && type.onlyPriority !== priority) return bad('BadPriority')
  const expiration = headers.get('apns-expiration')
  if (expiration !== undefined && !isExpiration(expiration)) return bad('BadExpirationDate')
  const id = headers.get('apns-id')
  if (id !== undefined && !isCanonicalUuid(id)) return bad('BadMessageId')
  // Node decodes header values as Latin-1, so the string's length is the number of bytes sent.
  if ((headers.get('apns-collapse-id')?.length ?? 0) > COLLAPSE_ID_BYTES) return bad('BadCollapseId')
  return undefined
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

function refuseToken(path: string): Refusal | undefined {
  const token = path.slice(DEVICE_PATH.length)
  if (token === '') return bad('MissingDeviceToken')
  if (token.length > DEVICE_TOKEN_DIGITS || !HEX_BYTES.test(token)) return bad('BadDeviceToken')
  return undefined
}

export function isCanonicalUuid(id: string): boolean {
  return CANONICAL_UUID.test(id)
}

export function bad(reason: string): Refusal {
  return { status: 400, reason }
}
