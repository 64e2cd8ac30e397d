import { printable } from './printable.js'

const NOT_FOUND = 404
const TOO_MANY_REQUESTS = 429
const REQUEST_TIMEOUT = 408
const SERVER_ERRORS = 500
/** Seconds; what a server asks for beyond it is not waited for. */
const MAX_RETRY_AFTER = 60

/** A server was asked, and did not give what was asked for, or did not answer. The message says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** Of the answer; undefined when there was none. */
  readonly status: number | undefined
  /** The problem's, as `docs/http-api.md` has them; undefined when the answer was no problem document. */
  readonly code: string | undefined
  /** Seconds after which the server wants to be asked again, where it says so. */
  readonly retryAfter: number | undefined

  constructor(
    message: string,
    options: {
      readonly status?: number | undefined
      readonly code?: string | undefined
      readonly retryAfter?: number | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(printable(message), options.cause === undefined ? {} : { cause: options.cause })
    this.status = options.status
    this.code = options.code
    this.retryAfter =
      options.retryAfter === undefined ? undefined : Math.min(options.retryAfter, MAX_RETRY_AFTER)
  }

  /** Whether the same question may be answered later: the server is away, or busy, or stopping. */
  get mayPass(): boolean {
    const { status } = this
    return (
      status === undefined ||
      status === TOO_MANY_REQUESTS ||
      status === REQUEST_TIMEOUT ||
      status >= SERVER_ERRORS
    )
  }
}

/** For an answer that the API never gives. */
export function notOurs(server: string): ApiError {
  return new ApiError(`${server} is no apns-worker server: --server, or APNS_WORKER_SERVER, names another`, {
    // It would be the same again.
    status: NOT_FOUND,
  })
}
