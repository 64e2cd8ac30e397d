import type { FastifyRequest } from 'fastify'
import Type, { type TObject, type TOptional, type TString } from 'typebox'
import { ApiProblem } from '../problem/api-problem.js'

/** Of the answer to a request that was sent before: `true`. */
export const REPLAYED_FIELD = 'idempotency-replayed'

/** Draft-ietf-httpapi-idempotency-key-header. */
export const IdempotencyHeaders: TObject<{ 'idempotency-key': TOptional<TString> }> = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The same key with the same request stores nothing new',
    }),
  ),
})

/** @throws {ApiProblem} `BAD_PARAMETER` */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key
  const detail = 'is not 1 to 255 visible ASCII characters'
  throw new ApiProblem('BAD_PARAMETER', `Idempotency-Key ${detail}`, {
    errors: [{ parameter: 'Idempotency-Key', detail }],
  })
}
