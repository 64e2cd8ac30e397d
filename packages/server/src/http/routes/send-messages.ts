import type { FastifyReply } from 'fastify'
import type { Appended } from '../../outbox/outbox.js'
import { OutboxError } from '../../outbox/outbox-error.js'
import type { ApiContext } from '../api-context.js'
import { laneFor } from '../messages/lanes.js'
import { newMessage } from '../messages/new-message.js'
import type { StoreRoom } from '../messages/store-room.js'
import { tokensOf } from '../messages/token-entry.js'
import { ApiProblem } from '../problem/api-problem.js'
import { Accepted, MessageRequest, Opened } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'
import { IdempotencyHeaders, idempotencyKeyOf, REPLAYED_FIELD } from './idempotency.js'

/** `POST /v1/messages`: the whole message, or one whose tokens follow. */
export function sendMessages(app: TypedApp, context: ApiContext, room: StoreRoom): void {
  const { outbox } = context
  const schema = {
    operationId: 'sendMessage',
    tags: ['messages'],
    summary: 'Sends a message to device tokens, or opens one whose tokens follow',
    body: MessageRequest,
    headers: IdempotencyHeaders,
    response: { 200: Opened, 201: Opened, 202: Accepted, ...problems(404, 422, 429) },
  }
  app.post('/v1/messages', { schema, config: { scope: 'send' } }, async (request, reply) => {
    const { body, caller } = request
    const key = idempotencyKeyOf(request)
    const lane = laneFor(context, caller, body.app, body.environment)
    const message = newMessage(context, lane, body, key)
    await room.check()
    if (body.tokens === undefined) return opened(await outbox.open(message), reply)
    checkNumber(body.tokens.length, context.limits.tokensPerRequest)
    const appended = await outbox.append(message, tokensOf(body.tokens))
    if (appended.isRepeated) void reply.header(REPLAYED_FIELD, 'true')
    else context.wake()
    const { messageId: id, total } = appended
    return reply.code(202).header('location', `/v1/messages/${id}`).send({ id, total })
  })

  /** One that was opened by the same request before may have got on since then. */
  async function opened({ messageId: id, isRepeated }: Appended, reply: FastifyReply): Promise<FastifyReply> {
    void reply.header('location', `/v1/messages/${id}`)
    if (!isRepeated) return reply.code(201).send({ id, state: 'open' })
    const { state, total } = await outbox.message(id).catch(wasRemoved)
    return reply.header(REPLAYED_FIELD, 'true').code(200).send({ id, state, total })
  }
}

/** The key is remembered for longer than what it has opened: to open another under it would be to do it twice. */
function wasRemoved(error: unknown): never {
  if (!(error instanceof OutboxError && error.code === 'NOT_FOUND')) throw error
  const detail = 'the message that this idempotency key has opened was removed; open another with a new key'
  throw new ApiProblem('NOT_FOUND', detail, { cause: error })
}

function checkNumber(tokens: number, most: number): void {
  if (tokens <= most) return
  const detail = `${tokens} tokens are more than the ${most} of one request; open the message without tokens, and stream them`
  throw new ApiProblem('TOO_LARGE', detail, { errors: [{ pointer: '/tokens', detail }] })
}
