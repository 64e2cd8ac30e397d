import { PROBLEM_CODES, type ProblemCode, typeOfProblem } from './problem-codes.js'

/** One thing that is wrong with a request. */
export interface ProblemDetail {
  /** Where in the body: a JSON pointer (RFC 6901). */
  readonly pointer?: string
  /** Which parameter of the address, or which header field. */
  readonly parameter?: string
  readonly detail: string
}

export interface ApiProblemOptions {
  readonly errors?: readonly ProblemDetail[]
  /** Further members, as RFC 9457 allows them: `total`, `line`. */
  readonly members?: Readonly<Record<string, number | string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Where the code's own does not fit: an app that is unknown is 404 in an address. */
  readonly status?: number
  readonly cause?: unknown
}

export const PROBLEM_TYPE = 'application/problem+json'

/** An answer that is a problem (RFC 9457): thrown by routes and hooks, and sent by the API's error handler. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly code: ProblemCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly #options: ApiProblemOptions

  constructor(code: ProblemCode, detail: string, options: ApiProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? PROBLEM_CODES[code][0]
    this.headers = options.headers ?? {}
    this.#options = options
  }

  /** The same problem, with more members. */
  with(members: Readonly<Record<string, number | string>>): ApiProblem {
    const { members: own, ...options } = this.#options
    return new ApiProblem(this.code, this.message, { ...options, members: { ...own, ...members } })
  }

  /** The body, as JSON. */
  override toString(): string {
    const { errors, members } = this.#options
    return JSON.stringify({
      type: typeOfProblem(this.code),
      title: PROBLEM_CODES[this.code][1],
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(errors === undefined ? {} : { errors }),
      ...members,
    })
  }
}

/** One step of a JSON pointer (RFC 6901, section 3). */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
