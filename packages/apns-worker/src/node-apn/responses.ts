import type { Outcome } from '../delivery.js'
import type { ApnsError } from '../error.js'
import type { Refusal } from './refusal.js'

export interface ResponseSent {
  /** As it was given to `send`. */
  device: string
  'apns-id'?: string
  /** For the delivery log of Apple's console; the sandbox gives one. */
  'apns-unique-id'?: string
}

/** With `response`, Apple has refused it. With `error` alone, there was no answer, or none that was Apple's. */
export interface ResponseFailure {
  /** As it was given to `send`. */
  device: string
  'apns-id'?: string
  error?: Error
  /** The HTTP status. */
  status?: number
  response?: {
    /** Apple's word, such as `Unregistered`. */
    reason: string
    /** With 410: when Apple confirmed that the token was dead, in milliseconds since 1970. */
    timestamp?: number
  }
}

/** What `ApnsError` and `ChannelError` have in common. */
type RequestError = Error & Pick<ApnsError, 'reason' | 'httpStatus'> & Partial<Pick<ApnsError, 'timestamp'>>

export interface Responses<R, F> {
  sent: R[]
  failed: F[]
}

/** What went wrong between us and Apple. Its message begins as node-apn's does; `cause` says more. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
}

export function sentResponse(device: string, { apnsId, uniqueId }: Outcome): ResponseSent {
  return {
    device,
    ...(uniqueId === undefined ? {} : { 'apns-unique-id': uniqueId }),
    'apns-id': apnsId,
  }
}

export function failedResponse(device: string, apnsId: string, error: ApnsError): ResponseFailure {
  return { device, 'apns-id': apnsId, ...failureOf(error) }
}

/** What there is to say of a failure, whatever has failed. */
export function failureOf(error: RequestError): Pick<ResponseFailure, 'error' | 'status' | 'response'> {
  if (error.httpStatus === undefined) return { error: providerError(error) }
  const failure: ReturnType<typeof failureOf> = { status: error.httpStatus }
  // The answer of some proxy is none of Apple's.
  if (error.reason.startsWith('HTTP ')) return { ...failure, error: providerError(error) }
  failure.response = { reason: error.reason }
  if (error.timestamp !== undefined) failure.response.timestamp = error.timestamp.getTime()
  // With a 500, node-apn gives an error in place of the response; here there are both.
  if (error.httpStatus === 500) failure.error = providerError(error)
  return failure
}

/** For a notification that is not even sent. */
export function unsentResponse(device: string, why: Refusal | Error): ResponseFailure {
  return { device, ...unsent(why) }
}

/** Apple's answer is known, or there can be none. */
export function unsent(why: Refusal | Error): Pick<ResponseFailure, 'error' | 'status' | 'response'> {
  if (why instanceof Error) return { error: new ProviderError(why.message, { cause: why }) }
  return { status: why.status, response: { reason: why.reason } }
}

/** In the words that code for node-apn looks for, where it has such. */
export function providerError(error: RequestError): ProviderError {
  switch (error.reason) {
    case 'RequestTimeout':
      return new ProviderError(`apn write timeout: ${error.message}`, { cause: error })
    case 'RequestReset':
      return new ProviderError(`apn write aborted: ${error.message}`, { cause: error })
    default:
      return new ProviderError(`apn write failed: ${error.message}`, { cause: error })
  }
}
