import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { AppRegistry } from '../apps/app-registry.js'
import type { Caller } from '../http/caller.js'
import { checkApp } from '../http/messages/lanes.js'
import { ApiProblem } from '../http/problem/api-problem.js'
import { preferredType } from '../http/routes/accept.js'
import type { TypedApp } from '../http/routes/api-routes.js'
import { AppName } from '../http/schemas/fields.js'
import { problems } from '../http/schemas/problem.js'
import { decodeCursor, encodeCursor, START } from './cursor.js'
import { DeadTokenReport, reportOf } from './dead-token-report.js'
import type { FeedbackFollower } from './feedback-follower.js'
import {
  NDJSON_TYPE,
  SSE_TYPE,
  STREAMED_PAGE,
  type StreamContext,
  sendEvents,
  sendLines,
} from './feedback-streams.js'
import { WaitingClients } from './waiting-clients.js'

export interface FeedbackRoutesOptions {
  /** Whoever made it closes it, after the API. */
  readonly follower: FeedbackFollower
  readonly apps: AppRegistry
  /** How many clients may wait, long polls and event streams together. Default: 1000. */
  readonly maxWaiting?: number | undefined
  /** How long an event stream is silent at most, in milliseconds. Default: 15,000. */
  readonly heartbeatMs?: number | undefined
  /** How long a client may take to read what it was sent before it is cut off, in milliseconds. Default: 20,000. */
  readonly stallMs?: number | undefined
  /** How long an event stream lasts before the client has to show its key again, in milliseconds. Default: 900,000. */
  readonly streamMs?: number | undefined
}

const JSON_TYPE = 'application/json'
const MAX_LIMIT = 10_000
const DEFAULT_LIMIT = 1000
/** Proxies give up after 60 s without a byte. */
const MAX_WAIT_SECONDS = 50

const FeedbackQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: '`next` of the page before, or the `cursor` of an item; default: from the first',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_LIMIT,
        description: `Of a page in JSON (default: ${DEFAULT_LIMIT}), or of lines (default: all)`,
      }),
    ),
    app: Type.Optional(AppName),
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: MAX_WAIT_SECONDS,
        default: 0,
        description:
          'How long to wait, where there is nothing yet, in seconds; of no effect on event streams',
      }),
    ),
  },
  { additionalProperties: false },
)

const FeedbackPage = Type.Object(
  {
    items: Type.Array(DeadTokenReport),
    next: Type.String({ description: '`after` of the next page, now or later' }),
  },
  { additionalProperties: false },
)

const schema = {
  operationId: 'listFeedback',
  tags: ['feedback'],
  summary: 'Tokens that Apple has declared dead, in the order in which that was learnt',
  querystring: FeedbackQuery,
  response: {
    200: {
      description: 'A page; or all that there is, line by line; or a stream that goes on, with Last-Event-ID',
      content: {
        [JSON_TYPE]: { schema: FeedbackPage },
        [NDJSON_TYPE]: { schema: DeadTokenReport },
        [SSE_TYPE]: {
          schema: Type.String({ description: 'Each event is an item as JSON; its id, the cursor' }),
        },
      },
    },
    ...problems(404, 406, 429),
  },
}

/** `GET /v1/feedback`: a plugin for {@link createApi}. */
export function feedbackRoutes({
  follower,
  apps,
  maxWaiting = 1000,
  heartbeatMs = 15_000,
  stallMs = 20_000,
  streamMs = 900_000,
}: FeedbackRoutesOptions): FastifyPluginAsync {
  const streams: StreamContext = { follower, apps, heartbeatMs, stallMs, streamMs }
  return async (scope) => {
    const clients = new WaitingClients(maxWaiting)
    scope.addHook('preClose', () => clients.close())
    const app: TypedApp = scope.withTypeProvider()
    app.get('/v1/feedback', { schema, config: { scope: 'read' } }, async (request, untyped) => {
      // Its schema is that of a page, of a line, and of text.
      const reply = untyped as FastifyReply
      const { caller, query, method, headers } = request
      const accepted = preferredType(headers.accept, [JSON_TYPE, NDJSON_TYPE, SSE_TYPE])
      // A HEAD is answered at once.
      const type = method === 'HEAD' ? JSON_TYPE : accepted
      const waitMs = method === 'HEAD' ? 0 : (query.wait ?? 0) * 1000
      const position = type === SSE_TYPE ? (lastEventOf(request) ?? query.after) : query.after
      const follow = {
        after: positionOf(position),
        apps: lanesFor(apps, caller, query.app),
        limit: type === JSON_TYPE ? (query.limit ?? DEFAULT_LIMIT) : STREAMED_PAGE,
      }
      if (type === SSE_TYPE) {
        return clients.keep(reply.raw, async (client) =>
          sendEvents(streams, reply, await follower.read(follow), follow, client),
        )
      }
      const page =
        waitMs === 0
          ? await follower.read(follow)
          : await clients.keep(reply.raw, (client) =>
              client.during(waitMs, (signal) => follower.next(follow, signal)),
            )
      if (type === NDJSON_TYPE) {
        const limit = query.limit ?? Number.POSITIVE_INFINITY
        return sendLines(streams, reply, page, { ...follow, limit })
      }
      return reply
        .type(JSON_TYPE)
        .headers({ vary: 'accept', 'cache-control': 'no-store' })
        .send({
          items: page.items.map((item) => reportOf(apps, item)),
          next: encodeCursor(page.next),
        })
    })
  }
}

function lastEventOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const last = headers['last-event-id']
  if (last === undefined || last === '') return undefined
  const text = String(last)
  if (decodeCursor(text) === undefined) throw badCursor('Last-Event-ID')
  return text
}

function positionOf(after: string | undefined): number {
  if (after === undefined) return START
  const position = decodeCursor(after)
  if (position === undefined) throw badCursor('after')
  return position
}

function badCursor(parameter: string): ApiProblem {
  const detail = 'is no cursor: give `next` of a page, as it was, or leave it out to begin with the first'
  return new ApiProblem('BAD_PARAMETER', `${parameter} ${detail}`, { errors: [{ parameter, detail }] })
}

/** Whose dead tokens a caller is told: of the app that it asks about, or of all that its key is for; undefined: all. */
function lanesFor(apps: AppRegistry, caller: Caller, app: string | undefined): string[] | undefined {
  if (app !== undefined) {
    checkApp({ apps }, caller, app)
    return [...apps.lanesOf(app)]
  }
  if (caller.isForAllApps === true) return undefined
  return [...apps.apps.keys()].filter((name) => caller.mayUse(name)).flatMap((name) => apps.lanesOf(name))
}
