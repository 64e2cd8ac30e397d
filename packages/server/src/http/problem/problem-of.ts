import { MessageError } from 'apns-worker'
import { OutboxError, type OutboxErrorCode } from '../../outbox/outbox-error.js'
import { ApiProblem, type ProblemDetail, pointerStep } from './api-problem.js'
import { isProblemCode, type ProblemCode } from './problem-codes.js'

/** Long enough for a few thousand notifications to have gone, or for a disk to have been seen to. */
export const RETRY_AFTER_SECONDS = 5
const LATER: Readonly<Record<string, string>> = { 'retry-after': String(RETRY_AFTER_SECONDS) }

/** What any error is to a caller. What nobody has foreseen is `INTERNAL`, and says nothing of the inside. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof OutboxError) return problemOfStore(error)
  if (error instanceof MessageError) return problemOfMessage(error)
  return problemOfFramework(error) ?? internal(error)
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
    default:
      return new ApiProblem('STORE_FAILED', `${storeFault(code)}; nothing was stored`, {
        cause: error,
        headers: LATER,
      })
  }
}

/** Without the store's own words, which may have a path in them. */
function storeFault(code: Extract<OutboxErrorCode, `STORE_${string}`>): string {
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
const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'TOO_LARGE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_BAD_URL: 'BAD_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
}

interface FrameworkError {
  readonly code: string
  readonly message: string
  readonly validation?: readonly ProblemDetail[]
  readonly validationContext?: string
}

function problemOfFramework(error: unknown): ApiProblem | undefined {
  if (!isCoded(error)) return undefined
  const { code: name, message } = error
  const code = FRAMEWORK_CODES[name]
  if (code !== undefined) return new ApiProblem(code, message, { cause: error })
  return isProblemCode(name) && name === 'INTERNAL' ? internal(error) : undefined
}

function isCoded(error: unknown): error is FrameworkError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

function internal(cause: unknown): ApiProblem {
  return new ApiProblem('INTERNAL', 'something went wrong that should not; the log of the server says what', {
    cause,
  })
}
