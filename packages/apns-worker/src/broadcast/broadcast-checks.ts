/** What a broadcast has to be; each check gives the value as it is sent. */
import { describeValue } from '../describe-value.js'
import { unixSeconds } from '../message-checks.js'
import { MessageError } from '../message-error.js'
import type { Priority } from '../push-type.js'
import { type Channel, checkedChannelId, checkedStoragePolicy, type StoragePolicy } from './channel.js'

/** Source: Apple, "Sending broadcast push notification requests to APNs". */
export const MAX_BROADCAST_BYTES = 5120
const PRIORITIES: readonly unknown[] = [10, 5, 1]
const DEFAULT_PRIORITY = 10
/** How long Apple keeps a channel's latest broadcast at most. */
export const STORAGE_SECONDS: number = 8 * 3600

/** A channel's id and, where it is known, what the channel stores. */
export interface KnownChannel {
  readonly id: string
  readonly storagePolicy: StoragePolicy | undefined
}

export function checkedChannel(channel: unknown): KnownChannel {
  if (channel === null || typeof channel !== 'object')
    return { id: checkedChannelId(channel), storagePolicy: undefined }
  const { id, storagePolicy } = channel as { readonly [K in keyof Channel]?: unknown }
  return {
    id: checkedChannelId(id),
    storagePolicy: storagePolicy === undefined ? undefined : checkedStoragePolicy(storagePolicy),
  }
}

/** Apple refuses any but 0 for a channel that stores nothing (`BadExpirationDate`). */
export function expirationFor(policy: StoragePolicy | undefined, given: unknown, nowSeconds: number): number {
  const expiration = unixSeconds(given)
  if (policy === 'none') {
    if (expiration === undefined || expiration === 0) return 0
    throw new MessageError(
      'BAD_EXPIRATION',
      `expiration is ${expiration}, but this channel's storagePolicy is 'none': leave it out, or give 0`,
    )
  }
  if (expiration !== undefined) return expiration
  if (policy === 'latest') return Math.floor(nowSeconds) + STORAGE_SECONDS
  throw new MessageError(
    'BAD_EXPIRATION',
    "there is no expiration: give the channel with its storagePolicy, as { id, storagePolicy }, or an expiration (0 where that is 'none')",
  )
}

export function isStart(payload: object): boolean {
  const aps = 'aps' in payload ? payload.aps : undefined
  return aps !== null && typeof aps === 'object' && 'event' in aps && aps.event === 'start'
}

/** Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications". */
export function refuseStart(payload: object): void {
  if (!isStart(payload)) return
  throw new MessageError(
    'BAD_PAYLOAD',
    "payload.aps.event: is start; a channel only updates and ends Live Activities: start them by messages to the devices, with the channel's id as input-push-channel",
    { path: 'payload.aps.event' },
  )
}

export function checkedBroadcastPriority(priority: unknown): Priority {
  if (priority === undefined || priority === null) return DEFAULT_PRIORITY
  // The list has nothing else.
  if (PRIORITIES.includes(priority)) return priority as Priority
  throw new MessageError(
    'BAD_PRIORITY',
    `priority is ${describeValue(priority)}; a broadcast takes 10, 5 or 1`,
  )
}

export function checkBroadcastSize(payloadBytes: number): void {
  if (payloadBytes <= MAX_BROADCAST_BYTES) return
  throw new MessageError(
    'PAYLOAD_TOO_LARGE',
    `payload has ${payloadBytes} bytes; a broadcast takes at most ${MAX_BROADCAST_BYTES}`,
  )
}
