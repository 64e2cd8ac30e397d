import type { ChannelError } from '../broadcast/channel-error.js'
import type { ApnsError } from '../error.js'
import type { Refusal } from './refusal.js'
import { failureOf, providerError, type ResponseFailure, type Responses, unsent } from './responses.js'

/** What Apple has said of a channel, or of all; after a broadcast, that it has it. */
export interface BroadcastResponse {
  bundleId: string
  'apns-request-id'?: string
  /** After `create`: the new one. */
  'apns-channel-id'?: string
  /** After `read`: 1 for a channel of which Apple keeps the latest broadcast, 0 for one without. */
  'message-storage-policy'?: number
  'push-type'?: string
  /** After `readAll`: the ids of all. */
  channels?: string[]
}

export interface BroadcastResponseFailure extends Omit<ResponseFailure, 'device' | 'apns-id'> {
  bundleId: string
  'apns-request-id'?: string
}

export type BroadcastResponses = Responses<BroadcastResponse, BroadcastResponseFailure>

/** What became of one notification. */
export type OneResponse =
  | { readonly success: BroadcastResponse }
  | { readonly failure: BroadcastResponseFailure }

export function responsesOf(responses: readonly OneResponse[]): BroadcastResponses {
  return {
    sent: responses.flatMap((each) => ('success' in each ? [each.success] : [])),
    failed: responses.flatMap((each) => ('failure' in each ? [each.failure] : [])),
  }
}

export function sentBroadcast(bundleId: string, requestId: string): BroadcastResponse {
  return { bundleId, 'apns-request-id': requestId }
}

export function failedBroadcast(
  bundleId: string,
  requestId: string,
  error: ApnsError,
): BroadcastResponseFailure {
  return { bundleId, 'apns-request-id': requestId, ...failureOf(error) }
}

/** Where it was not answered at all, there is no id, as there is none with node-apn. */
export function failedChannelRequest(bundleId: string, error: ChannelError): BroadcastResponseFailure {
  if (error.httpStatus === undefined) return { bundleId, error: providerError(error) }
  return { bundleId, 'apns-request-id': error.requestId, ...failureOf(error) }
}

export function unsentBroadcast(
  bundleId: string,
  requestId: string | undefined,
  why: Refusal | Error,
): BroadcastResponseFailure {
  return { bundleId, ...(requestId === undefined ? {} : { 'apns-request-id': requestId }), ...unsent(why) }
}
