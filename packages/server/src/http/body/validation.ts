import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { ApiProblem, type ProblemDetail, pointerStep } from '../problem/api-problem.js'
import { MOMENT_PATTERN, TOKEN_PATTERN } from '../schemas/fields.js'

/** As many as help; a list of a thousand wrong tokens has a thousand. */
const MAX_ERRORS = 20

/** Checks requests by the schemas of their routes, compiled once. Parameters, which are text, become what the schema says. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  // Their schemas are documentation: routes read the one field that they look at themselves, and all others are no concern.
  if (httpPart === 'headers') return (value: unknown) => ({ value })
  const compiled = Compile(schema)
  const isBody = httpPart === 'body'
  return (value: unknown) => {
    const converted: unknown = isBody ? value : Value.Convert(schema, value)
    if (compiled.Check(converted)) return { value: converted }
    const errors = detailsOf(compiled.Errors(converted), isBody)
    const what = errors
      .map(({ pointer, parameter, detail }) => `${parameter ?? pointer} ${detail}`.trim())
      .join('; ')
    return { error: new ApiProblem(isBody ? 'INVALID_REQUEST' : 'BAD_PARAMETER', what, { errors }) }
  }
}

type SchemaError = ReturnType<ReturnType<typeof Compile>['Errors']>[number]

function detailsOf(errors: readonly SchemaError[], isBody: boolean): ProblemDetail[] {
  const place = (path: string, detail: string): ProblemDetail =>
    isBody ? { pointer: path, detail } : { parameter: path.slice(1), detail }
  const details = errors.flatMap((error) => {
    switch (error.keyword) {
      // Said once more by `additionalProperties`.
      case 'boolean':
        return []
      case 'additionalProperties':
        return error.params.additionalProperties.map((key) =>
          place(error.instancePath + pointerStep(key), 'is unknown'),
        )
      case 'required':
        return error.params.requiredProperties.map((key) =>
          place(error.instancePath + pointerStep(key), 'is missing'),
        )
      case 'pattern':
        return [place(error.instancePath, patternFault(String(error.params.pattern)))]
      default:
        return [place(error.instancePath, error.message)]
    }
  })
  return details.slice(0, MAX_ERRORS)
}

function patternFault(pattern: string): string {
  if (pattern === TOKEN_PATTERN) return 'is not a hex-encoded device token'
  if (pattern === MOMENT_PATTERN) return 'is not an ISO 8601 date and time with its time zone'
  return `does not match ${pattern}`
}
