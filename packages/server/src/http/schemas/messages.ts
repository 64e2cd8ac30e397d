import type { PushType } from 'apns-worker'
import Type, { type Static, type TUnsafe } from 'typebox'
import type { EnvironmentName } from '../../apps/app-registry.js'
import type { MessageState, OutcomeStatus } from '../../outbox/outbox.js'
import {
  Ambiguous,
  AppName,
  EnvironmentField,
  Moment,
  Payload,
  PriorityField,
  PushTypeField,
  QueuePriority,
  RequestedToken,
  Time,
} from './fields.js'

const CLOSED = { additionalProperties: false } as const

/** What may be said of a message, beside whom it is for. */
const content = {
  app: AppName,
  payload: Payload,
  priority: Type.Optional(PriorityField),
  expiration: Type.Optional(Moment),
  pushType: Type.Optional(PushTypeField),
  topic: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Default: the app’s' })),
  collapseId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'At most 64 bytes; a later one replaces an earlier one on the device',
    }),
  ),
  environment: Type.Optional(EnvironmentField),
}

const messageRequest = Type.Object(
  {
    ...content,
    tokens: Type.Optional(
      Type.Array(RequestedToken, { description: 'Left out: the message is opened, and its tokens follow' }),
    ),
    deliverAfter: Type.Optional(Moment),
    giveUpAfter: Type.Optional(Moment),
    queuePriority: Type.Optional(QueuePriority),
    ambiguous: Type.Optional(Ambiguous),
    keep: Type.Optional(
      Type.Union([Type.Literal('failures'), Type.Literal('all')], {
        description: 'Which outcomes are kept one by one, beside being counted. Default: failures',
      }),
    ),
    suppression: Type.Optional(
      Type.Union([Type.Literal('apply'), Type.Literal('ignore')], {
        description: 'Whether tokens that Apple has declared dead are left out. Default: apply',
      }),
    ),
    registeredAt: Type.Optional(Moment),
  },
  CLOSED,
)

const Anything = Type.Unknown()

/** For a dry run: what is in it may be wrong, and is then told. */
const explainRequest = Type.Object(
  {
    app: AppName,
    payload: Payload,
    tokens: Type.Optional(Type.Array(Anything)),
    priority: Type.Optional(Anything),
    expiration: Type.Optional(Moment),
    pushType: Type.Optional(Anything),
    topic: Type.Optional(Anything),
    collapseId: Type.Optional(Anything),
    environment: Type.Optional(EnvironmentField),
    ambiguous: Type.Optional(Anything),
  },
  CLOSED,
)

const Count = Type.Integer({ minimum: 0 })
const Id = Type.String({ format: 'uuid' })
const State = Type.Unsafe<'open' | 'queued' | 'sending' | 'paused' | 'done' | 'cancelled'>({
  type: 'string',
  enum: ['open', 'queued', 'sending', 'paused', 'done', 'cancelled'],
})

const accepted = Type.Object(
  { id: Id, total: Count },
  { ...CLOSED, description: 'It is on disk, and will be sent' },
)
const opened = Type.Object(
  { id: Id, state: State, total: Type.Optional(Count) },
  { ...CLOSED, description: 'It is on disk, and waits for its tokens' },
)
const tokensStored = Type.Object({ total: Count }, { ...CLOSED, description: 'They are on disk' })

const messageReport = Type.Object(
  {
    id: Id,
    app: Type.String(),
    environment: Type.Optional(EnvironmentField),
    isBroadcast: Type.Optional(
      Type.Literal(true, { description: 'It is for a channel, which counts as its only token' }),
    ),
    state: State,
    queuePriority: Type.Integer(),
    createdAt: Time,
    startedAt: Type.Optional(Time),
    finishedAt: Type.Optional(Time),
    counts: Type.Object(
      {
        total: Count,
        accepted: Count,
        refused: Count,
        expired: Count,
        unknown: Count,
        suppressed: Count,
        cancelled: Count,
        pending: Count,
      },
      CLOSED,
    ),
    reasons: Type.Record(Type.String(), Count, { description: 'How often each reason was given' }),
    rate: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Tokens settled a second: at present while it is sent, afterwards on the whole',
      }),
    ),
    estimatedEnd: Type.Optional(Time),
  },
  CLOSED,
)

const messagePage = Type.Object(
  {
    items: Type.Array(messageReport),
    next: Type.Optional(
      Type.String({
        description:
          '`before` of the next page; left out on the last. A page may have fewer items than were asked for.',
      }),
    ),
  },
  CLOSED,
)

const messageListQuery = Type.Object(
  {
    app: Type.Optional(AppName),
    state: Type.Optional(State),
    unfinished: Type.Optional(
      Type.Boolean({ description: 'Only those that have tokens without an outcome, or are open' }),
    ),
    before: Type.Optional(Id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  },
  CLOSED,
)

// What the compiler is told of the schemas, and holds against them.

export interface MessageRequest {
  app: string
  payload: Record<string, unknown>
  priority?: number
  expiration?: number | string
  pushType?: PushType
  topic?: string
  collapseId?: string
  environment?: EnvironmentName
  tokens?: RequestedToken[]
  deliverAfter?: number | string
  giveUpAfter?: number | string
  queuePriority?: number
  ambiguous?: 'resend' | 'drop'
  keep?: 'failures' | 'all'
  suppression?: 'apply' | 'ignore'
  registeredAt?: number | string
}
export const MessageRequest: TUnsafe<MessageRequest> =
  Type.Unsafe<Static<typeof messageRequest>>(messageRequest)

export interface ExplainRequest {
  app: string
  payload: Record<string, unknown>
  tokens?: unknown[]
  priority?: unknown
  expiration?: number | string
  pushType?: unknown
  topic?: unknown
  collapseId?: unknown
  environment?: EnvironmentName
  ambiguous?: unknown
}
export const ExplainRequest: TUnsafe<ExplainRequest> =
  Type.Unsafe<Static<typeof explainRequest>>(explainRequest)

export interface MessageReport {
  id: string
  app: string
  environment?: EnvironmentName
  state: MessageState
  queuePriority: number
  createdAt: string
  startedAt?: string
  finishedAt?: string
  counts: Record<'total' | 'pending' | OutcomeStatus, number>
  reasons: Record<string, number>
  rate?: number
  estimatedEnd?: string
}
export const MessageReport: TUnsafe<MessageReport> = Type.Unsafe<Static<typeof messageReport>>(messageReport)

export interface MessagePage {
  items: MessageReport[]
  next?: string
}
export const MessagePage: TUnsafe<MessagePage> = Type.Unsafe<Static<typeof messagePage>>(messagePage)

export interface MessageListQuery {
  app?: string
  state?: MessageState
  unfinished?: boolean
  before?: string
  limit?: number
}
export const MessageListQuery: TUnsafe<MessageListQuery> =
  Type.Unsafe<Static<typeof messageListQuery>>(messageListQuery)

export interface Accepted {
  id: string
  total: number
}
export const Accepted: TUnsafe<Accepted> = Type.Unsafe<Static<typeof accepted>>(accepted)

export interface Opened {
  id: string
  state: MessageState
  total?: number
}
export const Opened: TUnsafe<Opened> = Type.Unsafe<Static<typeof opened>>(opened)

export interface TokensStored {
  total: number
}
export const TokensStored: TUnsafe<TokensStored> = Type.Unsafe<Static<typeof tokensStored>>(tokensStored)
