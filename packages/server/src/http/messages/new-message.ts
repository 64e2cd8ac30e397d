import { ManagerClosedError, Message } from 'apns-worker'
import type { NewMessage } from '../../outbox/outbox.js'
import { encodeContent, type MessageContent } from '../../worker/message-content.js'
import type { ApiContext } from '../api-context.js'
import { ApiProblem } from '../problem/api-problem.js'
import type { MessageRequest } from '../schemas/messages.js'
import { momentMs, optionalMs } from './moment.js'

/**
 * What is stored for a request. It has been made a message of the library's, and shown to the manager that is to send it, so
 * that nothing is stored that can never be sent.
 *
 * @throws {MessageError} for what is wrong with it
 * @throws {ApiProblem} for what is wrong with its times
 */
export function newMessage(
  context: ApiContext,
  lane: string,
  request: MessageRequest,
  idempotencyKey: string | undefined,
): NewMessage {
  const { payload, priority, topic, pushType, collapseId, ambiguous, keep, suppression } = request
  const expiration =
    request.expiration === undefined
      ? undefined
      : Math.floor(momentMs(request.expiration, '/expiration') / 1000)
  const content: MessageContent = { payload, priority, topic, pushType, collapseId, expiration }
  checkSendable(context, lane, content)
  const deliverAfterMs = optionalMs(request.deliverAfter, '/deliverAfter')
  const giveUpAfterMs = optionalMs(request.giveUpAfter, '/giveUpAfter')
  if (giveUpAfterMs !== undefined && giveUpAfterMs <= (deliverAfterMs ?? 0)) throw neverSent()
  return {
    app: lane,
    content: encodeContent(content),
    priority: request.queuePriority,
    deliverAfterMs,
    giveUpAfterMs,
    ambiguous,
    keep,
    idempotencyKey,
    suppression,
    registeredAtMs: optionalMs(request.registeredAt, '/registeredAt'),
  }
}

/** As a message to nobody: its tokens are the outbox's to look at. */
function checkSendable({ apps }: ApiContext, lane: string, { payload, ...options }: MessageContent): void {
  const message = new Message([], payload, options)
  try {
    apps.managers.get(lane)?.check(message)
  } catch (error) {
    // It is being replaced, as its configuration was: the one after it will look at the message when it sends it.
    if (!(error instanceof ManagerClosedError)) throw error
  }
}

function neverSent(): ApiProblem {
  const detail = 'is not after deliverAfter, so that the message would never be sent'
  return new ApiProblem('INVALID_REQUEST', `/giveUpAfter ${detail}`, {
    errors: [{ pointer: '/giveUpAfter', detail }],
  })
}
