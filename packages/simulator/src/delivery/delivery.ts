/**
 * What becomes of a push behind APNs, as far as Apple's pages tell: Live Activities whose tokens end, and pushes that were accepted
 * and would never be seen. But for Live Activities, the latter are looked for only where a journal is kept, since it takes a reading
 * of each payload.
 */
import type { ReceivedBroadcast } from '../broadcast/broadcast-service.js'
import type { Doubts } from '../doubts.js'
import type { NotificationRecord } from '../received.js'
import type { Refusal } from '../refusal.js'
import { WindowCounter } from '../window-counter.js'
import { Activities, type LiveActivityOptions } from './activities.js'
import { type ActivityUpdate, apsOf, readActivity } from './activity-faults.js'
import { Budgets, type DeliveryBudgets } from './delivery-budgets.js'
import { payloadFault } from './payload-faults.js'

/** How many notifications a device may get in a time. */
export interface DeviceLimit {
  readonly count: number
  /** Seconds. */
  readonly per: number
}

export interface DeliveryOptions {
  readonly liveActivities: LiveActivityOptions
  readonly deliveryBudgets: DeliveryBudgets
  readonly deviceLimit: DeviceLimit | undefined
  readonly doubts: Doubts
  readonly journal: object | undefined
}

export class Delivery {
  readonly #activities: Activities
  readonly #budgets: Budgets
  readonly #deviceLimit: WindowCounter | undefined
  readonly #isRemarked: boolean

  constructor(options: DeliveryOptions) {
    const { liveActivities, doubts, deliveryBudgets, deviceLimit, journal } = options
    this.#activities = new Activities(liveActivities, doubts)
    this.#budgets = new Budgets(deliveryBudgets)
    this.#deviceLimit = deviceLimit && new WindowCounter(deviceLimit.count, deviceLimit.per * 1000)
    this.#isRemarked = journal !== undefined
  }

  /** Why APNs does not take a push that is right in itself. */
  refuse({ token, at, type }: NotificationRecord): Refusal | undefined {
    if (this.#deviceLimit?.take(token.toLowerCase(), at) === false)
      return { status: 429, reason: 'TooManyRequests' }
    return type === 'liveactivity' ? this.#activities.refuse(token.toLowerCase(), at) : undefined
  }

  /** A push was accepted. `clock`: milliseconds since 1970. */
  accepted(record: NotificationRecord, clock: () => number): void {
    const { type } = record
    if (type === undefined || !(this.#isRemarked || type === 'liveactivity')) return
    const now = clock()
    if (type === 'liveactivity') record.wouldBeDropped = this.#updateActivity(record, now)
    else record.wouldBeDropped = payloadFault(type, record.payload)
    if (!this.#isRemarked || record.wouldBeDropped !== undefined) return
    const device = `${record.token.toLowerCase()} ${record.topic ?? ''}`
    if (!this.#budgets.take(type, device, record.priority, now))
      record.wouldBeDropped = `the device has had its budget of ${type} pushes`
  }

  /** A broadcast was accepted. */
  broadcast(record: NotificationRecord & ReceivedBroadcast): void {
    const update = readPayload(record.payload)
    record.wouldBeDropped =
      typeof update === 'string' ? update : this.#activities.broadcast(record.channelId, update)
  }

  endActivity(token: string, now: number): void {
    this.#activities.end(token.toLowerCase(), now)
  }

  #updateActivity({ token, payload }: NotificationRecord, now: number): string | undefined {
    const update = readPayload(payload)
    return typeof update === 'string' ? update : this.#activities.update(token.toLowerCase(), update, now)
  }
}

function readPayload(payload: unknown): ActivityUpdate | string {
  const aps = apsOf(payload)
  return aps === undefined ? '"aps" is missing' : readActivity(aps)
}
