import type { Delivery } from '../delivery/delivery.js'
import type { Doubts } from '../doubts.js'
import type { NotificationRequest } from '../notification-request.js'
import { type Arrival, NotificationRecord, type ReceivedNotification } from '../received.js'
import type { Refusal } from '../refusal.js'
import { ACCEPTED } from '../reply.js'
import type { Service } from '../service.js'
import { bad, isExpiration, PRIORITIES } from '../validation.js'
import { type Apps, refuseApp, refuseChannelId, refuseIds, refusePushType, requestId } from './app-checks.js'
import type { ChannelRegistry } from './channel-registry.js'

/** One broadcast that reached the simulator, and what became of it. Its `token` is the channel's id, `topic` the bundle id. */
export interface ReceivedBroadcast extends ReceivedNotification {
  /** `apns-channel-id`; empty when there was none. */
  readonly channelId: string
  /** The app, as it was in the path. */
  readonly bundleId: string
}

/** Path of every broadcast, in front of the bundle id. */
export const BROADCAST_PATH = '/4/broadcasts/apps/'
const PAYLOAD_BYTES = 5120
const BUNDLE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

export class BroadcastRecord extends NotificationRecord implements ReceivedBroadcast {
  readonly channelId: string
  readonly bundleId: string
  override readonly token: string
  override readonly topic: string
  override readonly id: string | undefined

  constructor(request: NotificationRequest, body: Buffer, arrival: Arrival) {
    super(request, body, arrival)
    this.channelId = request.headers.get('apns-channel-id') ?? ''
    this.bundleId = request.path.slice(BROADCAST_PATH.length)
    this.token = this.channelId
    this.topic = this.bundleId
    this.id = requestId(request.headers)
  }
}

/** Apple, "Sending broadcast push notification requests to APNs". */
export function broadcastService(apps: Apps, channels: ChannelRegistry, delivery: Delivery): Service {
  return {
    idHeader: 'apns-request-id',
    hasUniqueId: apps.doubts.broadcastUniqueId,
    record: (request, body, arrival) => new BroadcastRecord(request, body, arrival),
    refuseRequest({ method, path, hasDuplicates }) {
      if (method !== 'POST') return { status: 405, reason: 'MethodNotAllowed' }
      if (!BUNDLE_ID.test(path.slice(BROADCAST_PATH.length))) return { status: 404, reason: 'BadPath' }
      return hasDuplicates ? bad('DuplicateHeaders') : undefined
    },
    refuse(request, record, sender) {
      const bundleId = request.path.slice(BROADCAST_PATH.length)
      return (
        refuseApp(bundleId, sender, apps) ??
        refusePushType(request.headers.get('apns-push-type')) ??
        refuseDetails(request.headers, apps.doubts) ??
        refuseIds(request, apps) ??
        refuseChannel(bundleId, request.headers, channels) ??
        refusePayload(record)
      )
    },
    accept(record) {
      if (record instanceof BroadcastRecord) delivery.broadcast(record)
      return ACCEPTED
    },
  }
}

function refuseDetails(headers: ReadonlyMap<string, string>, doubts: Doubts): Refusal | undefined {
  const priority = headers.get('apns-priority')
  const isPriority =
    priority === undefined ? doubts.broadcastPriority === 'optional' : PRIORITIES.has(priority)
  if (!isPriority) return bad('BadPriority')
  const expiration = headers.get('apns-expiration')
  const isDate =
    expiration === undefined ? doubts.broadcastExpiration === 'optional' : isExpiration(expiration)
  return isDate ? undefined : bad('BadExpirationDate')
}

function refuseChannel(
  bundleId: string,
  headers: ReadonlyMap<string, string>,
  channels: ChannelRegistry,
): Refusal | undefined {
  const id = headers.get('apns-channel-id')
  const refusal = refuseChannelId(id)
  if (refusal !== undefined) return refusal
  const channel = channels.find(bundleId, id ?? '')
  if (channel === undefined) return bad('ChannelNotRegistered')
  const expiration = headers.get('apns-expiration') ?? '0'
  return channel.storagePolicy === 'none' && Number(expiration) !== 0 ? bad('BadExpirationDate') : undefined
}

function refusePayload({ body, payload }: NotificationRecord): Refusal | undefined {
  if (body.length === 0) return bad('PayloadEmpty')
  if (body.length > PAYLOAD_BYTES) return { status: 413, reason: 'PayloadTooLarge' }
  return payload === undefined ? bad('BadRequestPayload') : undefined
}
