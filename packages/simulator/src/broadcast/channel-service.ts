import type { NotificationRequest } from '../notification-request.js'
import { type Arrival, NotificationRecord, type ReceivedNotification } from '../received.js'
import type { Refusal } from '../refusal.js'
import type { Answer } from '../reply.js'
import type { Service } from '../service.js'
import { bad } from '../validation.js'
import { type Apps, refuseApp, refuseChannelId, refuseIds, refusePushType, requestId } from './app-checks.js'
import type { ChannelRegistry, StoragePolicy } from './channel-registry.js'

export type ChannelOperation = 'create' | 'read' | 'delete' | 'list'

/** One request about channels that reached the simulator, and what became of it. `topic` is the bundle id. */
export interface ReceivedChannelRequest extends ReceivedNotification {
  /** Undefined when method and path are none of them. */
  readonly operation: ChannelOperation | undefined
  /** The app, as it was in the path. */
  readonly bundleId: string
  /** Which channel it is about; of one that was created, the new id. */
  readonly channelId: string | undefined
}

const PATH = /^\/1\/apps\/([A-Za-z0-9][A-Za-z0-9._-]*)\/(channels|all-channels)$/
const OPERATIONS: ReadonlyMap<string, ChannelOperation> = new Map([
  ['POST channels', 'create'],
  ['GET channels', 'read'],
  ['DELETE channels', 'delete'],
  ['GET all-channels', 'list'],
])
/** The wire's number for each policy. */
const POLICIES: readonly StoragePolicy[] = ['none', 'latest']
const PUSH_TYPE = 'LiveActivity'
const ATTRIBUTES: ReadonlySet<string> = new Set(['message-storage-policy', 'push-type'])

export class ChannelRequestRecord extends NotificationRecord implements ReceivedChannelRequest {
  readonly operation: ChannelOperation | undefined
  readonly bundleId: string
  channelId: string | undefined
  override readonly token: string
  override readonly topic: string
  override readonly id: string | undefined

  constructor(request: NotificationRequest, body: Buffer, arrival: Arrival) {
    super(request, body, arrival)
    const [, bundleId = '', resource = ''] = PATH.exec(request.path) ?? []
    this.operation = OPERATIONS.get(`${request.method} ${resource}`)
    this.bundleId = bundleId
    this.channelId = request.headers.get('apns-channel-id')
    this.token = this.channelId ?? ''
    this.topic = bundleId
    this.id = requestId(request.headers)
  }
}

/** Apple, "Sending channel management requests to APNs". */
export function channelService(apps: Apps, channels: ChannelRegistry): Service {
  return {
    idHeader: 'apns-request-id',
    hasUniqueId: false,
    record: (request, body, arrival) => new ChannelRequestRecord(request, body, arrival),
    refuseRequest({ method, path, hasDuplicates }) {
      const resource = PATH.exec(path)?.[2]
      if (resource === undefined) return { status: 404, reason: 'BadPath' }
      if (!OPERATIONS.has(`${method} ${resource}`)) return { status: 405, reason: 'MethodNotAllowed' }
      return hasDuplicates ? bad('DuplicateHeaders') : undefined
    },
    refuse(request, record, sender) {
      const { operation, bundleId, channelId } = asChannelRequest(record)
      const refusal = refuseApp(bundleId, sender, apps) ?? refuseIds(request, apps)
      if (refusal !== undefined || operation === 'list') return refusal
      if (operation === 'create') return refuseNewChannel(record)
      const isGone = channels.find(bundleId, channelId ?? '') === undefined
      return refuseChannelId(channelId) ?? (isGone ? refuseGone(operation, apps) : undefined)
    },
    accept: (record) => perform(asChannelRequest(record), channels, apps),
  }
}

export function isChannelRequest(record: ReceivedNotification): record is ReceivedChannelRequest {
  return record instanceof ChannelRequestRecord
}

function asChannelRequest(record: NotificationRecord): ChannelRequestRecord {
  if (record instanceof ChannelRequestRecord) return record
  throw new TypeError('this is no request about channels')
}

/** There is no such channel. */
function refuseGone(operation: ChannelOperation | undefined, { doubts }: Apps): Refusal {
  const isNoPath = operation === 'delete' && doubts.goneChannel === 'BadPath'
  return isNoPath ? { status: 404, reason: 'BadPath' } : bad('ChannelNotRegistered')
}

function refuseNewChannel({ body, payload }: NotificationRecord): Refusal | undefined {
  if (body.length === 0) return bad('PayloadEmpty')
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload))
    return bad('BadRequestPayload')
  if (Object.keys(payload).some((name) => !ATTRIBUTES.has(name))) return bad('BadRequestParams')
  const { 'push-type': pushType } = payload as Readonly<Record<string, unknown>>
  const refusal = refusePushType(pushType)
  if (refusal !== undefined) return refusal
  return policyIn(payload) === undefined ? bad('BadRequestParams') : undefined
}

/** The policy in a body, as it is on the wire: 0 or 1. */
function policyIn(payload: unknown): StoragePolicy | undefined {
  const { 'message-storage-policy': policy } = payload as Readonly<Record<string, unknown>>
  return typeof policy === 'number' ? POLICIES[policy] : undefined
}

/** Carries out a request that was fine when it came; by now the channel may be gone, or the last place taken. */
function perform(request: ChannelRequestRecord, channels: ChannelRegistry, apps: Apps): Answer {
  const { operation, bundleId, channelId = '' } = request
  switch (operation) {
    case 'create': {
      const channel = channels.add(bundleId, policyIn(request.payload) ?? 'none')
      if (channel === undefined) return bad('CannotCreateChannelConfig')
      request.channelId = channel.id
      return { status: 201, headers: { 'apns-channel-id': channel.id } }
    }
    case 'read': {
      const channel = channels.find(bundleId, channelId)
      if (channel === undefined) return refuseGone(operation, apps)
      const policy = POLICIES.indexOf(channel.storagePolicy)
      return json({ 'message-storage-policy': policy, 'push-type': PUSH_TYPE })
    }
    case 'delete':
      return channels.delete(bundleId, channelId) ? { status: 204 } : refuseGone(operation, apps)
    case 'list':
    case undefined:
      return json({ channels: channels.idsOf(bundleId) })
    default:
      return operation satisfies never
  }
}

function json(value: object): Answer {
  return { status: 200, body: JSON.stringify(value) }
}
