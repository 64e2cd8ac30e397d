import type { NotificationRequest } from './notification-request.js'
import { type Arrival, NotificationRecord } from './received.js'
import type { Refusal } from './refusal.js'
import { ACCEPTED, type Answer } from './reply.js'
import { type Authenticated, refuseNotification, refuseRequest } from './validation.js'

/** What one kind of request is about: how it is kept, checked and answered. */
export interface Service {
  /** The header that a request's id comes in, and goes back in. */
  readonly idHeader: 'apns-id' | 'apns-request-id'
  record(request: NotificationRequest, body: Buffer, arrival: Arrival): NotificationRecord
  /** What comes before authentication. */
  refuseRequest(request: NotificationRequest): Refusal | undefined
  /** What comes after it. */
  refuse(request: NotificationRequest, record: NotificationRecord, sender: Authenticated): Refusal | undefined
  /** Does what a request asks for that nothing is wrong with. */
  accept(record: NotificationRecord): Answer
}

/** Notifications to devices. `bundleIds`: those that exist; default all. */
export function notificationService(bundleIds: ReadonlySet<string> | undefined): Service {
  return {
    idHeader: 'apns-id',
    record: (request, body, arrival) => new NotificationRecord(request, body, arrival),
    refuseRequest,
    refuse: (request, { body }, sender) => refuseNotification(request, body.length, sender, bundleIds),
    accept: () => ACCEPTED,
  }
}
