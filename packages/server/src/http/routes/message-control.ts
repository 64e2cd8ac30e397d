import Type from 'typebox'
import type { MessageStatus } from '../../outbox/outbox.js'
import type { ApiContext } from '../api-context.js'
import { checkMessageOf } from '../messages/lanes.js'
import { reportOf } from '../messages/message-report.js'
import { MessageIdParameters } from '../schemas/fields.js'
import { MessageReport } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

/** `POST /v1/messages/{id}/send`, `/cancel`, `/pause` and `/resume`, and `DELETE /v1/messages/{id}`. */
export function controlMessages(app: TypedApp, context: ApiContext): void {
  const { outbox } = context
  const verbs = {
    send: { status: 202, summary: 'Sends a message that was opened; again, it does nothing' },
    cancel: { status: 200, summary: 'Sends no more of it; what is on its way is still counted' },
    pause: { status: 200, summary: 'Sends no more of it until it is resumed' },
    resume: { status: 200, summary: 'Ends a pause of the message' },
  } as const
  for (const verb of ['send', 'cancel', 'pause', 'resume'] as const) {
    const { status, summary } = verbs[verb]
    const schema = {
      operationId: `${verb}Message`.replace('sendMessage', 'sendOpenMessage'),
      tags: ['messages'],
      summary,
      params: MessageIdParameters,
      response: { [status]: MessageReport, ...problems(404, ...(verb === 'send' ? [409, 429] : [])) },
    }
    app.post(`/v1/messages/:id/${verb}`, { schema, config: { scope: 'send' } }, async (request, reply) => {
      const { id: messageId } = request.params
      await checkMessageOf(context, request.caller, messageId)
      await (verb === 'send' ? outbox.send(messageId) : outbox[verb]({ messageId }))
      if (verb === 'send' || verb === 'resume') context.wake()
      return reply.code(status).send(report(await outbox.message(messageId)))
    })
  }
  const schema = {
    operationId: 'purgeMessage',
    tags: ['messages'],
    summary:
      'Removes a message with its outcomes, whatever its state; what Apple has of it cannot be recalled',
    params: MessageIdParameters,
    response: { 204: Type.Null({ description: 'It is gone' }), ...problems(404) },
  }
  app.delete('/v1/messages/:id', { schema, config: { scope: 'admin' } }, async (request, reply) => {
    const { id: messageId } = request.params
    await checkMessageOf(context, request.caller, messageId)
    await outbox.purge({ messageId })
    return reply.code(204).send(null)
  })

  function report(status: MessageStatus): MessageReport {
    return reportOf(status, context.now?.() ?? Date.now())
  }
}
