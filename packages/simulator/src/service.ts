import type { Delivery } from './delivery/delivery.js'
import type { NotificationRequest } from './notification-request.js'
import { type Arrival, NotificationRecord } from './received.js'
import type { Refusal } from './refusal.js'
import { ACCEPTED, type Answer } from './reply.js'
import {
  type Authenticated,
  type CheckContext,
  checkNotification,
  isRefusal,
  refuseRequest,
} from './validation.js'

/** What one kind of request is about: how it is kept, checked and answered. */
export interface Service {
  /** The header that a request's id comes in, and goes back in. */
  readonly idHeader: 'apns-id' | 'apns-request-id'
  /** Whether the sandbox adds `apns-unique-id` to its answers. */
  readonly hasUniqueId: boolean
  record(request: NotificationRequest, body: Buffer, arrival: Arrival): NotificationRecord
  /** What comes before authentication. */
  refuseRequest(request: NotificationRequest): Refusal | undefined
  /** What comes after it. */
  refuse(request: NotificationRequest, record: NotificationRecord, sender: Authenticated): Refusal | undefined
  /** Does what a request asks for that nothing is wrong with. `now`: the clock, milliseconds since 1970. */
  accept(record: NotificationRecord, now: () => number): Answer
}

/** Notifications to devices. */
export function notificationService(context: CheckContext, delivery: Delivery): Service {
  return {
    idHeader: 'apns-id',
    hasUniqueId: true,
    record: (request, body, arrival) => new NotificationRecord(request, body, arrival),
    refuseRequest,
    refuse(request, record, sender) {
      const type = checkNotification(request, record.body.length, sender, context)
      if (isRefusal(type)) return type
      record.type = type.name
      return delivery.refuse(record)
    },
    accept(record, now) {
      delivery.accepted(record, now)
      return ACCEPTED
    },
  }
}
