import { describeValue } from '../describe-value.js'
import { Message, type MessageOptions } from '../message.js'
import { checkedTopic, unixSeconds } from '../message-checks.js'
import { MessageError } from '../message-error.js'
import { checkIsObject } from '../payload/encode.js'
import type { Priority } from '../push-type.js'
import { TokenList } from '../token-list.js'
import {
  type Channel,
  checkedBundleId,
  checkedChannelId,
  checkedStoragePolicy,
  type StoragePolicy,
} from './channel.js'

export interface BroadcastOptions extends Pick<MessageOptions, 'ambiguous' | 'apnsIds'> {
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

/** Source: Apple, "Sending broadcast push notification requests to APNs". */
const MAX_PAYLOAD_BYTES = 5120
const PRIORITIES: readonly unknown[] = [10, 5, 1]
const DEFAULT_PRIORITY = 10
/** How long Apple keeps a channel's latest broadcast at most. */
const STORAGE_SECONDS = 8 * 3600

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
  constructor(
    channel: string | (Pick<Channel, 'id'> & Partial<Channel>),
    payload: object,
    options: BroadcastOptions = {},
  ) {
    const { id, storagePolicy } = checkedChannel(channel)
    checkIsObject(payload)
    // First of all: what else a start needs is of no interest then.
    refuseStart(payload)
    super(TokenList.ofChannel(id), payload, {
      pushType: 'liveactivity',
      expiration: expirationFor(storagePolicy, options.expiration),
      ambiguous: options.ambiguous,
      apnsIds: options.apnsIds,
    })
    refuseStart(this.payload)
    this.channelId = id
    this.storagePolicy = storagePolicy
    this.priority = checkedPriority(options.priority)
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
    if (this.payloadBytes <= MAX_PAYLOAD_BYTES) return
    throw new MessageError(
      'PAYLOAD_TOO_LARGE',
      `payload has ${this.payloadBytes} bytes; a broadcast takes at most ${MAX_PAYLOAD_BYTES}`,
    )
  }
}

function checkedChannel(channel: unknown): { id: string; storagePolicy: StoragePolicy | undefined } {
  if (channel === null || typeof channel !== 'object')
    return { id: checkedChannelId(channel), storagePolicy: undefined }
  const { id, storagePolicy } = channel as { readonly [K in keyof Channel]?: unknown }
  return {
    id: checkedChannelId(id),
    storagePolicy: storagePolicy === undefined ? undefined : checkedStoragePolicy(storagePolicy),
  }
}

/** Apple refuses any but 0 for a channel that stores nothing (`BadExpirationDate`). */
function expirationFor(policy: StoragePolicy | undefined, given: BroadcastOptions['expiration']): number {
  const expiration = unixSeconds(given)
  if (policy === 'none') {
    if (expiration === undefined || expiration === 0) return 0
    throw new MessageError(
      'BAD_EXPIRATION',
      `expiration is ${expiration}, but this channel's storagePolicy is 'none': leave it out, or give 0`,
    )
  }
  if (expiration !== undefined) return expiration
  if (policy === 'latest') return Math.floor(Date.now() / 1000) + STORAGE_SECONDS
  throw new MessageError(
    'BAD_EXPIRATION',
    "there is no expiration: give the channel with its storagePolicy, as { id, storagePolicy }, or an expiration (0 where that is 'none')",
  )
}

/** Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications". */
function refuseStart(payload: object): void {
  const aps = 'aps' in payload ? payload.aps : undefined
  if (aps === null || typeof aps !== 'object' || !('event' in aps) || aps.event !== 'start') return
  throw new MessageError(
    'BAD_PAYLOAD',
    "payload.aps.event: is start; a channel only updates and ends Live Activities: start them by messages to the devices, with the channel's id as input-push-channel",
    { path: 'payload.aps.event' },
  )
}

function checkedPriority(priority: unknown): Priority {
  if (priority === undefined || priority === null) return DEFAULT_PRIORITY
  // The list has nothing else.
  if (PRIORITIES.includes(priority)) return priority as Priority
  throw new MessageError(
    'BAD_PRIORITY',
    `priority is ${describeValue(priority)}; a broadcast takes 10, 5 or 1`,
  )
}
