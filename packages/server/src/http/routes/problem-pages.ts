import Type from 'typebox'
import { ApiProblem } from '../problem/api-problem.js'
import { isProblemCode, PROBLEM_CODES } from '../problem/problem-codes.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const ProblemPage = Type.Object(
  { code: Type.String(), status: Type.Integer(), title: Type.String(), advice: Type.String() },
  { additionalProperties: false },
)

/** `GET /v1/problems/{code}`: where the `type` of a problem leads. */
export function explainProblems(app: TypedApp): void {
  const schema = {
    operationId: 'getProblem',
    tags: ['documentation'],
    summary: 'What a problem’s code means, and what to do about it',
    params: Type.Object({ code: Type.String({ maxLength: 64 }) }),
    response: { 200: ProblemPage, ...problems(404) },
  }
  app.get('/v1/problems/:code', { schema }, async ({ params: { code } }) => {
    if (!isProblemCode(code)) throw new ApiProblem('NOT_FOUND', 'there is no problem with this code')
    const [status, title, advice] = PROBLEM_CODES[code]
    return { code, status, title, advice }
  })
}
