import { Message, type MessageOptions } from '../message.js'
import { checkedTopic, unixSeconds } from '../message-checks.js'
import { checkIsObject } from '../payload/encode.js'
import type { Priority } from '../push-type.js'
import { TokenList } from '../token-list.js'
import {
  checkBroadcastSize,
  checkedBroadcastPriority,
  checkedChannel,
  expirationFor,
  refuseStart,
} from './broadcast-checks.js'
import { type ChannelReference, checkedBundleId, type StoragePolicy } from './channel.js'

export interface BroadcastOptions extends Pick<MessageOptions, 'ambiguous' | 'apnsIds' | 'unchecked'> {
  /** The `apns-request-id` of its requests: a UUID of the caller's own, sent in lower case. Default: a new one. */
  readonly apnsId?: string | undefined
  /**
   * Until when Apple keeps it for devices that are not connected: a Date, or Unix **seconds**. 0 means one attempt and no
   * storage, which is all that a channel with the storage policy `none` takes. Default: 0 for such a channel, and eight
   * hours from now, Apple's limit, for one with `latest`.
   */
  readonly expiration?: Date | number | undefined
  /** 10 at once (the default), 5 with regard to the battery, 1 battery first. */
  readonly priority?: Priority | undefined
  /** The app's bundle id, without any suffix. Default: the manager's topic. */
  readonly topic?: string | undefined
  /**
   * After when it is not sent, or sent again, any more: a Date, or Unix **seconds**. Default: the expiration, where that is
   * a time; otherwise only the manager's `maxRetryTime` bounds it.
   */
  readonly sendBy?: Date | number | undefined
}

/**
 * An update, or the end, of a Live Activity, for all devices that listen to a channel. It is one notification, whose
 * `token` is the channel's id, and is sent by a manager with `BroadcastBackend`.
 */
export class BroadcastMessage extends Message {
  readonly channelId: string
  /** Undefined where the channel was given as its id alone. */
  readonly storagePolicy: StoragePolicy | undefined
  declare readonly expiration: number
  override readonly priority: Priority
  /** The app's bundle id. */
  override readonly topic: string | undefined
  readonly #sendBy: number | undefined

  /**
   * @param channel what `ChannelManager` gave; or a channel's id, along with an `expiration`
   * @param payload a `LiveActivityUpdate` or `LiveActivityEnd`, 5,120 bytes at most; a channel can not start an activity
   * @throws {MessageError}
   */
  constructor(channel: ChannelReference, payload: object, options: BroadcastOptions = {}) {
    const { id, storagePolicy } = checkedChannel(channel)
    checkIsObject(payload)
    // First of all: what else a start needs is of no interest then.
    refuseStart(payload)
    super(TokenList.ofChannel(id), payload, {
      pushType: 'liveactivity',
      expiration: expirationFor(storagePolicy, options.expiration, Date.now() / 1000),
      ambiguous: options.ambiguous,
      apnsIds: options.apnsIds,
      unchecked: options.unchecked,
      apnsId: options.apnsId,
    })
    refuseStart(this.payload)
    this.channelId = id
    this.storagePolicy = storagePolicy
    this.priority = checkedBroadcastPriority(options.priority)
    const topic = checkedTopic(options.topic)
    this.topic = topic === undefined ? undefined : checkedBundleId(topic)
    this.#sendBy = unixSeconds(options.sendBy, 'sendBy')
  }

  /** @internal */
  override get isBroadcast(): boolean {
    return true
  }

  /** After when it is not sent, or sent again, any more, in Unix seconds; undefined where only `maxRetryTime` bounds it. */
  override get sendBy(): number | undefined {
    return this.#sendBy ?? (this.expiration === 0 ? undefined : this.expiration)
  }

  /** @internal */
  protected override checkSize(): void {
    checkBroadcastSize(this.payloadBytes)
  }
}
