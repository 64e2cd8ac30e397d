/** What the options of a message have to be; each check gives the value as it is sent. */
import { describeValue } from './describe-value.js'
import { isLiveActivityEvent } from './live-activity/rules.js'
import { MessageError } from './message-error.js'
import { LATEST_UNIX_SECONDS } from './payload/unix-time.js'
import { isPushType, PUSH_TYPES, type PushType, pushTypeOfTopic } from './push-type.js'

/** Apple's limit, in bytes of UTF-8. */
const MAX_COLLAPSE_ID_BYTES = 64
const MAX_PRIORITY = 255

export function unixSeconds(expiration: unknown, name = 'expiration'): number | undefined {
  if (expiration === undefined || expiration === null) return undefined
  const seconds = expiration instanceof Date ? expiration.getTime() / 1000 : expiration
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new MessageError(
      'BAD_EXPIRATION',
      `${name} is neither a Date nor Unix seconds: ${describeValue(expiration)}`,
    )
  }
  if (seconds > LATEST_UNIX_SECONDS) {
    throw new MessageError(
      'BAD_EXPIRATION',
      `${name} ${seconds} is after the year 2106; it is in seconds, not milliseconds`,
    )
  }
  return Math.floor(seconds)
}

export function checkedPriority(priority: unknown): number | undefined {
  if (priority === undefined || priority === null) return undefined
  if (!Number.isInteger(priority) || (priority as number) < 0 || (priority as number) > MAX_PRIORITY) {
    throw new MessageError('BAD_PRIORITY', `priority is ${describeValue(priority)}; Apple takes 10, 5 and 1`)
  }
  // The check above leaves nothing but integers.
  return priority as number
}

/** What a topic may consist of, so that it can never break a header: bundle ids, and the UIDs of MDM certificates. */
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

export function checkedTopic(topic: unknown): string | undefined {
  if (topic === undefined || topic === null) return undefined
  if (typeof topic !== 'string' || !TOPIC.test(topic)) {
    throw new MessageError(
      'BAD_TOPIC',
      `topic ${describeValue(topic)} is not a bundle id, such as com.example.app`,
    )
  }
  return topic
}

export function resolvePushType(given: unknown, topic: string | undefined, payload: object): PushType {
  if (given !== undefined && given !== null) {
    if (isPushType(given)) return given
    throw new MessageError(
      'BAD_PUSH_TYPE',
      `pushType is ${describeValue(given)}; it is one of ${Object.keys(PUSH_TYPES).join(', ')}`,
    )
  }
  return (topic === undefined ? undefined : pushTypeOfTopic(topic)) ?? pushTypeOfPayload(payload)
}

/** Only where the payload leaves no doubt; anything else is an alert, as it was before there were push types. */
function pushTypeOfPayload(payload: object): PushType {
  const aps = 'aps' in payload ? payload.aps : undefined
  if (aps === undefined) {
    if ('mdm' in payload) return 'mdm'
    return 'container-identifier' in payload ? 'fileprovider' : 'alert'
  }
  if (aps === null || typeof aps !== 'object') return 'alert'
  if ('event' in aps && isOfActivity(aps)) return 'liveactivity'
  if ('ptt-push-type' in aps) return 'pushtotalk'
  const silent = 'content-available' in aps && aps['content-available'] === 1
  const visible = 'alert' in aps || 'badge' in aps || 'sound' in aps
  return silent && !visible ? 'background' : 'alert'
}

/** A key of the app's own may be called `event`; not in such company. */
function isOfActivity(aps: { readonly event: unknown }): boolean {
  return 'content-state' in aps || ('timestamp' in aps && isLiveActivityEvent(aps.event))
}

/**
 * The topic with the push type's suffix, which is added to a bare bundle id.
 *
 * @throws {MessageError} `BAD_TOPIC` when it has the suffix of another push type than the one that was named
 */
