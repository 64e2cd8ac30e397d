import { ApnsIdSeries, type ApnsIds, givenIds } from './apns-id.js'
import {
  checkedAmbiguous,
  checkedApnsId,
  checkedCollapseId,
  checkedPriority,
  checkedTopic,
  checkPriorityFits,
  checkSize,
  fittingTopic,
  resolvePushType,
  unixSeconds,
} from './message-checks.js'
import { Notification } from './notification.js'
import { checkIsObject, encodePayload, encodeUnchecked } from './payload/encode.js'
import type { PushType } from './push-type.js'
import { TokenList } from './token-list.js'

export interface MessageOptions {
  /**
   * When the notification is of no use any more: a Date, or Unix **seconds**. 0 means one attempt by Apple and no
   * storage; left out, Apple's own policy applies (up to 30 days). Nothing is sent or re-sent after it.
   */
  readonly expiration?: Date | number | undefined
  /** 10 at once (Apple's default), 5 with regard to the battery, 1 battery first. Background pushes are sent with 5 by default. */
  readonly priority?: number | undefined
  /** The app's bundle id; the suffix of the push type is added where it is not there. Default: the manager's topic. */
  readonly topic?: string | undefined
  /**
   * Default: told from the topic's suffix; otherwise from the payload where it leaves no doubt (`background` for a silent
   * one, `liveactivity`, `mdm`, `fileprovider`, `pushtotalk`); otherwise `alert`. `message.pushType` says which it is.
   */
  readonly pushType?: PushType | undefined
  /** Notifications with the same id replace one another on the device. At most 64 bytes. */
  readonly collapseId?: string | undefined
  /**
   * The `apns-id` of its requests: a UUID of the caller's own, sent in lower case. Default: a new one for each
   * notification. A message to several devices would have it several times.
   */
  readonly apnsId?: string | undefined
  /** For what is sent again by another process: the ids that its notifications had, instead of `apnsId`. Default: new ones. */
  readonly apnsIds?: ApnsIds | undefined
  /**
   * What to do with a notification whose fate is unknown because the connection was lost before the answer:
   * `resend` (the default: at least once, with the same apns-id) or `drop` it and report it as unknown (at most once).
   */
  readonly ambiguous?: 'resend' | 'drop' | undefined
  /**
   * Sends a payload whose keys are not what Apple's pages say they are: something new, or something that has always worked.
   * It has to be a JSON object, and within the size limit, all the same. Default: false.
   */
  readonly unchecked?: boolean | undefined
}

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
  /** @internal Whether the caller named the push type; otherwise its own topic, or the payload, told it. */
  readonly typeIsNamed: boolean
  readonly collapseId: string | undefined
  /** The caller's own `apns-id`, in lower case; undefined where each notification has its own. */
  readonly apnsId: string | undefined
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
  /** @internal For each token, the number in its notification's id, where it is not the ident. */
  readonly idNumbers: Uint32Array | undefined
  /** @internal */
  readonly tokenList: TokenList

  /**
   * @param tokens hex-encoded device tokens; an empty list is allowed, and done at once
   * @param payload a JSON object: `aps`, and whatever the app wants besides
   * @throws {MessageError} with a `code`, and in words what is wrong and where
   */
  constructor(tokens: Iterable<string>, payload: object, options: MessageOptions = {}) {
    this.tokenList = TokenList.from(tokens)
    checkIsObject(payload)
    const topic = checkedTopic(options.topic)
    this.typeIsNamed = options.pushType !== undefined && options.pushType !== null
    this.pushType = resolvePushType(options.pushType, topic, payload)
    this.topic = fittingTopic(topic, this.pushType, this.typeIsNamed)
    this.payloadText =
      options.unchecked === true ? encodeUnchecked(payload) : encodePayload(payload, this.pushType)
    this.payloadBytes = Buffer.byteLength(this.payloadText)
    this.expiration = unixSeconds(options.expiration)
    this.priority = checkedPriority(options.priority)
    this.collapseId = checkedCollapseId(options.collapseId)
    this.apnsId = checkedApnsId(options.apnsId)
    this.ambiguous = checkedAmbiguous(options.ambiguous)
    const given = givenIds(options, this.tokenList.length)
    this.idSeries = given?.series ?? ApnsIdSeries.current()
    this.idNumber = given?.number ?? this.idSeries.takeNumber()
    this.idNumbers = given?.numbers
    checkPriorityFits(options.pushType, this.priority)
    this.checkSize()
  }

  /** @internal Whether it is for a channel, and not for devices. */
  get isBroadcast(): boolean {
    return false
  }

  /** @internal After when it is not sent, or sent again, any more: Unix seconds; at 0, not after a delay. */
  get sendBy(): number | undefined {
    return this.expiration
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

  /**
   * The first 28 characters of each of its notifications' apns-id: random, and unlike every other message's. Of no
   * meaning where the message has an `apnsId` of the caller's.
   */
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
  protected checkSize(): void {
    checkSize(this.pushType, this.payloadBytes)
  }

  /** @internal */
  notification(index: number, ident: number | undefined): Notification {
    return new Notification(this, this.tokenList, ident, index)
  }
}
