import Type from 'typebox'
import type { ApiContext } from '../api-context.js'
import { checkApp, laneFor } from '../messages/lanes.js'
import { isoTime, optionalMs } from '../messages/moment.js'
import { ApiProblem } from '../problem/api-problem.js'
import { AppParameters, EnvironmentField, Moment, Time, Token } from '../schemas/fields.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const CLOSED = { additionalProperties: false } as const

const SuppressionQuery = Type.Object(
  {
    environment: Type.Optional(EnvironmentField),
    token: Type.Optional(Token),
    after: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 })),
  },
  CLOSED,
)

const SuppressionPage = Type.Object(
  {
    items: Type.Array(Type.Object({ token: Type.String(), since: Time, reason: Type.String() }, CLOSED)),
    next: Type.Optional(Type.String({ description: '`after` of the next page; left out on the last' })),
  },
  CLOSED,
)

const Registrations = Type.Object(
  {
    tokens: Type.Array(Token),
    registeredAt: Type.Optional(Moment),
    environment: Type.Optional(EnvironmentField),
  },
  CLOSED,
)

const Registered = Type.Object(
  { registered: Type.Integer({ minimum: 0, description: 'How many of them were on the list' }) },
  CLOSED,
)

/** `GET /v1/apps/{app}/suppressions` and `POST /v1/apps/{app}/registrations`. */
export function listSuppressions(app: TypedApp, context: ApiContext): void {
  const { outbox } = context
  const list = {
    operationId: 'listSuppressions',
    tags: ['apps'],
    summary: 'Tokens of an app that nothing is sent to, since Apple has declared them dead',
    params: AppParameters,
    querystring: SuppressionQuery,
    response: { 200: SuppressionPage, ...problems(404, 422) },
  }
  app.get('/v1/apps/:app/suppressions', { schema: list, config: { scope: 'read' } }, async (request) => {
    const { caller, params, query } = request
    checkApp(context, caller, params.app)
    const { environment, token, after, limit } = query
    const lane = laneFor(context, caller, params.app, environment)
    const { items, next } = await outbox.suppressions({
      app: lane,
      token: token?.toLowerCase(),
      after,
      limit,
    })
    const told = items.map((item) => ({
      token: item.token,
      since: isoTime(item.timestampMs),
      reason: item.reason,
    }))
    return next === undefined ? { items: told } : { items: told, next }
  })
  const register = {
    operationId: 'registerTokens',
    tags: ['apps'],
    summary: 'Takes tokens off the list, since the app has registered them anew',
    params: AppParameters,
    body: Registrations,
    response: { 200: Registered, ...problems(404, 422) },
  }
  const config = { scope: 'send' } as const
  app.post('/v1/apps/:app/registrations', { schema: register, config }, async ({ body, caller, params }) => {
    checkApp(context, caller, params.app)
    const { tokens, registeredAt, environment } = body
    const most = context.limits.tokensPerRequest
    if (tokens.length > most)
      throw new ApiProblem('TOO_LARGE', `one request has at most ${most} tokens; send several`)
    const lane = laneFor(context, caller, params.app, environment)
    return { registered: await outbox.register(lane, tokens, optionalMs(registeredAt, '/registeredAt')) }
  })
}
