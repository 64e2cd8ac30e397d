import { ApnsIdSeries } from './apns-id.js'
import { describeValue } from './describe-value.js'
import { MessageError } from './message-error.js'
import { Notification } from './notification.js'
import { findUnencodable } from './payload.js'
import { isPushType, PUSH_TYPES, type PushType, pushTypeOfTopic } from './push-type.js'
import { TokenList } from './token-list.js'

export interface MessageOptions {
  /**
   * When the notification is of no use any more: a Date, or Unix **seconds**. 0 means one attempt by Apple and no
   * storage; left out, Apple's own policy applies (up to 30 days). Nothing is sent or re-sent after it.
   */
  readonly expiration?: Date | number | undefined
  /** 10 at once (Apple's default), 5 with regard to the battery, 1 battery first. Background pushes are sent with 5 by default. */
  readonly priority?: number | undefined
  /** The app's bundle id, with the suffix of the push type where it has one. Default: the manager's topic. */
  readonly topic?: string | undefined
  /** Default: told from the topic's suffix, or from the payload: `background` for a silent one, `mdm`, otherwise `alert`. */
  readonly pushType?: PushType | undefined
  /** Notifications with the same id replace one another on the device. At most 64 bytes. */
  readonly collapseId?: string | undefined
  /**
   * What to do with a notification whose fate is unknown because the connection was lost before the answer:
   * `resend` (the default: at least once, with the same apns-id) or `drop` it and report it as unknown (at most once).
   */
  readonly ambiguous?: 'resend' | 'drop' | undefined
}

/** Apple's limit, in bytes of UTF-8. */
const MAX_COLLAPSE_ID_BYTES = 64
const MAX_PRIORITY = 255
const MAX_UINT32 = 0xffff_ffff
/** How much of what is no payload an error shows. */
const SHOWN_CHARACTERS = 100

/**
 * One push notification, to be sent to any number of devices. Validated and encoded once, when it is made, and
 * immutable from then on: changing the objects that were passed in changes nothing.
 */
export class Message {
  /** Unix seconds. */
  readonly expiration: number | undefined
  readonly priority: number | undefined
  readonly topic: string | undefined
  readonly pushType: PushType
  readonly collapseId: string | undefined
  readonly ambiguous: 'resend' | 'drop'
  /** @internal The payload as it is sent. */
  readonly payloadText: string
  /** @internal How many bytes that is in UTF-8. */
  readonly payloadBytes: number
  #encodedPayload: Uint8Array | undefined
  /** @internal */
  readonly idSeries: ApnsIdSeries
  /** @internal Its number in the series. */
  readonly idNumber: number
  /** @internal */
  readonly tokenList: TokenList

  /**
   * @param tokens hex-encoded device tokens; an empty list is allowed, and done at once
   * @param payload a JSON object: `aps`, and whatever the app wants besides
   * @throws {MessageError} with a `code`, and in words what is wrong and where
   */
  constructor(tokens: Iterable<string>, payload: object, options: MessageOptions = {}) {
    this.tokenList = TokenList.from(tokens)
    this.payloadText = encodePayload(payload)
    this.payloadBytes = Buffer.byteLength(this.payloadText)
    this.expiration = unixSeconds(options.expiration)
    this.priority = checkedPriority(options.priority)
    this.topic = checkedTopic(options.topic)
    this.pushType = resolvePushType(options.pushType, this.topic, payload)
    this.collapseId = checkedCollapseId(options.collapseId)
    this.ambiguous = checkedAmbiguous(options.ambiguous)
    this.idSeries = ApnsIdSeries.current()
    this.idNumber = this.idSeries.takeNumber()
    checkTopicFits(this.pushType, options.pushType !== undefined, this.topic)
    checkPriorityFits(options.pushType, this.priority)
    checkSize(this.pushType, this.payloadBytes)
  }

  /** How many devices it is for. */
  get length(): number {
    return this.tokenList.length
  }

  /** The device tokens, hex-encoded in lower case; made anew at each call. */
  get tokens(): string[] {
    return [...this.tokenList]
  }

  /** A copy of the payload. */
  get payload(): Record<string, unknown> {
    // It was made from an object.
    return JSON.parse(this.payloadText) as Record<string, unknown>
  }

  /** The payload as it is sent: JSON in UTF-8. Not to be changed. */
  get encodedPayload(): Uint8Array {
    this.#encodedPayload ??= Buffer.from(this.payloadText)
    return this.#encodedPayload
  }

  /** The first 28 characters of each of its notifications' apns-id: random, and unlike every other message's. */
  get idPrefix(): string {
    return this.idSeries.prefix(this.idNumber)
  }

  /** Its notifications, one for each token, in order; each with the next of the idents, where these are given. */
  *notifications(idents?: Iterable<number>): Generator<Notification, void, undefined> {
    const supply = idents?.[Symbol.iterator]()
    for (let index = 0; index < this.length; index++) {
      const ident = supply?.next()
      if (ident?.done === true) return
      yield this.notification(index, ident?.value)
    }
  }

