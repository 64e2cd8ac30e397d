import Type, { type TSchema } from 'typebox'
import { PROBLEM_TYPE } from '../problem/api-problem.js'
import { PROBLEM_CODES } from '../problem/problem-codes.js'

/** Shared by all routes: see `addSchema` in `api.ts`. */
export const Problem: TSchema = Type.Object(
  {
    type: Type.String({ format: 'uri-reference', description: 'Where the code is explained' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What is wrong in this case, and what to do' }),
    code: Type.Unsafe<string>({ enum: Object.keys(PROBLEM_CODES) }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.Optional(Type.String({ description: 'Where in the body (RFC 6901)' })),
            parameter: Type.Optional(Type.String({ description: 'Which parameter or header field' })),
            detail: Type.String(),
          },
          { additionalProperties: false },
        ),
      ),
    ),
    total: Type.Optional(Type.Integer({ description: 'How many tokens the message has now' })),
    reason: Type.Optional(Type.String({ description: 'Apple’s word for it' })),
    line: Type.Optional(Type.Integer({ description: 'Which line of the list is wrong, from 1' })),
  },
  { $id: 'Problem', additionalProperties: false, description: 'What went wrong (RFC 9457)' },
)

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'Malformed: HTTP, JSON, a parameter or a header field',
  401: 'No API key, or an unknown one',
  403: 'The API key has not the scope, or the page of another origin asks',
  404: 'There is no such thing, or the API key is not for its app',
  406: 'No form of the answer is accepted',
  408: 'The request did not arrive in time',
  409: 'Not in the state that the message is in',
  413: 'Too large',
  415: 'A body of a type that is not read here',
  417: 'An expectation that is not met',
  422: 'Well-formed, but wrong; see `errors`',
  429: 'The outbox is full, or too many clients wait; see `Retry-After`',
  431: 'The header is too large',
  500: 'A mistake of the server',
  502: 'Apple did not answer',
  503: 'The store, or Apple, cannot be reached, or the server is stopping; see `Retry-After`',
}

/** What may happen to any request. */
const ALWAYS = [400, 401, 403, 408, 413, 415, 417, 431, 500, 503]

interface ProblemResponse {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>>
}

/** The problems that a route may answer with: those of every route, and the ones named. */
export function problems(...statuses: readonly number[]): Record<number, ProblemResponse> {
  return Object.fromEntries(
    [...ALWAYS, ...statuses].map((status) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? 'A problem',
        content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
      },
    ]),
  )
}