export function fittingTopic(
  topic: string | undefined,
  pushType: PushType,
  typeWasNamed: boolean,
): string | undefined {
  if (topic === undefined) return undefined
  const { topicSuffix } = PUSH_TYPES[pushType]
  if (topicSuffix !== '' && topic.endsWith(topicSuffix)) return topic
  const other = typeWasNamed ? pushTypeOfTopic(topic) : undefined
  if (other !== undefined) {
    throw new MessageError(
      'BAD_TOPIC',
      `topic ${topic} does not fit push type ${pushType}; its suffix belongs to ${other} (should the bundle id itself end so, make it the manager's topic)`,
    )
  }
  return topic + topicSuffix
}

/**
 * A push type that was told from the payload, and a manager's topic that says otherwise: what is of the wrong type is
 * refused, or lost without a word, so one of the two has to be made clear.
 *
 * @param other the push type of the topic's suffix
 * @throws {MessageError} `BAD_TOPIC`
 */
export function checkGuess(
  message: { readonly topic: string | undefined; readonly pushType: PushType; readonly typeIsNamed: boolean },
  managerTopic: string,
  other: PushType,
): void {
  const { topic, pushType, typeIsNamed } = message
  if (topic !== undefined || typeIsNamed || pushType === other) return
  throw new MessageError(
    'BAD_TOPIC',
    `topic ${managerTopic}, the manager's, has the suffix of push type ${other}, and the message names no pushType, but looks like ${pushType}: name it (should the bundle id itself end so, too), or give the manager the bundle id alone`,
  )
}

export function checkPriorityFits(givenType: PushType | undefined, priority: number | undefined): void {
  // Only where the type was named: a guess must not refuse what the original library's callers always sent.
  if (givenType === undefined || givenType === null || priority === undefined) return
  const { priorities } = PUSH_TYPES[givenType]
  if (!priorities.some((allowed) => allowed === priority)) {
    throw new MessageError(
      'BAD_PRIORITY',
      `priority ${priority} does not fit push type ${givenType}; it takes ${priorities.join(', ')}`,
    )
  }
}

export function checkSize(pushType: PushType, size: number): void {
  const { payloadBytes } = PUSH_TYPES[pushType]
  if (size > payloadBytes) {
    throw new MessageError(
      'PAYLOAD_TOO_LARGE',
      `payload has ${size} bytes; push type ${pushType} takes at most ${payloadBytes}`,
    )
  }
}

export function checkedCollapseId(collapseId: unknown): string | undefined {
  if (collapseId === undefined || collapseId === null) return undefined
  if (typeof collapseId !== 'string' || collapseId === '') {
    throw new MessageError('BAD_COLLAPSE_ID', 'collapseId is not a string of 1 to 64 bytes')
  }
  const size = Buffer.byteLength(collapseId)
  if (size > MAX_COLLAPSE_ID_BYTES) {
    throw new MessageError(
      'BAD_COLLAPSE_ID',
      `collapseId has ${size} bytes (UTF-8); at most ${MAX_COLLAPSE_ID_BYTES} are allowed`,
    )
  }
  // RFC 9113, section 8.2.1: these would make the request malformed.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\u0000-\u001f\u007f]|^ | $/.test(collapseId)) {
    throw new MessageError(
      'BAD_COLLAPSE_ID',
      'collapseId has control characters, or a space at its start or end',
    )
  }
  return collapseId
}

/** Canonical form: 8, 4, 4, 4 and 12 hexadecimal digits (RFC 9562, section 4). */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function checkedApnsId(apnsId: unknown): string | undefined {
  if (apnsId === undefined || apnsId === null) return undefined
  const id = typeof apnsId === 'string' ? apnsId.toLowerCase() : ''
  if (UUID.test(id)) return id
  throw new MessageError('BAD_APNS_ID', `apnsId ${describeValue(apnsId)} is not a UUID in its canonical form`)
}

export function checkedAmbiguous(ambiguous: unknown): 'resend' | 'drop' {
  if (ambiguous === undefined || ambiguous === 'resend') return 'resend'
  if (ambiguous === 'drop') return 'drop'
  throw new MessageError('BAD_OPTION', `ambiguous is ${describeValue(ambiguous)}; it is 'resend' or 'drop'`)
}