  /** @internal */
  notification(index: number, ident: number | undefined): Notification {
    return new Notification(this, this.tokenList, ident, index)
  }
}

function encodePayload(payload: unknown): string {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload)) {
    throw new MessageError('BAD_PAYLOAD', 'payload is not an object; give { aps: { … } }')
  }
  const found = findUnencodable(payload)
  if (found !== undefined) throw new MessageError('BAD_PAYLOAD', `payload${found.path}: ${found.problem}`)
  const text = jsonOf(payload)
  if (text?.startsWith('{') === true) return text
  // Such as a boxed number, or something whose toJSON() makes a text of it.
  throw new MessageError(
    'BAD_PAYLOAD',
    `payload is ${text?.slice(0, SHOWN_CHARACTERS) ?? 'nothing'} in JSON, and not an object`,
  )
}

/** Undefined where JSON has nothing for it; a boxed bigint is an error there, however deep it lies. */
function jsonOf(payload: object): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch (cause) {
    throw new MessageError('BAD_PAYLOAD', 'payload cannot be written as JSON', { cause })
  }
}

function unixSeconds(expiration: unknown): number | undefined {
  if (expiration === undefined || expiration === null) return undefined
  const seconds = expiration instanceof Date ? expiration.getTime() / 1000 : expiration
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new MessageError(
      'BAD_EXPIRATION',
      `expiration is neither a Date nor Unix seconds: ${describeValue(expiration)}`,
    )
  }
  if (seconds > MAX_UINT32) {
    throw new MessageError(
      'BAD_EXPIRATION',
      `expiration ${seconds} is after the year 2106; it is in seconds, not milliseconds`,
    )
  }
  return Math.floor(seconds)
}

function checkedPriority(priority: unknown): number | undefined {
  if (priority === undefined || priority === null) return undefined
  if (!Number.isInteger(priority) || (priority as number) < 0 || (priority as number) > MAX_PRIORITY) {
    throw new MessageError('BAD_PRIORITY', `priority is ${describeValue(priority)}; Apple takes 10, 5 and 1`)
  }
  // The check above leaves nothing but integers.
  return priority as number
}

/** What a topic may consist of, so that it can never break a header: bundle ids, and the UIDs of MDM certificates. */
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/

/** @internal */
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

function resolvePushType(given: unknown, topic: string | undefined, payload: object): PushType {
  if (given !== undefined && given !== null) {
    if (isPushType(given)) return given
    throw new MessageError(
      'BAD_PUSH_TYPE',
      `pushType is ${describeValue(given)}; it is one of ${Object.keys(PUSH_TYPES).join(', ')}`,
    )
  }
  return (topic === undefined ? undefined : pushTypeOfTopic(topic)) ?? pushTypeOfPayload(payload)
}

function pushTypeOfPayload(payload: object): PushType {
  if ('mdm' in payload) return 'mdm'
  const aps = 'aps' in payload ? payload.aps : undefined
  if (aps === null || typeof aps !== 'object') return 'alert'
  const silent = 'content-available' in aps && aps['content-available'] === 1
  const visible = 'alert' in aps || 'badge' in aps || 'sound' in aps
  return silent && !visible ? 'background' : 'alert'
}

function checkTopicFits(pushType: PushType, typeWasGiven: boolean, topic: string | undefined): void {
  if (topic === undefined || !typeWasGiven) return
  const { topicSuffix } = PUSH_TYPES[pushType]
  if (!topic.endsWith(topicSuffix) || topic === topicSuffix) {
    throw new MessageError(
      'BAD_TOPIC',
      `topic ${topic} does not fit push type ${pushType}; it has to end in ${topicSuffix}`,
    )
  }
  const other = pushTypeOfTopic(topic)
  if (topicSuffix === '' && other !== undefined) {
    throw new MessageError(
      'BAD_TOPIC',
      `topic ${topic} does not fit push type ${pushType}; its suffix belongs to ${other}`,
    )
  }
}

function checkPriorityFits(givenType: PushType | undefined, priority: number | undefined): void {
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

function checkSize(pushType: PushType, size: number): void {
  const { payloadBytes } = PUSH_TYPES[pushType]
  if (size > payloadBytes) {
    throw new MessageError(
      'PAYLOAD_TOO_LARGE',
      `payload has ${size} bytes; push type ${pushType} takes at most ${payloadBytes}`,
    )
  }
}

function checkedCollapseId(collapseId: unknown): string | undefined {
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

function checkedAmbiguous(ambiguous: unknown): 'resend' | 'drop' {
  if (ambiguous === undefined || ambiguous === 'resend') return 'resend'
  if (ambiguous === 'drop') return 'drop'
  throw new MessageError('BAD_OPTION', `ambiguous is ${describeValue(ambiguous)}; it is 'resend' or 'drop'`)
}
