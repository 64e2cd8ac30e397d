import { MessageError } from 'apns-worker'
import { OutboxError, type OutboxErrorCode } from '../../outbox/outbox-error.js'
import { ApiProblem, pointerStep } from './api-problem.js'

/** Long enough for a few thousand notifications to have gone, or for a disk to have been seen to. */
export const RETRY_AFTER_SECONDS = 5
const LATER: Readonly<Record<string, string>> = { 'retry-after': String(RETRY_AFTER_SECONDS) }

const JSON_ONLY = ['application/json']

/**
 * What any error is to a caller. What nobody has foreseen is `INTERNAL`, and says nothing of the inside.
 *
 * @param types what the route reads
 */
export function problemOf(error: unknown, types: readonly string[] = JSON_ONLY): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof OutboxError) return problemOfStore(error)
  if (error instanceof MessageError) return problemOfMessage(error)
  return problemOfFramework(error, types) ?? internal(error)
}

function problemOfStore(error: OutboxError): ApiProblem {
  const { code, message, total, cause } = error
  switch (code) {
    case 'NOT_FOUND':
    case 'NOT_OPEN':
    case 'BAD_ARGUMENT':
    case 'IDEMPOTENCY_CONFLICT':
      return new ApiProblem(code, message, { cause })
    case 'WRONG_OFFSET':
      return new ApiProblem(code, message, { cause, ...(total === undefined ? {} : { members: { total } }) })
    case 'OUTBOX_FULL':
    case 'OVERLOADED':
      return new ApiProblem(code, message, { cause, headers: LATER })
    case 'CLOSED':
      return new ApiProblem('SHUTTING_DOWN', 'the server is stopping; nothing was stored', {
        cause: error,
        headers: LATER,
      })
    case 'STORE_IN_DOUBT':
      return new ApiProblem(code, 'the store has not answered; whether it was stored is not known', {
        cause: error,
        headers: LATER,
      })
    default:
      return new ApiProblem('STORE_FAILED', `${storeFault(code)}; nothing was stored`, {
        cause: error,
        headers: LATER,
      })
  }
}

/** Without the store's own words, which may have a path in them. */
function storeFault(code: Exclude<Extract<OutboxErrorCode, `STORE_${string}`>, 'STORE_IN_DOUBT'>): string {
  switch (code) {
    case 'STORE_BUSY':
      return 'another process holds the store'
    case 'STORE_FULL':
      return 'the disk is full, or the store as large as it may become'
    case 'STORE_READ_ONLY':
      return 'the store cannot be written to'
    case 'STORE_CORRUPT':
      return 'the store is damaged'
    case 'STORE_FOREIGN':
    case 'STORE_TOO_NEW':
    case 'STORE_UNAVAILABLE':
      return 'the store cannot be used'
    default:
      throw new Error(`no words for ${String(code satisfies never)}`)
  }
}

/** Its code is the problem's; where the library says where in the payload, so does the problem. */
export function problemOfMessage(error: MessageError): ApiProblem {
  const { code, message } = error
  return new ApiProblem(code, message, { errors: [{ pointer: pointerOf(error), detail: message }] })
}

const FIELD_OF_CODE: Readonly<Partial<Record<MessageError['code'], string>>> = {
  BAD_TOKENS: '/tokens',
  BAD_TOKEN: '/tokens',
  BAD_PAYLOAD: '/payload',
  PAYLOAD_TOO_LARGE: '/payload',
  BAD_EXPIRATION: '/expiration',
  BAD_PRIORITY: '/priority',
  BAD_PUSH_TYPE: '/pushType',
  BAD_TOPIC: '/topic',
  BAD_COLLAPSE_ID: '/collapseId',
}

function pointerOf({ code, path }: MessageError): string {
  return path === undefined ? (FIELD_OF_CODE[code] ?? '') : pointerOfPath(path)
}

/** `payload.aps.alert.loc-args[1]` as `/payload/aps/alert/loc-args/1`. */
export function pointerOfPath(path: string): string {
  const steps = path.match(/[^.[\]]+/g) ?? []
  return steps.map(pointerStep).join('')
}

/** What the framework itself throws, by its codes: https://fastify.dev/docs/latest/Reference/Errors/ */
function problemOfFramework(error: unknown, types: readonly string[]): ApiProblem | undefined {
  if (!(error instanceof Error && 'code' in error)) return undefined
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
      return new ApiProblem(
        'UNSUPPORTED_MEDIA_TYPE',
        `send ${types.join(' or ')}, and say so in Content-Type`,
      )
    case 'FST_ERR_BAD_URL':
      return new ApiProblem(
        'BAD_REQUEST',
        'the address is not well-formed: a % has no two hexadecimal digits after it',
      )
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiProblem('URI_TOO_LONG', 'a part of the address is longer than any id or name')
    // The sender is gone; there is nobody to answer.
    case 'ECONNRESET':
      return new ApiProblem('BAD_REQUEST', 'the request has ended too early')
    default:
      return isOfCaller(error) ? new ApiProblem('BAD_REQUEST', error.message, { cause: error }) : undefined
  }
}

/** The framework says that the request is at fault; what plugged-in routes throw says nothing. */
function isOfCaller(error: Error): boolean {
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown }
  return (
    String(code).startsWith('FST_') && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  )
}

function internal(cause: unknown): ApiProblem {
  return new ApiProblem('INTERNAL', 'something went wrong that should not; the log of the server says what', {
    cause,
  })
}
