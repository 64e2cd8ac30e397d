import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import Type, { type Static } from 'typebox'
import type { StoredOutcome } from '../../outbox/outbox.js'
import type { ApiContext } from '../api-context.js'
import { checkMessageOf } from '../messages/lanes.js'
import { isoTime } from '../messages/moment.js'
import { MessageIdParameters, Time } from '../schemas/fields.js'
import { problems } from '../schemas/problem.js'
import { preferredType } from './accept.js'
import type { TypedApp } from './api-routes.js'

const JSON_TYPE = 'application/json'
const NDJSON_TYPE = 'application/x-ndjson'
/** Read from the store at a time. */
const STREAMED_PAGE = 1000

const Outcome = Type.Object(
  {
    token: Type.String(),
    apnsId: Type.String({ format: 'uuid' }),
    status: Type.Unsafe<StoredOutcome['status']>({
      enum: ['accepted', 'refused', 'expired', 'unknown', 'suppressed', 'cancelled'],
    }),
    reason: Type.Optional(Type.String({ description: 'Apple’s word, or the server’s' })),
    timestamp: Type.Optional(Time),
    recordedAt: Time,
  },
  { additionalProperties: false },
)
type Outcome = Static<typeof Outcome>

const OutcomePage = Type.Object(
  {
    items: Type.Array(Outcome),
    next: Type.String({ description: '`after` of the next page, now or later' }),
  },
  { additionalProperties: false },
)

const OutcomeQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'Of a page in JSON; default: 1000' }),
    ),
  },
  { additionalProperties: false },
)

/** `GET /v1/messages/{id}/outcomes`: a page in JSON, or all that there are as NDJSON, which is streamed. */
export function listOutcomes(app: TypedApp, context: ApiContext): void {
  const { outbox } = context
  const schema = {
    operationId: 'listOutcomes',
    tags: ['messages'],
    summary: 'What became of single tokens: failures, or all where the message has keep: all',
    params: MessageIdParameters,
    querystring: OutcomeQuery,
    response: {
      200: {
        description: 'In the order in which they were recorded',
        content: { [JSON_TYPE]: { schema: OutcomePage }, [NDJSON_TYPE]: { schema: Outcome } },
      },
      ...problems(404, 406),
    },
  }
  app.get('/v1/messages/:id/outcomes', { schema, config: { scope: 'read' } }, async (request, reply) => {
    const { caller, params, query, headers } = request
    const { id: messageId } = params
    const type = preferredType(headers.accept, [JSON_TYPE, NDJSON_TYPE])
    await checkMessageOf(context, caller, messageId)
    // One that is not there has no outcomes, and is not found.
    if (caller.isForAllApps === true) await outbox.message(messageId)
    void reply.header('vary', 'accept')
    // Who reads nothing of the answer for so long is let go.
    reply.raw.setTimeout(context.limits.requestTimeoutMs, () => request.raw.destroy())
    if (type === NDJSON_TYPE) {
      // Its schema is that of a line.
      return (reply as FastifyReply)
        .type(NDJSON_TYPE)
        .send(Readable.from(lines(messageId, query.after ?? 0), { objectMode: false }))
    }
    const { outcomes, next } = await outbox.outcomes({ messageId, after: query.after, limit: query.limit })
    return reply.type(JSON_TYPE).send({ items: outcomes.map(outcomeOf), next: String(next) })
  })

  /** A page at a time, when the one before was written. */
  async function* lines(messageId: string, from: number): AsyncGenerator<string, void, undefined> {
    for (let after = from; ; ) {
      const { outcomes, next } = await outbox.outcomes({ messageId, after, limit: STREAMED_PAGE })
      if (outcomes.length > 0)
        yield outcomes.map((outcome) => `${JSON.stringify(outcomeOf(outcome))}\n`).join('')
      if (outcomes.length < STREAMED_PAGE) return
      after = next
    }
  }
}

function outcomeOf({ token, apnsId, status, reason, timestampMs, recordedAtMs }: StoredOutcome): Outcome {
  return {
    ...{ token, apnsId, status },
    ...(reason === undefined ? {} : { reason }),
    ...(timestampMs === undefined ? {} : { timestamp: isoTime(timestampMs) }),
    recordedAt: isoTime(recordedAtMs),
  }
}
