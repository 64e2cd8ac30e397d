import Type from 'typebox'
import type { ApiContext } from '../api-context.js'
import type { Caller } from '../caller.js'
import { checkApp } from '../messages/lanes.js'
import { ApiProblem } from '../problem/api-problem.js'
import { AppParameters } from '../schemas/fields.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const Gone = Type.Null({ description: 'Done' })

const SUMMARIES = {
  pause: 'Sends nothing until it is resumed; what is on its way is still counted',
  resume: 'Ends the pause; messages that were paused themselves stay so',
  cancel: 'Cancels every message that is there',
  purge: 'Removes every message that is there, with its outcomes',
} as const

/**
 * `POST /v1/apps/{app}/pause`, `/resume`, `/cancel` and `DELETE /v1/apps/{app}/messages`; and `POST /v1/pause`, `/resume`,
 * `/cancel` and `DELETE /v1/messages` for everything.
 */
export function controlApps(app: TypedApp, context: ApiContext): void {
  const { outbox, apps } = context
  for (const verb of ['pause', 'resume', 'cancel', 'purge'] as const) {
    const method = verb === 'purge' ? 'DELETE' : 'POST'
    const last = verb === 'purge' ? 'messages' : verb
    const common = { tags: ['control'], summary: SUMMARIES[verb] }
    app.route({
      method,
      url: `/v1/apps/:app/${last}`,
      config: { scope: 'admin' },
      schema: {
        ...common,
        operationId: `${verb}App`,
        params: AppParameters,
        response: { 204: Gone, ...problems(404) },
      },
      handler: async (request, reply) => {
        const { app: name } = request.params
        checkApp(context, request.caller, name)
        for (const lane of apps.lanesOf(name)) await outbox[verb]({ app: lane })
        if (verb === 'resume') context.wake()
        return reply.code(204).send(null)
      },
    })
    app.route({
      method,
      url: `/v1/${last}`,
      config: { scope: 'admin' },
      schema: { ...common, operationId: `${verb}Everything`, response: { 204: Gone, ...problems() } },
      handler: async (request, reply) => {
        checkIsForAll(request.caller)
        await outbox[verb]('everything')
        if (verb === 'resume') context.wake()
        return reply.code(204).send(null)
      },
    })
  }
}

function checkIsForAll({ isForAllApps }: Caller): void {
  if (isForAllApps === true) return
  throw new ApiProblem('FORBIDDEN', 'this is about all apps, and the API key is for some of them')
}
