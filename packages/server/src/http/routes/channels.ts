import { type Channel, ChannelError, type ChannelManager } from 'apns-worker'
import Type from 'typebox'
import { type EnvironmentName, UnknownAppError } from '../../apps/app-registry.js'
import type { ApiContext } from '../api-context.js'
import type { Caller } from '../caller.js'
import { checkApp } from '../messages/lanes.js'
import { ApiProblem } from '../problem/api-problem.js'
import { RETRY_AFTER_SECONDS } from '../problem/problem-of.js'
import { AppName, AppParameters, ChannelId, EnvironmentField, StoragePolicyField } from '../schemas/fields.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const CLOSED = { additionalProperties: false } as const
/** Apple's word for a channel that there is not, or that is another app's. */
const NOT_REGISTERED = 'ChannelNotRegistered'

const ChannelParameters = Type.Object({ app: AppName, id: ChannelId })
const EnvironmentQuery = Type.Object({ environment: Type.Optional(EnvironmentField) }, CLOSED)
const NewChannel = Type.Object(
  { storagePolicy: StoragePolicyField, environment: Type.Optional(EnvironmentField) },
  CLOSED,
)
const ChannelReport = Type.Object({ id: ChannelId, storagePolicy: StoragePolicyField }, CLOSED)
const ChannelList = Type.Object({ items: Type.Array(Type.Object({ id: ChannelId }, CLOSED)) }, CLOSED)
const Gone = Type.Null({ description: 'Deleted' })

/** `/v1/apps/{app}/channels`: what `ChannelManager` does, asked of Apple at once; nothing of it is stored here. */
export function manageChannels(app: TypedApp, context: ApiContext): void {
  const common = { tags: ['broadcast'] }
  const url = '/v1/apps/:app/channels'

  app.get(
    url,
    {
      config: { scope: 'read' },
      schema: {
        ...common,
        operationId: 'listChannels',
        summary: 'The channels of an app, as Apple has them',
        params: AppParameters,
        querystring: EnvironmentQuery,
        response: { 200: ChannelList, ...problems(404, 422, 502) },
      },
    },
    async ({ caller, params, query }) => {
      const ids = await ask(channelsOf(context, caller, params.app, query.environment), (channels) =>
        channels.list(),
      )
      return { items: ids.map((id) => ({ id })) }
    },
  )

  app.post(
    url,
    {
      config: { scope: 'admin' },
      schema: {
        ...common,
        operationId: 'createChannel',
        summary: 'Makes a channel; Apple allows 10,000 for each app and environment',
        params: AppParameters,
        body: NewChannel,
        response: { 201: ChannelReport, ...problems(404, 422, 502) },
      },
    },
    async ({ body, caller, params }, reply) => {
      const { environment, storagePolicy } = body
      const channels = channelsOf(context, caller, params.app, environment)
      const channel: Channel = await ask(channels, (manager) => manager.create({ storagePolicy }))
      return reply.code(201).send(channel)
    },
  )

  app.get(
    `${url}/:id`,
    {
      config: { scope: 'read' },
      schema: {
        ...common,
        operationId: 'readChannel',
        summary: 'What Apple knows of a channel',
        params: ChannelParameters,
        querystring: EnvironmentQuery,
        response: { 200: ChannelReport, ...problems(404, 422, 502) },
      },
    },
    async ({ caller, params, query }) =>
      ask(channelsOf(context, caller, params.app, query.environment), (channels) => channels.read(params.id)),
  )

  app.delete(
    `${url}/:id`,
    {
      config: { scope: 'admin' },
      schema: {
        ...common,
        operationId: 'deleteChannel',
        summary: 'Deletes a channel for good',
        params: ChannelParameters,
        querystring: EnvironmentQuery,
        response: { 204: Gone, ...problems(404, 422, 502) },
      },
    },
    async ({ caller, params, query }, reply) => {
      const channels = channelsOf(context, caller, params.app, query.environment)
      await ask(channels, (manager) => manager.delete(params.id))
      return reply.code(204).send(null)
    },
  )
}

function channelsOf(
  context: ApiContext,
  caller: Caller,
  app: string,
  environment: EnvironmentName | undefined,
): ChannelManager {
  checkApp(context, caller, app)
  try {
    return context.apps.channelsOf(app, environment)
  } catch (error) {
    if (!(error instanceof UnknownAppError)) throw error
    throw new ApiProblem('UNKNOWN_APP', error.message, {
      errors: [{ parameter: 'environment', detail: error.message }],
    })
  }
}

async function ask<Result>(
  channels: ChannelManager,
  question: (channels: ChannelManager) => Promise<Result>,
): Promise<Result> {
  try {
    return await question(channels)
  } catch (error) {
    throw error instanceof ChannelError ? problemOfChannel(error) : error
  }
}

function problemOfChannel(error: ChannelError): ApiProblem {
  const { code, reason, description, action } = error
  const options = { members: { reason }, cause: error }
  const detail = `${reason}: ${description} ${action}`
  switch (code) {
    case 'refused':
    case 'configuration':
      return new ApiProblem(
        reason === NOT_REGISTERED ? 'CHANNEL_NOT_FOUND' : 'CHANNEL_REFUSED',
        detail,
        options,
      )
    case 'unknown':
      return new ApiProblem('CHANNEL_IN_DOUBT', detail, options)
    case 'unreachable':
    case 'closed':
      return new ApiProblem('APPLE_UNREACHABLE', detail, {
        ...options,
        headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
      })
    default:
      throw new Error(`no problem for ${String(code satisfies never)}`)
  }
}
