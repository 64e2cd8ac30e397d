import type { MessageErrorCode } from 'apns-worker'
import type { OutboxErrorCode } from '../../outbox/outbox-error.js'

/** What is wrong, for programs. Those of the library and of the outbox are theirs. */
export type ProblemCode =
  | MessageErrorCode
  | Exclude<OutboxErrorCode, `STORE_${string}` | 'CLOSED'>
  | 'BAD_REQUEST'
  | 'MALFORMED_JSON'
  | 'BAD_PARAMETER'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'FOREIGN_ORIGIN'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'REQUEST_TIMEOUT'
  | 'TOO_LARGE'
  | 'URI_TOO_LONG'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'EXPECTATION_FAILED'
  | 'INVALID_REQUEST'
  | 'INVALID_LINE'
  | 'UNKNOWN_APP'
  | 'CHANNEL_NOT_FOUND'
  | 'CHANNEL_REFUSED'
  | 'CHANNEL_IN_DOUBT'
  | 'APPLE_UNREACHABLE'
  | 'TOO_MANY_WAITING'
  | 'HEADER_TOO_LARGE'
  | 'INTERNAL'
  | 'NOT_IMPLEMENTED'
  | 'STORE_FAILED'
  | 'STORE_IN_DOUBT'
  | 'SHUTTING_DOWN'

/**
 * Every code that a problem of the API can have, with its status, the summary that goes with it, and what to do about it in
 * general; each problem's own `detail` says it of the case at hand.
 */
export const PROBLEM_CODES: Readonly<
  Record<ProblemCode, readonly [status: number, title: string, advice: string]>
