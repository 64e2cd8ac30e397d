import { appOfLane } from '../../apps/app-registry.js'
import type { MessageStatus } from '../../outbox/outbox.js'
import type { ApiContext } from '../api-context.js'
import type { Caller } from '../caller.js'
import { noMessage } from '../messages/lanes.js'
import { reportOf } from '../messages/message-report.js'
import { MessageIdParameters } from '../schemas/fields.js'
import { MessageListQuery, MessagePage, MessageReport } from '../schemas/messages.js'
import { problems } from '../schemas/problem.js'
import type { TypedApp } from './api-routes.js'

const DEFAULT_LIMIT = 100
/** How many messages one request looks through, where it asks for some of them only. */
const SCANNED = 1000

/** `GET /v1/messages` and `GET /v1/messages/{id}`. */
export function reportMessages(app: TypedApp, context: ApiContext): void {
  const { outbox } = context
  const now = (): number => context.now?.() ?? Date.now()
  const one = {
    operationId: 'getMessage',
    tags: ['messages'],
    summary: 'What has become of a message so far',
    params: MessageIdParameters,
    response: { 200: MessageReport, ...problems(404) },
  }
  app.get('/v1/messages/:id', { schema: one, config: { scope: 'read' } }, async ({ caller, params }) => {
    const status = await outbox.message(params.id)
    if (!caller.mayUse(appOfLane(status.app))) throw noMessage(params.id)
    return reportOf(status, now())
  })
  const list = {
    operationId: 'listMessages',
    tags: ['messages'],
    summary: 'Messages, the newest first',
    querystring: MessageListQuery,
    response: { 200: MessagePage, ...problems() },
  }
  app.get('/v1/messages', { schema: list, config: { scope: 'read' } }, async ({ caller, query }) => {
    const { items, next } = await pageOf(outbox, caller, query)
    const page = { items: items.map((status) => reportOf(status, now())) }
    return next === undefined ? page : { ...page, next }
  })
}

interface Page {
  readonly items: readonly MessageStatus[]
  readonly next: string | undefined
}

/**
 * The outbox knows one lane, or all; what is between is chosen here, among a bounded number of messages, so that a page may
 * have fewer than were asked for and not be the last.
 */
async function pageOf(outbox: ApiContext['outbox'], caller: Caller, query: MessageListQuery): Promise<Page> {
  const { app, state, before, limit = DEFAULT_LIMIT } = query
  const isChosen = app !== undefined || state !== undefined || caller.isForAllApps !== true
  const isWanted = (status: MessageStatus): boolean => {
    const name = appOfLane(status.app)
    return (
      caller.mayUse(name) &&
      (app === undefined || app === name) &&
      (state === undefined || state === status.state)
    )
  }
  const asked = isChosen ? SCANNED : limit
  const seen = await outbox.messages({ isUnfinished: query.unfinished, before, limit: asked })
  const items = seen.filter(isWanted).slice(0, limit)
  const isWhole = seen.length < asked && (items.length < limit || items.at(-1) === seen.at(-1))
  const last = items.length === limit ? items.at(-1) : seen.at(-1)
  return { items, next: isWhole ? undefined : last?.id }
}
