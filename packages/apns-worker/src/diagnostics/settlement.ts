import { outcomeOf } from '../delivery.js'
import type { Failure } from '../error.js'
import type { Notification } from '../notification.js'
import { notificationSettled } from './channels.js'

/** Tells whoever subscribed that a notification's fate is known. */
export function publishSettled(
  manager: string,
  { apnsId }: Notification,
  failure: Failure | undefined,
): void {
  notificationSettled.publish({
    manager,
    apnsId,
    outcome: failure === undefined ? 'accepted' : outcomeOf(failure),
    // The gateway's error responses have a status and no reason.
    reason: failure?.reason || undefined,
    httpStatus: failure?.httpStatus,
  })
}