> = {
  BAD_REQUEST: [400, 'The request is not well-formed HTTP', 'Send what RFC 9112 asks for.'],
  MALFORMED_JSON: [
    400,
    'The body is not the JSON that is needed',
    'Send one JSON value, in UTF-8, each key once.',
  ],
  BAD_PARAMETER: [
    400,
    'A parameter or header field is wrong',
    'See `errors` for which, and the OpenAPI document.',
  ],
  UNAUTHORIZED: [401, 'An API key is needed', 'Send it as `Authorization: Bearer KEY`.'],
  FORBIDDEN: [403, 'The API key is not for this', 'Use a key that has the scope that `detail` names.'],
  FOREIGN_ORIGIN: [
    403,
    'Requests of other origins are refused',
    'Without API keys, only programs on this machine are served; configure API keys for anything else.',
  ],
  NOT_FOUND: [
    404,
    'There is no such thing',
    'Look the address and the id up; what is finished is removed after a time.',
  ],
  METHOD_NOT_ALLOWED: [
    405,
    'The resource does not have this method',
    'The field `Allow` has those that it has.',
  ],
  NOT_ACCEPTABLE: [
    406,
    'The answer has no form that is accepted',
    'Name a form that `detail` has in `Accept`.',
  ],
  REQUEST_TIMEOUT: [408, 'The request did not arrive in time', 'Send it again, faster.'],
  NOT_OPEN: [409, 'The message takes no more tokens', 'Open another message for them.'],
  WRONG_OFFSET: [409, 'The tokens do not begin where the message ends', 'Go on from `total`.'],
  TOO_LARGE: [
    413,
    'The request is too large',
    'Stream long lists of tokens to a message that was opened first.',
  ],
  URI_TOO_LONG: [414, 'The address is too long', 'Take an address from the OpenAPI document.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is of a type that is not read here', 'Send what `detail` names.'],
  EXPECTATION_FAILED: [417, 'The expectation cannot be met', 'Send no `Expect` but `100-continue`.'],
  INVALID_REQUEST: [422, 'The JSON is not what is asked for', 'See `errors`, and the OpenAPI document.'],
  INVALID_LINE: [
    422,
    'A line of the list is wrong',
    'Mend it, and go on from `total`: what is before it is stored.',
  ],
  UNKNOWN_APP: [422, 'There is no such app', 'Name an app that is configured; `GET /v1/apps` lists them.'],
  CHANNEL_NOT_FOUND: [
    404,
    'Apple has no such channel',
    'It was deleted, or belongs to another app or environment.',
  ],
  CHANNEL_REFUSED: [422, 'Apple refuses it', 'See `reason`, and what `detail` says to do about it.'],
  CHANNEL_IN_DOUBT: [
    502,
    'Apple did not answer',
    'The channel may have been made, or deleted: list the channels before you try again.',
  ],
  APPLE_UNREACHABLE: [503, 'Apple cannot be reached', 'Nothing was changed. Try again after `Retry-After`.'],
  IDEMPOTENCY_CONFLICT: [
    422,
    'The idempotency key was used for another request',
    'Use a new key for a new request.',
  ],
  BAD_TOKENS: [422, 'The tokens are wrong', 'Give a list of hex-encoded device tokens.'],
  BAD_TOKEN: [422, 'A device token is wrong', 'Tokens are hex-encoded bytes.'],
  BAD_PAYLOAD: [422, 'The payload is wrong', 'Apple would refuse it, or devices ignore it.'],
  PAYLOAD_TOO_LARGE: [422, 'The payload is too large', 'Apple takes 4096 bytes, 5120 for VoIP.'],
  BAD_EXPIRATION: [
    422,
    'The expiration is wrong',
    'Give Unix seconds, or an ISO 8601 date with its time zone.',
  ],
  BAD_PRIORITY: [422, 'The priority is wrong', 'Apple takes 10, 5 and 1, as the push type allows.'],
  BAD_PUSH_TYPE: [422, 'The push type is wrong', 'Name one of Apple’s push types.'],
  BAD_TOPIC: [422, 'The topic is wrong', 'It is the bundle id that the app’s credentials are for.'],
  BAD_COLLAPSE_ID: [422, 'The collapse id is wrong', 'It has 1 to 64 bytes.'],
  BAD_APNS_ID: [422, 'The apns-id is wrong', 'It is a UUID.'],
  BAD_CHANNEL: [422, 'The channel is wrong', 'It is what Apple answered when it was made.'],
  BAD_OPTION: [422, 'An option is wrong', 'See `detail`.'],
  WRONG_BACKEND: [422, 'The app cannot send this', 'Send it with an app whose manager is for it.'],
  BAD_ARGUMENT: [422, 'The store does not take this', 'See `detail`.'],
  OUTBOX_FULL: [429, 'The outbox is full', 'Try again after `Retry-After`.'],
  OVERLOADED: [429, 'Too many requests wait for the store', 'Try again after `Retry-After`.'],
  TOO_MANY_WAITING: [
    429,
    'Too many clients wait for dead tokens',
    'Try again after `Retry-After`, or ask without `wait`.',
  ],
  HEADER_TOO_LARGE: [431, 'The header is too large', 'Send fewer or shorter header fields.'],
  INTERNAL: [
    500,
    'The server made a mistake',
    'Its log says more. Whether it was stored is unknown: repeat it with its idempotency key.',
  ],
  NOT_IMPLEMENTED: [501, 'The server does not do this', 'It speaks HTTP/1.1, and is no proxy.'],
  STORE_FAILED: [
    503,
    'The store cannot be used',
    'Nothing was stored. Try again after `Retry-After`; the server’s log says more.',
  ],
  STORE_IN_DOUBT: [
    503,
    'The store has not answered',
    'Whether it was stored is not known. Try again after `Retry-After`, with the same `Idempotency-Key` or `offset`: then nothing is stored twice.',
  ],
  SHUTTING_DOWN: [503, 'The server is stopping', 'Nothing was stored. Try again after `Retry-After`.'],
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEM_CODES, code)
}

/** Where the code is explained: the problem's `type` (RFC 9457, section 3.1.1), relative to the API. */
export function typeOfProblem(code: ProblemCode): string {
  return `/v1/problems/${code}`
}
