/** The request that a message to devices would be: to one of them. */
import { PUSH_TYPES } from '../push-type.js'
import type { ExplainedRequest, Facts, RequestTarget } from './facts.js'
import { givenFields } from './given-fields.js'

export function deviceRequest(facts: Facts, target: RequestTarget): ExplainedRequest {
  const { pushType, expiration, collapseId, apnsId } = facts
  const { defaultPriority, payloadBytes } = PUSH_TYPES[pushType]
  // As the backend writes them.
  const headers = givenFields([
    ['apns-push-type', pushType],
    ['authorization', target.credentials === 'token' ? 'bearer $JWT' : undefined],
    ['apns-topic', target.topic],
    ['apns-priority', (facts.priority ?? defaultPriority)?.toString()],
    ['apns-id', apnsId],
    ['apns-expiration', expiration?.toString()],
    ['apns-collapse-id', collapseId],
  ])
  return { target, path: '/3/device/$TOKEN', headers, payloadLimit: payloadBytes, channelId: undefined }
}
