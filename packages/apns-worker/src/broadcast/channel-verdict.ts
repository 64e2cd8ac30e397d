import { parseRetryAfter } from '../backend/http2/retry-after.js'
import { verdictOn } from '../backend/http2/verdict.js'
import type { RetryPolicy } from '../backend/retry-policy.js'
import type { Credentials } from '../credentials/credentials.js'
import { type Failure, localFailure } from '../error.js'
import type { ChannelCall, ChannelExchange } from './channel-call.js'
import type { ChannelErrorCode, ChannelErrorDetails, ChannelOperation } from './channel-error.js'

/** What happens to a call next; `reconnect`: over another connection than that of its last attempt. */
export type Next =
  | { readonly kind: 'succeed' }
  | { readonly kind: 'fail'; readonly code: ChannelErrorCode; readonly details: ChannelErrorDetails }
  | { readonly kind: 'again'; readonly delayMs: number; readonly reconnect: boolean }

/** Why there was no answer. */
export type Silence = 'ConnectionLost' | 'RequestReset' | 'RequestTimeout'

const SILENCE: Readonly<Record<Silence, string>> = {
  ConnectionLost: 'The connection was lost before there was an answer.',
  RequestReset: 'The server broke off the request, or its answer was malformed.',
  RequestTimeout: 'No answer came in time.',
}
const TRY_LATER = 'Try again later.'
const AFTER_DOUBT: Readonly<Record<ChannelOperation, string>> = {
  create: 'The channel may have been created all the same: see list(), and delete what is too many.',
  delete: 'The channel may have been deleted all the same: read() tells.',
  read: TRY_LATER,
  list: TRY_LATER,
}

/** Decides what an answer, or the lack of one, means for a call. */
export class ChannelVerdicts {
  readonly #policy: RetryPolicy
  readonly #credentials: Credentials

  constructor(policy: RetryPolicy, credentials: Credentials) {
    this.#policy = policy
    this.#credentials = credentials
  }

  answered(exchange: ChannelExchange): Next {
    const { call, status, responseBody, fields } = exchange
    if (status >= 200 && status < 300) return { kind: 'succeed' }
    const { kind, failure } = verdictOn(status, responseBody.toString('latin1'))
    switch (kind) {
      case 'refused':
        return isGone(call, failure) ? { kind: 'succeed' } : fail('refused', failure)
      case 'stop':
        return fail('configuration', failure)
      case 'renew':
        return this.#renew(exchange, failure)
      case 'reconnect':
        return this.#later(call, failure, 'promptly', true)
      case 'later':
        return this.#later(
          call,
          failure,
          parseRetryAfter(fields.get('retry-after'), Date.now()),
          failure.reason === 'Shutdown' || failure.reason === 'TooManyProviderTokenUpdates',
        )
      default:
        return kind satisfies never
    }
  }

  /** Its fate is unknown. */
  unanswered(call: ChannelCall, silence: Silence): Next {
    call.doubt = {
      reason: silence,
      description: SILENCE[silence],
      action: AFTER_DOUBT[call.request.operation],
    }
    return this.#again(call, 'promptly', false, fail('unreachable', call.doubt))
  }

  /**
   * Surely not processed.
   *
   * @param isPaced whether something else keeps it from being refused again and again in no time
   */
  unprocessed(call: ChannelCall, isPaced: boolean): Next {
    call.unprocessed++
    const delayMs = isPaced || call.unprocessed === 1 ? 0 : this.#policy.backOffMs(call.unprocessed - 1)
    return again(delayMs)
  }

  #renew({ call, providerToken }: ChannelExchange, failure: Failure): Next {
    if (this.#credentials.kind !== 'token' || providerToken === undefined) return fail('refused', failure)
    if (this.#credentials.tokens.expired(providerToken) === 'too-soon')
      return fail('configuration', localFailure('ClockSkew'))
    // A connection may not see its token change more than once in 20 minutes, so the new one starts on a new one.
    return this.#later(call, failure, 'promptly', true)
  }

  #later(call: ChannelCall, failure: Failure, wait: number | 'promptly', reconnect: boolean): Next {
    call.refusal = { ...failure, action: TRY_LATER }
    if (!isUndone(failure)) call.doubt = { ...failure, action: AFTER_DOUBT[call.request.operation] }
    return this.#again(call, wait, reconnect, fail('refused', call.refusal))
  }

  /** Another attempt, if it does no harm and there is time for it. */
  #again(call: ChannelCall, wait: number | 'promptly', reconnect: boolean, otherwise: Next): Next {
    call.attempts++
    const delayMs = this.#policy.delayMs(call.attempts, call.elapsedMs, call.leftMs, wait)
    const isHarmful = call.doubt !== undefined && !isRepeatable(call)
    return delayMs === undefined || isHarmful ? givenUp(call, otherwise) : again(delayMs, reconnect)
  }
}

/**
 * How a call ends that is not tried again.
 *
 * @param otherwise when nothing was ever heard of it
 */
export function givenUp({ request, doubt, refusal }: ChannelCall, otherwise: Next): Next {
  const isHarmless = request.operation === 'read' || request.operation === 'list'
  if (doubt !== undefined && !isHarmless) return fail('unknown', doubt)
  if (refusal !== undefined) return fail('refused', refusal)
  return doubt === undefined ? otherwise : fail('unreachable', doubt)
}

/** Whether doing it twice is as good as doing it once: each request to create makes one channel more. */
function isRepeatable({ request }: ChannelCall): boolean {
  return request.operation !== 'create'
}

/** Whether the server said that it did nothing. An internal error may come before a channel is made, or after it. */
function isUndone({ httpStatus = 0 }: Failure): boolean {
  return httpStatus < 500 || httpStatus === 503
}

/** What was to be deleted is not there: an earlier attempt, which was not answered, has done it. */
function isGone({ request, doubt }: ChannelCall, { reason, httpStatus }: Failure): boolean {
  if (request.operation !== 'delete' || doubt === undefined) return false
  return reason === 'ChannelNotRegistered' || httpStatus === 404
}

export function fail(
  code: ChannelErrorCode,
  { reason, description, action, httpStatus, cause }: ChannelErrorDetails,
): Next {
  return { kind: 'fail', code, details: { reason, description, action, httpStatus, cause } }
}

function again(delayMs: number, reconnect = false): Next {
  return { kind: 'again', delayMs, reconnect }
}
