import { BroadcastMessage, ManagerClosedError, type Priority } from 'apns-worker'
import Type, { type Static } from 'typebox'
import type { NewMessage } from '../../outbox/outbox.js'
import { channelToken, encodeContent } from '../../worker/message-content.js'
import type { ApiContext } from '../api-context.js'
import { laneFor } from '../messages/lanes.js'
import { momentMs, optionalMs } from '../messages/moment.js'
import type { StoreRoom } from '../messages/store-room.js'
import {
  Ambiguous,
  AppName,
  ChannelId,
  EnvironmentField,
  Moment,
  Payload,
  PriorityField,
  QueuePriority,
  StoragePolicyField,
} from '../schemas/fields.js'
import { Accepted } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'
import { IdempotencyHeaders, idempotencyKeyOf, REPLAYED_FIELD } from './idempotency.js'

const broadcastRequest = Type.Object(
  {
    app: AppName,
    channel: Type.Object(
      { id: ChannelId, storagePolicy: Type.Optional(StoragePolicyField) },
      { additionalProperties: false, description: 'As GET /v1/apps/{app}/channels/{id} gives it' },
    ),
    payload: Payload,
    priority: Type.Optional(PriorityField),
    expiration: Type.Optional(Moment),
    environment: Type.Optional(EnvironmentField),
    deliverAfter: Type.Optional(Moment),
    giveUpAfter: Type.Optional(Moment),
    queuePriority: Type.Optional(QueuePriority),
    ambiguous: Type.Optional(Ambiguous),
  },
  { additionalProperties: false },
)

type BroadcastRequest = Static<typeof broadcastRequest>

/** `POST /v1/broadcasts`: a message for all devices that listen to a channel. */
export function sendBroadcasts(app: TypedApp, context: ApiContext, room: StoreRoom): void {
  const { outbox } = context
  const schema = {
    operationId: 'sendBroadcast',
    tags: ['broadcast'],
    summary: 'Sends an update, or the end, of a Live Activity to all devices that listen to a channel',
    body: broadcastRequest,
    headers: IdempotencyHeaders,
    response: { 202: Accepted, ...problems(422, 429) },
  }
  app.post('/v1/broadcasts', { schema, config: { scope: 'send' } }, async (request, reply) => {
    const { body, caller } = request
    const lane = laneFor(context, caller, body.app, body.environment, 'broadcast')
    const message = newBroadcast(context, lane, body, idempotencyKeyOf(request))
    await room.check()
    const { messageId: id, total, isRepeated } = await outbox.append(message, [channelToken(body.channel.id)])
    if (isRepeated) void reply.header(REPLAYED_FIELD, 'true')
    else context.wake()
    return reply.code(202).header('location', `/v1/messages/${id}`).send({ id, total })
  })
}

/**
 * What is stored: it has been made a broadcast of the library's, so that nothing is stored that can never be sent.
 *
 * @throws {MessageError}
 */
function newBroadcast(
  { apps }: ApiContext,
  lane: string,
  request: BroadcastRequest,
  idempotencyKey: string | undefined,
): NewMessage {
  const { channel, payload, ambiguous } = request
  const { id, storagePolicy } = channel
  // The schema has no other.
  const priority = request.priority as Priority | undefined
  const expiration =
    request.expiration === undefined
      ? undefined
      : Math.floor(momentMs(request.expiration, '/expiration') / 1000)
  const content = {
    payload,
    channel: storagePolicy === undefined ? id : { id, storagePolicy },
    priority,
    expiration,
  }
  const broadcast = new BroadcastMessage(content.channel, payload, { priority, expiration })
  try {
    apps.managers.get(lane)?.check(broadcast)
  } catch (error) {
    if (!(error instanceof ManagerClosedError)) throw error
  }
  return {
    app: lane,
    content: encodeContent(content),
    priority: request.queuePriority,
    deliverAfterMs: optionalMs(request.deliverAfter, '/deliverAfter'),
    giveUpAfterMs: optionalMs(request.giveUpAfter, '/giveUpAfter'),
    ambiguous,
    idempotencyKey,
  }
}
